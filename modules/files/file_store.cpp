#include "file_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/slice.hpp>
#include <mortise/where.hpp>

namespace files {

namespace db = mortise::db;
using mortise::Time;

void FileStore::add(const StoredFile& file) const {
  db_.transaction([&](db::Session& session) {
    session.execute(
        "INSERT INTO files_blobs (blob_key, holders, changed_at) VALUES (:blob_key, 1, :now) "
        "ON CONFLICT (blob_key) DO UPDATE SET holders = files_blobs.holders + 1, changed_at = excluded.changed_at",
        {{"blob_key", file.blobKey}, {"now", file.createdAt}});
    db::insert(session, file);
  });
}

bool FileStore::remove(const StoredFile& file, Time now) const {
  return db_.transaction([&](db::Session& session) {
    if (!db::remove<StoredFile>(session, file.id)) return false;  // another request was faster
    session.execute("UPDATE files_blobs SET holders = holders - 1, changed_at = :now WHERE blob_key = :blob_key",
                    {{"now", now}, {"blob_key", file.blobKey}});
    return true;
  });
}

std::optional<StoredFile> FileStore::find(std::string_view id) const { return db::find<StoredFile>(db_, id); }

std::vector<StoredFile> FileStore::findAll(const std::vector<std::string_view>& ids) const {
  db::Where where;
  where.in("id", ids);
  return db::rows<StoredFile>(db_, where, "id", static_cast<std::int64_t>(db::Where::kMaxIn));
}

std::optional<StoredFile> FileStore::findByKey(std::string_view key) const {
  return db::row<StoredFile>(db_, "WHERE object_key = :key", {{"key", key}});
}

std::vector<StoredFile> FileStore::list(std::optional<std::string_view> ownerId, std::string_view before,
                                        std::size_t limit) const {
  db::Where where;
  ownerId ? where.equals("owner_id", *ownerId) : where.isNull("owner_id");
  where.less("id", db::ifSent(before));
  return db::rows<StoredFile>(db_, where, "id DESC", static_cast<std::int64_t>(limit));
}

bool FileStore::setFilepath(std::string_view id, std::optional<std::string_view> filepath) const {
  return db_.execute("UPDATE files_files SET filepath = :filepath WHERE id = :id",
                     {{"filepath", filepath}, {"id", id}}) > 0;
}

bool FileStore::dropUnheld(std::string_view blobKey, const std::function<void()>& removeContent) const {
  return db_.transaction([&](db::Session& session) {
    // PostgreSQL: an add() that comes now waits here for the row, and then inserts a new one; SQLite has one writer.
    if (session.execute("DELETE FROM files_blobs WHERE blob_key = :blob_key AND holders = 0",
                        {{"blob_key", blobKey}}) == 0) {
      return false;
    }
    removeContent();
    return true;
  });
}

void FileStore::noticeUnheld(std::string_view blobKey, Time now) const {
  db_.execute(
      "INSERT INTO files_blobs (blob_key, holders, changed_at) VALUES (:blob_key, 0, :now) "
      "ON CONFLICT (blob_key) DO NOTHING",
      {{"blob_key", blobKey}, {"now", now}});
}

// `holders = 0` is a constant of the text, so that the index of 002_unheld.sql serves.
std::vector<std::string> FileStore::unheld(Time before, std::string_view after, std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT blob_key FROM files_blobs WHERE holders = 0 AND blob_key > :after AND changed_at < :before "
      "ORDER BY blob_key LIMIT :limit",
      {{"after", after}, {"before", before}, {"limit", limit}});
}

std::vector<std::string> FileStore::known(const std::vector<std::string>& blobKeys) const {
  db::Where where;
  where.in("blob_key", blobKeys);
  return db_.query<std::string>("SELECT blob_key FROM files_blobs " + where.text() + " ORDER BY blob_key",
                                where.parameters());
}

std::int64_t FileStore::disown(std::string_view ownerId) const {
  return db_.execute("UPDATE files_files SET owner_id = NULL WHERE owner_id = :owner_id", {{"owner_id", ownerId}});
}

}  // namespace files
