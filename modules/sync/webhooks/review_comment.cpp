#include "webhooks/review_comment.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

std::vector<BranchSession> ReviewCommentStore::sessionsOf(std::string_view userId, std::string_view remote,
                                                          std::string_view branch) const {
  std::vector<BranchSession> out;
  for (auto& [id, title, tool, messages] :
       db_.query<std::string, std::optional<std::string>, std::string, std::int64_t>(
           "SELECT id, title, source_tool, message_count FROM sync_captured_sessions "
           "WHERE user_id = :user AND git_remote = :remote AND git_branch = :branch AND is_deleted = 0 "
           "ORDER BY updated_at DESC, id DESC LIMIT 20",
           {{"user", userId}, {"remote", remote}, {"branch", branch}}))
    out.push_back({id, title.value_or("Untitled session"), tool, messages});
  return out;
}

bool ReviewCommentStore::add(const ReviewComment& comment) const {
  return db_.execute(
             "INSERT INTO sync_review_comments (host, user_id, repository, number, installation_id, source_remote, "
             "branch, state, attempts, next_try_at, created_at) VALUES (:host, :user, :repository, :number, "
             ":installation, :remote, :branch, :state, :attempts, :next, :created) "
             "ON CONFLICT (host, user_id, repository, number) DO NOTHING",
             {{"host", comment.host},
              {"user", comment.userId},
              {"repository", comment.repository},
              {"number", comment.number},
              {"installation", comment.installationId},
              {"remote", comment.sourceRemote},
              {"branch", comment.branch},
              {"state", comment.state},
              {"attempts", comment.attempts},
              {"next", comment.nextTryAt},
              {"created", comment.createdAt}}) > 0;
}

std::optional<ReviewComment> ReviewCommentStore::take(mortise::Time now, mortise::Time leaseUntil) const {
  for (;;) {
    auto comment = db::row<ReviewComment>(
        db_, "WHERE state = 'pending' AND next_try_at <= :now ORDER BY next_try_at LIMIT 1", {{"now", now}});
    if (!comment) return std::nullopt;
    const auto rows = db_.execute(
        "UPDATE sync_review_comments SET next_try_at = :lease, attempts = attempts + 1 WHERE host = :host AND "
        "user_id = :user AND repository = :repository AND number = :number AND next_try_at = :was",
        {{"lease", leaseUntil},
         {"host", comment->host},
         {"user", comment->userId},
         {"repository", comment->repository},
         {"number", comment->number},
         {"was", comment->nextTryAt}});
    if (rows == 0) continue;  // another worker was faster
    comment->nextTryAt = leaseUntil;
    ++comment->attempts;
    return comment;
  }
}

void ReviewCommentStore::set(const ReviewComment& comment) const {
  db::update<&ReviewComment::state, &ReviewComment::nextTryAt>(db_, comment);
}

void ReviewCommentStore::remove(const ReviewComment& comment) const {
  db::remove<ReviewComment>(db_, comment.host, comment.userId, comment.repository, comment.number);
}

void ReviewCommentStore::removeOfUser(std::string_view userId) const {
  db_.execute("DELETE FROM sync_review_comments WHERE user_id = :user", {{"user", userId}});
}

bool ReviewCommentStore::noteDelivery(std::string_view bodyHash, mortise::Time now) const {
  return db_.execute(
             "INSERT INTO sync_webhook_deliveries (body_hash, received_at) VALUES (:hash, :now) "
             "ON CONFLICT (body_hash) DO NOTHING",
             {{"hash", bodyHash}, {"now", now}}) > 0;
}

std::int64_t ReviewCommentStore::forgetDeliveriesBefore(mortise::Time time) const {
  return db_.execute("DELETE FROM sync_webhook_deliveries WHERE received_at < :time", {{"time", time}});
}

}  // namespace session_sharing
