#include "settings/gitlab_settings.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

std::optional<GitlabSettings> GitlabStore::find(std::string_view userId) const {
  return db::find<GitlabSettings>(db_, userId);
}

std::vector<GitlabSettings> GitlabStore::withSecret(std::string_view hash) const {
  return db::rows<GitlabSettings>(db_, "WHERE webhook_secret_hash = :hash LIMIT 100", {{"hash", hash}});
}

void GitlabStore::put(const GitlabSettings& settings) const { db::upsert(db_, settings); }
bool GitlabStore::remove(std::string_view userId) const { return db::remove<GitlabSettings>(db_, userId); }

}  // namespace session_sharing
