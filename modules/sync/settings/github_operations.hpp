// settings/github: what is commented on pull requests, and how a user proves that an installation of the App is theirs.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "settings/github_app.hpp"
#include "settings/github_installations.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class GithubOperations final : public sync_contract::settings::GitHub {
 public:
  // `app` outlives it.
  GithubOperations(mortise::Host host, const GithubApp& app);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readGithubSettings(const Request& request) override;
  Reply saveGithubSettings(const Request& request, const sync_contract::settings::GithubChoice& body) override;
  Reply releaseGithubInstallations(const Request& request) override;
  Reply startGithubOauth(const Request& request) override;
  Reply finishGithubOauthInBrowser(const Request& request) override;
  Reply finishGithubOauth(const Request& request, const sync_contract::settings::GithubReturn& body) override;

  Reply shown(std::string_view userId, const CommentChoice& wish) const;
  // Uses up the state. Problems of the contract.
  std::vector<GithubAccount> claim(const Request& request, const GithubState& state, std::string_view code) const;
  std::string callbackUrl() const;

  mortise::Config config_;
  mortise::Db db_;
  mortise::Audit audit_;
  GithubStore store_;
  const GithubApp& app_;
};

}  // namespace session_sharing
