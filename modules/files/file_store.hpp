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
  // The same store as a part of a transaction.
  FileStore in(const mortise::Transaction& tx) const noexcept { return FileStore(db_.in(tx)); }

  // The file and its hold on the content, in one transaction.
  void add(const StoredFile& file) const;
  // The file and its hold. False: there is no such file any more.
  bool remove(const StoredFile& file, mortise::Time now) const;
  std::optional<StoredFile> find(std::string_view id) const;
  std::optional<StoredFile> findByKey(std::string_view key) const;
  // Those that there are, in no order; at most db::Where::kMaxIn ids.
  std::vector<StoredFile> findAll(const std::vector<std::string_view>& ids) const;
  // Newest first, at most `limit`, older than the file `before` (empty: from the newest). No owner: nobody's files.
  std::vector<StoredFile> list(std::optional<std::string_view> ownerId, std::string_view before,
                               std::size_t limit) const;
  // False when there is no such file. None: back to its own address.
  bool setFilepath(std::string_view id, std::optional<std::string_view> filepath) const;

  // Calls `removeContent` when no file holds the content, in a transaction that keeps others from taking hold of it
  // until that returned (see file_service.hpp). True: nobody held it.
  bool dropUnheld(std::string_view blobKey, const std::function<void()>& removeContent) const;
  // Adds an entry without holders for a content that has none.
  void noticeUnheld(std::string_view blobKey, mortise::Time now) const;
  // Contents without holders, not changed since `before`, at most `limit`, behind `after`.
  std::vector<std::string> unheld(mortise::Time before, std::string_view after, std::size_t limit) const;
  // Those of `blobKeys` (at most db::Where::kMaxIn) that have an entry.
  std::vector<std::string> known(const std::vector<std::string>& blobKeys) const;

  // Returns how many files are nobody's now.
  std::int64_t disown(std::string_view ownerId) const;

 private:
  mortise::Db db_;
};

}  // namespace files
