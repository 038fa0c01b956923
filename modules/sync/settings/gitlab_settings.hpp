// The GitLab of a user, and its table. The token is sealed; of the secret of its webhooks only a keyed hash is kept,
// which finds the user when one arrives.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

struct GitlabSettings {
  std::string userId;
  std::string instanceUrl;
  std::string sealedToken;
  std::string webhookSecretHash;
  mortise::Time updatedAt;

  static constexpr auto kFields =
      mortise::fields("sync_gitlab_settings", mortise::field("user_id", &GitlabSettings::userId).key(),
                      mortise::field("instance_url", &GitlabSettings::instanceUrl),
                      mortise::field("sealed_token", &GitlabSettings::sealedToken).hidden(),
                      mortise::field("webhook_secret_hash", &GitlabSettings::webhookSecretHash).hidden(),
                      mortise::field("updated_at", &GitlabSettings::updatedAt).hidden());
};

// [worker]; every member throws db::Error.
class GitlabStore {
 public:
  explicit GitlabStore(mortise::Db db) : db_(db) {}
  GitlabStore in(const mortise::Transaction& tx) const { return GitlabStore(db_.in(tx)); }

  std::optional<GitlabSettings> find(std::string_view userId) const;
  // Several users may have given the same secret; at most 100.
  std::vector<GitlabSettings> withSecret(std::string_view hash) const;
  void put(const GitlabSettings& settings) const;
  // False: there were none.
  bool remove(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
