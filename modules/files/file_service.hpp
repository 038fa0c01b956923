// What can be done with files, for every face: contents in blobs/1, the rest in the tables.
//
// Contents are shared, so each is removed with its last file, and never one that another file just took hold of:
//   put:    store the content; one transaction: holders + 1 and the row; look whether the content is still there, else
//           store it again. From the transaction on nothing removes it.
//   remove: one transaction: the row, holders - 1, and what the face says of it; after its commit a second one: the
//           entry without holders, and inside it, before its commit, the content.
// A put in between finds the entry locked (PostgreSQL) or the writer busy (SQLite), goes on when the content is gone,
// and stores it again. What a crash leaves is an entry without holders, or a content without an entry: the sweep's.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/config.hpp>
#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "content_detector.hpp"
#include "file_store.hpp"
#include "stored_file.hpp"

namespace files {

struct NewFile {
  std::optional<std::string> ownerId;
  std::string filename;  // as sent
  std::string mimeType;  // as sent
};

// Every file that it returns has its filepath, and an owner only while that account exists. [worker] [start]
class FileService {
 public:
  explicit FileService(mortise::Host host);
  // Throws when an option or libmagic is at fault.
  void start();

  // Throws Problem 413 payload_too_large, 422 type_not_allowed (with the field body/file), 503, 507.
  StoredFile put(const NewFile& file, const mortise::File& content) const;
  StoredFile put(const NewFile& file, std::string_view content) const;

  // Problem 404 file_not_found. `reader`: the user who asks, or empty. Who reads a file of his own exists, which saves a
  // look.
  StoredFile find(std::string_view id, std::string_view reader = {}) const {
    return shown(mortise::orNotFound(store_.find(id), kUnknown), reader);
  }
  StoredFile findByKey(std::string_view key, std::string_view reader) const {
    return shown(mortise::orNotFound(store_.findByKey(key), kUnknown), reader);
  }
  // Those that there are, in no order; at most db::Where::kMaxIn ids.
  std::vector<StoredFile> findAll(const std::vector<std::string_view>& ids) const;
  // As FileStore::list.
  std::vector<StoredFile> list(std::optional<std::string_view> ownerId, std::string_view before,
                               std::size_t limit) const;
  // Where a copy lies; none: back to the file's own address. Problem 404 file_not_found.
  void setFilepath(std::string_view id, std::optional<std::string_view> filepath) const;

  // Problem 404 file_content_gone.
  mortise::File open(const StoredFile& file) const;

  // Runs `also` in the transaction that removes the file. A content that can't be reached now is left to the sweep.
  // Problem 404 file_not_found when another request removed it meanwhile.
  void remove(const StoredFile& file, const std::function<void(mortise::Transaction&)>& also = {}) const;
  // Removes a content that no file holds. True: nothing held it, and it is gone.
  bool dropContent(std::string_view blobKey) const;
  // Makes the files of an account that is gone nobody's; returns how many.
  std::int64_t disown(std::string_view ownerId) const;

 private:
  static constexpr const char* kUnknown = "file_not_found";

  StoredFile put(const NewFile& file, std::uint64_t size, std::string_view start,
                 const std::function<mortise::Blob()>& storeContent) const;
  StoredFile shown(StoredFile file, std::string_view reader) const;
  StoredFile located(StoredFile file) const;

  mortise::Log log_;
  mortise::Config config_;
  mortise::Db db_;
  mortise::Blobs blobs_;
  mortise::Identity identity_;
  FileStore store_;
  std::uint64_t maxSize_;
  std::vector<std::string> allowedTypes_;
  std::unique_ptr<ContentDetector> detector_;  // from start() on
};

}  // namespace files
