// settings/gitlab.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/http_client.hpp>
#include <mortise/module.hpp>

#include <string>

#include "settings/gitlab_secrets.hpp"
#include "settings/gitlab_settings.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class GitlabOperations final : public sync_contract::settings::GitLab {
 public:
  explicit GitlabOperations(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readGitlabSettings(const Request& request) override;
  Reply saveGitlabSettings(const Request& request, const sync_contract::settings::NewGitlabSettings& body) override;
  Reply removeGitlabSettings(const Request& request) override;

  // Without slashes at its end. Problem 422 invalid_gitlab_instance_url.
  std::string checkedUrl(const Request& request, const std::string& text) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::HttpClient http_;
  GitlabStore store_;
  GitlabSecrets secrets_;
  const bool mayBePrivate_;
};

}  // namespace session_sharing
