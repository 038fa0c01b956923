#include "file_store.hpp"

#include <array>
#include <utility>

namespace files {
namespace {

using Connection = mortise::db::Session;
using OptionalText = std::optional<std::string>;

#define FILES_COLUMNS                                                                                           \
  "id, owner_id, filename, extension, object_key, filepath, mime_type, detected_type, size, sha256, blob_key, " \
  "created_at"

template <class Source>
std::vector<StoredFile> readAll(Source& source, std::string_view sql, mortise::db::Parameters parameters) {
  std::vector<StoredFile> found;
  source.template each<std::string, OptionalText, std::string, std::string, std::string, OptionalText, std::string,
                       std::string, std::int64_t, std::string, std::string, std::int64_t>(
      sql, parameters,
      [&](std::string id, OptionalText owner, std::string filename, std::string extension, std::string key,
          OptionalText filepath, std::string mime, std::string detected, std::int64_t size, std::string sha256,
          std::string blob, std::int64_t created) {
        found.push_back({std::move(id), std::move(owner), std::move(filename), std::move(extension), std::move(key),
                         std::move(filepath), std::move(mime), std::move(detected), size, std::move(sha256),
                         std::move(blob), created});
      });
  return found;
}

std::optional<StoredFile> first(std::vector<StoredFile> found) {
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace

void FileStore::add(const StoredFile& file, std::int64_t now) const {
  db_.transaction([&](Connection& session) {
    session.execute(
        "INSERT INTO files_blobs (blob_key, holders, changed_at) VALUES (:blob_key, 1, :now) "
        "ON CONFLICT (blob_key) DO UPDATE SET holders = files_blobs.holders + 1, changed_at = excluded.changed_at",
        {{"blob_key", file.blobKey}, {"now", now}});
    session.execute(
        "INSERT INTO files_files (" FILES_COLUMNS
        ") VALUES (:id, :owner_id, :filename, :extension, :object_key, :filepath, :mime_type, :detected_type, :size, "
        ":sha256, :blob_key, :created_at)",
        {{"id", file.id},
         {"owner_id", file.ownerId},
         {"filename", file.filename},
         {"extension", file.extension},
         {"object_key", file.key},
         {"filepath", file.filepath},
         {"mime_type", file.mimeType},
         {"detected_type", file.detectedType},
         {"size", file.size},
         {"sha256", file.sha256},
         {"blob_key", file.blobKey},
         {"created_at", file.createdAt}});
  });
}

std::optional<StoredFile> FileStore::remove(std::string_view id, std::int64_t now) const {
  return db_.transaction([&](Connection& session) -> std::optional<StoredFile> {
    auto file = first(readAll(session, "SELECT " FILES_COLUMNS " FROM files_files WHERE id = :id", {{"id", id}}));
    // Of two that delete it at once, one finds nothing here.
    if (!file || session.execute("DELETE FROM files_files WHERE id = :id", {{"id", id}}) == 0) return std::nullopt;
    session.execute("UPDATE files_blobs SET holders = holders - 1, changed_at = :now WHERE blob_key = :blob_key",
                    {{"now", now}, {"blob_key", file->blobKey}});
    return file;
  });
}

std::optional<StoredFile> FileStore::find(std::string_view id) const {
  return first(readAll(db_, "SELECT " FILES_COLUMNS " FROM files_files WHERE id = :id", {{"id", id}}));
}

std::optional<StoredFile> FileStore::findByKey(std::string_view key) const {
  return first(readAll(db_, "SELECT " FILES_COLUMNS " FROM files_files WHERE object_key = :key", {{"key", key}}));
}

std::vector<StoredFile> FileStore::list(std::optional<std::string_view> ownerId, std::string_view before,
                                        std::size_t limit) const {
  // Behind every UUID.
  const std::string_view from = before.empty() ? "g" : before;
  if (!ownerId) {
    return readAll(db_,
                   "SELECT " FILES_COLUMNS
                   " FROM files_files WHERE owner_id IS NULL AND id < :before ORDER BY id DESC LIMIT :limit",
                   {{"before", from}, {"limit", limit}});
  }
  return readAll(db_,
                 "SELECT " FILES_COLUMNS
                 " FROM files_files WHERE owner_id = :owner_id AND id < :before ORDER BY id DESC LIMIT :limit",
                 {{"owner_id", *ownerId}, {"before", from}, {"limit", limit}});
}

bool FileStore::setFilepath(std::string_view id, std::optional<std::string_view> filepath) const {
  return db_.execute("UPDATE files_files SET filepath = :filepath WHERE id = :id",
                     {{"filepath", filepath}, {"id", id}}) > 0;
}

bool FileStore::dropUnheld(std::string_view blobKey, const std::function<void()>& removeContent) const {
  return db_.transaction([&](Connection& session) {
    // PostgreSQL: an add() that comes now waits here for the row, and then makes a new one; SQLite has one writer.
    if (session.execute("DELETE FROM files_blobs WHERE blob_key = :blob_key AND holders = 0",
                        {{"blob_key", blobKey}}) == 0) {
      return false;
    }
    removeContent();
    return true;
  });
}

void FileStore::noticeUnheld(std::string_view blobKey, std::int64_t now) const {
  db_.execute(
      "INSERT INTO files_blobs (blob_key, holders, changed_at) VALUES (:blob_key, 0, :now) "
      "ON CONFLICT (blob_key) DO NOTHING",
      {{"blob_key", blobKey}, {"now", now}});
}

std::vector<std::string> FileStore::unheld(std::int64_t before, std::string_view after, std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT blob_key FROM files_blobs WHERE holders = 0 AND changed_at < :before AND blob_key > :after "
      "ORDER BY blob_key LIMIT :limit",
      {{"before", before}, {"after", after}, {"limit", limit}});
}

std::vector<std::string> FileStore::known(const std::vector<std::string>& blobKeys) const {
  std::vector<std::string> found;
  auto session = db_.read();
  for (const auto& key : blobKeys) {
    if (session.queryOne<std::string>("SELECT blob_key FROM files_blobs WHERE blob_key = :blob_key",
                                      {{"blob_key", key}})) {
      found.push_back(key);
    }
  }
  return found;
}

std::vector<std::string> FileStore::owners(std::string_view after, std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT DISTINCT owner_id FROM files_files WHERE owner_id > :after ORDER BY owner_id LIMIT :limit",
      {{"after", after}, {"limit", limit}});
}

std::int64_t FileStore::disown(std::string_view ownerId) const {
  return db_.execute("UPDATE files_files SET owner_id = NULL WHERE owner_id = :owner_id", {{"owner_id", ownerId}});
}

std::int64_t FileStore::count() const { return db_.queryOne<std::int64_t>("SELECT COUNT(*) FROM files_files").value(); }

}  // namespace files
