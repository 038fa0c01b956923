// Installations of this server's GitHub App, and the states of claims that were begun; their tables. GitHub tells of an
// installation by a webhook; it is nobody's until somebody proves by OAuth that the account is theirs.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

struct GithubInstallation {
  std::int64_t id = 0;
  std::optional<std::string> userId;
  std::string accountLogin;
  std::string accountType;
  bool autoComment = true;
  bool includeTrustScore = true;
  bool includeSessionLinks = true;
  bool suspended = false;
  std::optional<mortise::Time> claimedAt;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("sync_github_installations", mortise::field("id", &GithubInstallation::id).key(),
                      mortise::field("user_id", &GithubInstallation::userId),
                      mortise::field("account_login", &GithubInstallation::accountLogin),
                      mortise::field("account_type", &GithubInstallation::accountType),
                      mortise::field("auto_comment", &GithubInstallation::autoComment),
                      mortise::field("include_trust_score", &GithubInstallation::includeTrustScore),
                      mortise::field("include_session_links", &GithubInstallation::includeSessionLinks),
                      mortise::field("suspended", &GithubInstallation::suspended),
                      mortise::field("claimed_at", &GithubInstallation::claimedAt),
                      mortise::field("created_at", &GithubInstallation::createdAt).fixed());
};

struct CommentChoice {
  std::optional<bool> autoComment;
  std::optional<bool> includeTrustScore;
  std::optional<bool> includeSessionLinks;
};

// A claim that was begun.
struct GithubState {
  std::string stateHash;
  std::string userId;
  std::string browserHash;  // of the cookie of the browser that began it
  mortise::Time expiresAt;

  static constexpr auto kFields = mortise::fields(
      "sync_github_states", mortise::field("state_hash", &GithubState::stateHash).key(),
      mortise::field("user_id", &GithubState::userId), mortise::field("browser_hash", &GithubState::browserHash),
      mortise::field("expires_at", &GithubState::expiresAt));
};

// [worker]; every member throws db::Error.
class GithubStore {
 public:
  explicit GithubStore(mortise::Db db) : db_(db) {}
  GithubStore in(const mortise::Transaction& tx) const { return GithubStore(db_.in(tx)); }

  std::optional<GithubInstallation> find(std::int64_t id) const;
  // Of a user, the one that was claimed last first; at most 100.
  std::vector<GithubInstallation> of(std::string_view userId) const;
  // Adds it, or takes over what GitHub says of the account.
  void note(std::int64_t id, std::string_view accountLogin, std::string_view accountType) const;
  void setSuspended(std::int64_t id, bool suspended) const;
  void remove(std::int64_t id) const;
  // Makes it the user's. False: it is another user's, or not there.
  bool claim(std::int64_t id, std::string_view userId, mortise::Time now) const;
  // They are nobody's again. How many there were.
  std::int64_t release(std::string_view userId) const;
  void choose(std::string_view userId, const CommentChoice& choice) const;

  void remember(const GithubState& state) const;
  std::optional<GithubState> findState(std::string_view hash) const;
  // Whether it was there: it counts once.
  bool forgetState(std::string_view hash) const;
  std::int64_t forgetStatesBefore(mortise::Time time) const;
  void forgetStatesOf(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
