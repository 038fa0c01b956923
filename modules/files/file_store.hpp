// The tables: files, and how many of them hold each content.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stored_file.hpp"

namespace files {

class FileStore {
 public:
  explicit FileStore(mortise::Db db) noexcept : db_(db) {}

  // The file and its hold on the content, in one transaction.
  void add(const StoredFile& file, std::int64_t now) const;
  // The file and its hold; returns what was removed, if there was one.
  std::optional<StoredFile> remove(std::string_view id, std::int64_t now) const;
  std::optional<StoredFile> find(std::string_view id) const;
  std::optional<StoredFile> findByKey(std::string_view key) const;
  // Newest first, at most `limit`, older than the file `before` (empty: from the newest). No owner: nobody's files.
  std::vector<StoredFile> list(std::optional<std::string_view> ownerId, std::string_view before,
                               std::size_t limit) const;
  // False when there is no such file. None: back to its own address.
  bool setFilepath(std::string_view id, std::optional<std::string_view> filepath) const;

  // Calls `removeContent` when no file holds the content, in a transaction that keeps others from taking hold of it
  // until that returned (see file_service.hpp). True: nobody held it.
  bool dropUnheld(std::string_view blobKey, const std::function<void()>& removeContent) const;
  // Makes an entry without holders for a content that has none.
  void noticeUnheld(std::string_view blobKey, std::int64_t now) const;
  // Contents without holders, not changed since `before`, at most `limit`, behind `after`.
  std::vector<std::string> unheld(std::int64_t before, std::string_view after, std::size_t limit) const;
  // Those of `blobKeys` that have an entry.
  std::vector<std::string> known(const std::vector<std::string>& blobKeys) const;

  // Owners, behind `after`, at most `limit`.
  std::vector<std::string> owners(std::string_view after, std::size_t limit) const;
  // Returns how many files are nobody's now.
  std::int64_t disown(std::string_view ownerId) const;
  std::int64_t count() const;

 private:
  mortise::Db db_;
};

}  // namespace files
