// What can be done with files, for every face: contents in blobs/1, the rest in the tables.
//
// Contents are shared, so each is removed with its last file, and never one that somebody just took hold of:
//   put:    store the content; one transaction: holders + 1 and the row; look whether the content is still there, else
//           store it again. From the transaction on nobody removes it.
//   remove: one transaction: the row and holders - 1; a second one: the entry without holders, and inside it, before
//           its commit, the content.
// A put in between finds the entry locked (PostgreSQL) or the writer busy (SQLite), goes on when the content is gone,
// and stores it again. What a crash leaves is an entry without holders, or a content without an entry: the sweep's.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/config.hpp>
#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/problem.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "content_type.hpp"
#include "file_store.hpp"
#include "stored_file.hpp"

namespace files {

struct NewFile {
  std::optional<std::string> ownerId;
  std::string filename;  // as sent
  std::string mimeType;  // as sent
};

struct Swept {
  std::int64_t contents = 0;  // removed
  std::int64_t disowned = 0;  // files whose owner is gone
};

class FileService {
 public:
  explicit FileService(mortise::Host host);
  // Throws when an option or libmagic is at fault.
  void start();

  // Throws Problem 413 payload_too_large, 422 type_not_allowed (with the field body/file), 503, 507.
  StoredFile put(const NewFile& file, const mortise::File& content) const;
  StoredFile put(const NewFile& file, std::string_view content) const;

  const FileStore& store() const noexcept { return store_; }
  static mortise::Problem contentGone(std::string note) {
    return mortise::Problem(404, "file_content_gone").note(std::move(note));
  }
  // Throws contentGone().
  mortise::File open(const StoredFile& file) const;
  // What was removed, if there was such a file. A content that can't be reached now is left to the sweep.
  std::optional<StoredFile> remove(std::string_view id) const;
  // What another module set, else where GET answers with the file.
  std::string filepath(const StoredFile& file) const;

  // Stops early when `stop` says so.
  Swept sweep(const std::function<bool()>& stop) const;

 private:
  StoredFile put(const NewFile& file, std::uint64_t size, std::string_view start,
                 const std::function<mortise::Blob()>& storeContent) const;
  bool dropContent(std::string_view blobKey) const;
  std::int64_t sweepContents(const std::function<bool()>& stop) const;
  std::int64_t sweepOwners(const std::function<bool()>& stop) const;

  mortise::Log log_;
  mortise::Config config_;
  mortise::Blobs blobs_;
  mortise::Identity identity_;
  FileStore store_;
  std::uint64_t maxSize_;
  std::vector<std::string> allowedTypes_;
  std::unique_ptr<ContentTypes> types_;  // from start() on
};

}  // namespace files
