// Reads the archives of captured sessions: gzip-compressed tars from people whom nobody vouches for. Nothing is
// unpacked to disk, no archive or member is held in memory, and each is checked as its bytes pass.
#pragma once

#include <mortise/file.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "archives/gzip_source.hpp"

struct archive;
struct archive_entry;

namespace session_sharing {

// The bytes of an upload or a blob, which must live as long as what it returns.
ArchiveBytes bytesOf(const mortise::File& file);

struct ArchiveLimits {
  std::uint64_t memberBytes = std::uint64_t{100} << 20;  // of one member; more is 413 session_too_large
  std::uint64_t allBytes = std::uint64_t{1} << 30;       // once unpacked; more is 413 session_too_large
  std::size_t members = 20000;                           // more are 400 archive_members
};

struct ArchiveMember {
  std::string name;  // UTF-8, without "./" at its start or doubled slashes
  std::uint64_t size = 0;
};

// One pass over an archive. Memory: about a MiB, and 8 bytes for each member. One thread at a time.
// Problems, all for the client:
//   400 archive_unreadable       no gzip, no tar, damaged, or cut short
//   400 archive_path_unsafe      a name that is absolute, holds "..", is no UTF-8, or has more than 4096 bytes
//   400 archive_link_refused     a symbolic or hard link
//   400 archive_special_refused  a device, a pipe, a sparse file
//   400 archive_repeated         two members of one name
//   400 archive_members          too many members
//   400 archive_member_size      a member of more than 100 MiB
//   413 session_too_large        over ArchiveLimits
// What `cancelled` throws ends the reading, too; it is called again and again.
class ArchiveReader {
 public:
  ArchiveReader(ArchiveBytes bytes, const ArchiveLimits& limits, std::function<void()> cancelled);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // The next file; folders are passed over, and so is what was not read of the file before. Null at the end: only then
  // is the whole archive known to be sound. Lives until the next call.
  const ArchiveMember* next();
  // The next bytes of that file; empty at its end. They live until the next call.
  std::string_view piece();

 private:
  static std::ptrdiff_t feed(archive*, void* self, const void** buffer);
  archive_entry* nextHeader();
  std::string nameOf(archive_entry* entry) const;
  void checkKind(archive_entry* entry, const std::string& name) const;
  void checkSize(std::uint64_t size, const std::string& name) const;
  void checkEnd();

  GzipSource source_;
  const ArchiveLimits limits_;
  const std::function<void()> cancelled_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  std::exception_ptr thrown_;              // by feed()
  std::uint64_t lastContent_ = 0;          // where the last byte that is not zero ends
  std::uint64_t dataEnd_ = 0;              // of the last member
  std::unordered_set<std::size_t> names_;  // hashed
  std::size_t members_ = 0;
  ArchiveMember member_;
  std::uint64_t read_ = 0;  // of the member
  bool isOpen_ = false;
  bool isOver_ = false;
};

// Calls use(member, reader) for the file `name` ("messages.jsonl"), at the archive's root, else in the folder that is
// nearest to it. False: there is none. Reads the archive no further than it must, so damage behind the file may go
// unnoticed; where the file lies in a folder, it reads twice. Problems as of ArchiveReader.
bool withMember(const ArchiveBytes& bytes, std::string_view name, const std::function<void()>& cancelled,
                const std::function<void(const ArchiveMember& member, ArchiveReader& reader)>& use);

// The whole of that file. Problem 413 session_too_large when it has more than `most` bytes.
std::optional<std::string> readMember(const ArchiveBytes& bytes, std::string_view name, std::uint64_t most,
                                      const std::function<void()>& cancelled);

// In how many folders `path` lies, if its last part is `name`; else nothing. The less, the rather it is the one meant.
std::optional<std::size_t> depthOf(std::string_view path, std::string_view name);

}  // namespace session_sharing
