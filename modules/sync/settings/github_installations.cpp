#include "settings/github_installations.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

std::optional<GithubInstallation> GithubStore::find(std::int64_t id) const {
  return db::find<GithubInstallation>(db_, id);
}

std::vector<GithubInstallation> GithubStore::of(std::string_view userId) const {
  return db::rows<GithubInstallation>(db_, "WHERE user_id = :user ORDER BY claimed_at DESC, id DESC LIMIT 100",
                                      {{"user", userId}});
}

void GithubStore::note(std::int64_t id, std::string_view accountLogin, std::string_view accountType) const {
  db_.execute(
      "INSERT INTO sync_github_installations (id, user_id, account_login, account_type, auto_comment, "
      "include_trust_score, include_session_links, suspended, claimed_at, created_at) "
      "VALUES (:id, NULL, :login, :type, 1, 1, 1, 0, NULL, :now) "
      "ON CONFLICT (id) DO UPDATE SET account_login = :login, account_type = :type",
      {{"id", id}, {"login", accountLogin}, {"type", accountType}, {"now", mortise::now()}});
}

void GithubStore::setSuspended(std::int64_t id, bool suspended) const {
  db_.execute("UPDATE sync_github_installations SET suspended = :suspended WHERE id = :id",
              {{"suspended", suspended}, {"id", id}});
}

void GithubStore::remove(std::int64_t id) const { db::remove<GithubInstallation>(db_, id); }

bool GithubStore::claim(std::int64_t id, std::string_view userId, mortise::Time now) const {
  return db_.execute(
             "UPDATE sync_github_installations SET user_id = :user, claimed_at = :now "
             "WHERE id = :id AND (user_id IS NULL OR user_id = :user)",
             {{"user", userId}, {"now", now}, {"id", id}}) > 0;
}

std::int64_t GithubStore::release(std::string_view userId) const {
  return db_.execute("UPDATE sync_github_installations SET user_id = NULL, claimed_at = NULL WHERE user_id = :user",
                     {{"user", userId}});
}

void GithubStore::choose(std::string_view userId, const CommentChoice& choice) const {
  db_.execute(
      "UPDATE sync_github_installations SET auto_comment = COALESCE(:auto_comment, auto_comment), "
      "include_trust_score = COALESCE(:score, include_trust_score), "
      "include_session_links = COALESCE(:links, include_session_links) WHERE user_id = :user",
      {{"auto_comment", choice.autoComment},
       {"score", choice.includeTrustScore},
       {"links", choice.includeSessionLinks},
       {"user", userId}});
}

void GithubStore::remember(const GithubState& state) const { db::insert(db_, state); }

std::optional<GithubState> GithubStore::findState(std::string_view hash) const {
  return db::find<GithubState>(db_, hash);
}

bool GithubStore::forgetState(std::string_view hash) const { return db::remove<GithubState>(db_, hash); }

std::int64_t GithubStore::forgetStatesBefore(mortise::Time time) const {
  return db_.execute("DELETE FROM sync_github_states WHERE expires_at < :time", {{"time", time}});
}

void GithubStore::forgetStatesOf(std::string_view userId) const {
  db_.execute("DELETE FROM sync_github_states WHERE user_id = :user", {{"user", userId}});
}

}  // namespace session_sharing
