// /webhooks/github and /webhooks/gitlab. What can't be proved to come from there is refused; what was taken before does
// nothing.
#pragma once

#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>

#include "automation/follow_up.hpp"
#include "settings/github_app.hpp"
#include "settings/github_installations.hpp"
#include "settings/gitlab_secrets.hpp"
#include "settings/gitlab_settings.hpp"
#include "sync_contract.hpp"
#include "webhooks/review_comment.hpp"

namespace session_sharing {

class WebhookOperations final : public sync_contract::webhooks::Webhooks {
 public:
  // `app` outlives it.
  WebhookOperations(mortise::Host host, const GithubApp& app);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using Json = mortise::Json;
  using Transaction = mortise::Transaction;

  Reply receiveGithubWebhook(const Request& request, const Json& body) override;
  Reply receiveGitlabWebhook(const Request& request, const Json& body) override;

  // False: nothing to do.
  bool takeInstallation(Transaction& tx, const Json& body) const;
  bool takePullRequest(Transaction& tx, const Json& body) const;
  bool takeMergeRequest(Transaction& tx, const GitlabSettings& settings, const Json& body) const;
  // If the branch has sessions, and the request no comment yet. Where audits begin because of it, it waits for them.
  bool queue(Transaction& tx, ReviewComment comment) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Jobs jobs_;
  GithubStore github_;
  GitlabStore gitlab_;
  GitlabSecrets gitlabSecrets_;
  ReviewCommentStore comments_;
  FollowUpQueue followUps_;
  const GithubApp& app_;
};

}  // namespace session_sharing
