// Writes the comments that wait, as a job: a host that is away delays them, and a server that dies loses none.
#pragma once

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/orgs.hpp>

#include <string>

#include "audits/audit_report.hpp"
#include "settings/github_app.hpp"
#include "settings/github_installations.hpp"
#include "settings/gitlab_secrets.hpp"
#include "settings/gitlab_settings.hpp"
#include "webhooks/comment_text.hpp"
#include "webhooks/review_comment.hpp"

namespace session_sharing {

class ReviewComments {
 public:
  // `app` outlives it.
  ReviewComments(mortise::Host host, const GithubApp& app);

  // The job post_review_comments.
  void post(mortise::JobRun& run);
  // The job forget_deliveries.
  void forget(mortise::JobRun& run);

 private:
  enum class Outcome { posted, nothing, failed };
  Outcome write(const ReviewComment& comment) const;
  Outcome writeOnGithub(const ReviewComment& comment) const;
  Outcome writeOnGitlab(const ReviewComment& comment) const;
  // Empty when the branch has no sessions (any more).
  std::string textFor(const ReviewComment& comment, const CommentForm& form) const;
  std::string linkPattern() const;

  mortise::Log log_;
  mortise::Config config_;
  mortise::Orgs orgs_;
  mortise::HttpClient http_;
  mortise::Counter posted_, failed_;
  ReviewCommentStore comments_;
  AuditStore audits_;
  GithubStore github_;
  GitlabStore gitlab_;
  GitlabSecrets gitlabSecrets_;
  const GithubApp& app_;
  const bool mayBePrivate_;
};

}  // namespace session_sharing
