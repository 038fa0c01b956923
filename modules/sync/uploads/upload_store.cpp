#include "uploads/upload_store.hpp"

#include <mortise/rows.hpp>

#include <utility>

namespace session_sharing {

namespace db = mortise::db;
using mortise::Time;
using mortise::Transaction;

std::optional<Upload> UploadStore::find(std::string_view id) const { return db::find<Upload>(db_, id); }

std::vector<UploadPart> UploadStore::parts(std::string_view id) const {
  return db::rows<UploadPart>(db_, "WHERE upload_id = :id ORDER BY part_number", {{"id", id}});
}

bool UploadStore::add(const Upload& upload, std::size_t most) const {
  return db_.transaction([&](Transaction& tx) {
    tx.lock("uploads of " + upload.userId);
    const auto open =
        db::count<Upload>(tx, "WHERE user_id = :user AND status IN ('pending', 'completing') AND expires_at > :now",
                          {{"user", upload.userId}, {"now", upload.createdAt}});
    if (open >= static_cast<std::int64_t>(most)) return false;
    db::insert(tx, upload);
    return true;
  });
}

bool UploadStore::putPart(const UploadPart& part, std::optional<std::string>& replaced) const {
  return db_.transaction([&](db::Session& session) {
    // Locks the upload: its completion and its end wait, or have been.
    if (session.execute("UPDATE sync_uploads SET has_parts = 1 WHERE id = :id AND status = 'pending'",
                        {{"id", part.uploadId}}) == 0)
      return false;
    replaced = session.queryOne<std::string>(
        "SELECT blob_key FROM sync_upload_parts WHERE upload_id = :id AND part_number = :number",
        {{"id", part.uploadId}, {"number", part.number}});
    db::upsert(session, part);
    return true;
  });
}

bool UploadStore::claim(std::string_view id, Time now) const {
  return db_.execute(
             "UPDATE sync_uploads SET status = 'completing', claimed_at = :now WHERE id = :id AND expires_at > :now "
             "AND "
             "(status = 'pending' OR (status = 'completing' AND claimed_at < :dead))",
             {{"id", id}, {"now", now}, {"dead", now - kClaimTime}}) > 0;
}

void UploadStore::release(std::string_view id) const {
  db_.execute("UPDATE sync_uploads SET status = 'pending', claimed_at = NULL WHERE id = :id AND status = 'completing'",
              {{"id", id}});
}

void UploadStore::releaseAll() const {
  db_.execute("UPDATE sync_uploads SET status = 'pending', claimed_at = NULL WHERE status = 'completing'");
}

void UploadStore::complete(std::string_view id, std::int64_t status, std::string_view answer) const {
  db_.execute("UPDATE sync_uploads SET status = 'completed', answer_status = :status, answer = :answer WHERE id = :id",
              {{"id", id}, {"status", status}, {"answer", answer}});
}

bool UploadStore::end(std::string_view id, UploadStatus status) const {
  return db_.execute("UPDATE sync_uploads SET status = :status WHERE id = :id AND status IN ('pending', 'completing')",
                     {{"id", id}, {"status", status}}) > 0;
}

std::vector<std::string> UploadStore::takeParts(std::string_view id) const {
  return db_.transaction([&](db::Session& session) {
    const auto ended = session.execute(
        "UPDATE sync_uploads SET has_parts = 0 WHERE id = :id AND status NOT IN ('pending', 'completing')",
        {{"id", id}});
    if (ended == 0) return std::vector<std::string>();
    return session.query<std::string>("DELETE FROM sync_upload_parts WHERE upload_id = :id RETURNING blob_key",
                                      {{"id", id}});
  });
}

std::vector<std::string> UploadStore::overdue(Time now, std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT id FROM sync_uploads WHERE expires_at <= :now AND status IN ('pending', 'completing') AND "
      "(status = 'pending' OR claimed_at < :dead) ORDER BY expires_at LIMIT :limit",
      {{"now", now}, {"dead", now - kClaimTime}, {"limit", limit}});
}

std::vector<std::string> UploadStore::endedWithParts(std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT id FROM sync_uploads WHERE has_parts = 1 AND status IN ('completed', 'aborted', 'expired') LIMIT :limit",
      {{"limit", limit}});
}

void UploadStore::accountRemoved(const Transaction& tx, std::string_view userId) {
  db_.in(tx).execute(
      "UPDATE sync_uploads SET status = 'aborted' WHERE user_id = :user AND status IN ('pending', 'completing')",
      {{"user", userId}});
}

std::int64_t UploadStore::forget(Time before) const {
  return db_.execute(
      "DELETE FROM sync_uploads WHERE expires_at < :before AND has_parts = 0 AND "
      "status NOT IN ('pending', 'completing') AND "
      "NOT EXISTS (SELECT 1 FROM sync_upload_parts WHERE upload_id = sync_uploads.id)",
      {{"before", before}});
}

}  // namespace session_sharing
