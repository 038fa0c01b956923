// Comments on pull and merge requests that wait to be written, and their table: one for each user and request, however
// often the host tells of it.
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

struct ReviewComment {
  std::string host;  // github, gitlab
  std::string userId;
  std::string repository;           // owner/name; on GitLab the number of the project
  std::int64_t number = 0;          // of the request
  std::int64_t installationId = 0;  // 0 on GitLab
  std::string sourceRemote;         // normalised, of the branch
  std::string branch;
  std::string state = "pending";  // pending, posted, failed
  std::int64_t attempts = 0;
  mortise::Time nextTryAt;
  mortise::Time createdAt;

  static constexpr auto kFields = mortise::fields(
      "sync_review_comments", mortise::field("host", &ReviewComment::host).key(),
      mortise::field("user_id", &ReviewComment::userId).key(),
      mortise::field("repository", &ReviewComment::repository).key(),
      mortise::field("number", &ReviewComment::number).key(),
      mortise::field("installation_id", &ReviewComment::installationId),
      mortise::field("source_remote", &ReviewComment::sourceRemote), mortise::field("branch", &ReviewComment::branch),
      mortise::field("state", &ReviewComment::state), mortise::field("attempts", &ReviewComment::attempts),
      mortise::field("next_try_at", &ReviewComment::nextTryAt),
      mortise::field("created_at", &ReviewComment::createdAt).fixed());
};

// A session of the branch that a request is about.
struct BranchSession {
  std::string id;
  std::string title;
  std::string tool;
  std::int64_t messages = 0;
};

// [worker]; every member throws db::Error.
class ReviewCommentStore {
 public:
  explicit ReviewCommentStore(mortise::Db db) : db_(db) {}
  ReviewCommentStore in(const mortise::Transaction& tx) const { return ReviewCommentStore(db_.in(tx)); }

  // The user's live sessions of a branch, newest first, at most 20.
  std::vector<BranchSession> sessionsOf(std::string_view userId, std::string_view remote,
                                        std::string_view branch) const;
  // False: there is one for that user and request.
  bool add(const ReviewComment& comment) const;
  // Those whose time has come, each taken until `leaseUntil`.
  std::optional<ReviewComment> take(mortise::Time now, mortise::Time leaseUntil) const;
  // Writes state and time of the next try.
  void set(const ReviewComment& comment) const;
  // As if it had never been asked for.
  void remove(const ReviewComment& comment) const;
  void removeOfUser(std::string_view userId) const;

  // False: these bytes were taken before.
  bool noteDelivery(std::string_view bodyHash, mortise::Time now) const;
  std::int64_t forgetDeliveriesBefore(mortise::Time time) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
