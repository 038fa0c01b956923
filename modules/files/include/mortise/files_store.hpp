// The files that people see at /api/files: files.store/1, offered by the module files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/files_store.h"
#include "mortise/file.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct NewStoredFile {
  std::string ownerId;  // user id; empty: nobody's, for administrators only
  std::string filename{};
  std::string mimeType{};
};

struct StoredFile {
  std::string id;  // UUID; of two files the newer one has the greater id
  std::string ownerId;
  std::string filename;
  std::string extension;  // with its dot, or empty
  std::string key;        // YYYY/MM/DD/<uuid><extension>
  std::string filepath;   // as setFilepath() set it, else the file's address on this server
  std::string mimeType;   // as it was named, or empty
  std::string detectedType;
  std::string sha256;  // hex
  std::uint64_t size = 0;
  std::int64_t createdAt = 0;  // microseconds since the epoch
};

// Take it in start(), not in the constructor:
//   files_ = host_.optional<mortise::FilesStore>();     with files.store/1 under optional in module.yaml
// It reaches every file: whom to let in is for the caller to ask. [worker] [start]
// Failures throw Problem: 404 file_not_found, file_content_gone; 422 payload_too_large, type_not_allowed, ...; 503,
// 507.
class FilesStore {
 public:
  using Table = mortise_files_store_v1;
  static constexpr const char* kInterface = MORTISE_FILES_STORE_V1;
  FilesStore(mortise_host* host, const Table* table)
      : table_(table), call_(static_cast<const mortise_call_v1*>(host->lookup(host, detail::str(MORTISE_CALL_V1)))) {}

  // An upload of a call, a blob, an object or another stored file. Durable when it returns.
  StoredFile put(const NewStoredFile& file, const File& content) const {
    const auto c = toC(file);
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->put(table_->context, &c, content.get(), take, &taken, &error);
    return taken.only(status, error);
  }
  StoredFile put(const NewStoredFile& file, std::string_view content) const {
    const auto c = toC(file);
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->put_bytes(table_->context, &c, detail::str(content), take, &taken, &error);
    return taken.only(status, error);
  }
  // Empty when there is no such file.
  std::optional<StoredFile> find(std::string_view id) const {
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->find(table_->context, detail::str(id), take, &taken, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    return taken.only(status, error);
  }
  // Those of the files that there are, in no order. A module files without find_all is asked for each.
  std::vector<StoredFile> findAll(const std::vector<std::string>& ids) const {
    std::vector<StoredFile> out;
    if (!MORTISE_HAS(table_, mortise_files_store_v1, find_all)) {
      for (const auto& id : ids) {
        if (auto file = find(id)) out.push_back(std::move(*file));
      }
      return out;
    }
    constexpr std::size_t kAtOnce = 1000;
    for (std::size_t from = 0; from < ids.size(); from += kAtOnce) {
      std::vector<mortise_str> some;
      for (std::size_t i = from; i < std::min(ids.size(), from + kAtOnce); ++i) some.push_back(detail::str(ids[i]));
      Taken taken;
      auto error = detail::noError();
      check(table_->find_all(table_->context, some.data(), some.size(), take, &taken, &error), error);
      if (taken.thrown) std::rethrow_exception(taken.thrown);
      std::move(taken.files.begin(), taken.files.end(), std::back_inserter(out));
    }
    return out;
  }
  // Newest first, older than the file `before` (empty: from the newest), at most `limit` (1..1000). Owner "": nobody's.
  std::vector<StoredFile> list(std::string_view owner_id, std::string_view before = {}, std::size_t limit = 100) const {
    Taken taken;
    auto error = detail::noError();
    check(table_->list(table_->context, detail::str(owner_id), detail::str(before), limit, take, &taken, &error),
          error);
    if (taken.thrown) std::rethrow_exception(taken.thrown);
    return std::move(taken.files);
  }
  // For reading, or for Reply::file(). Stays good when the file is removed meanwhile.
  File open(std::string_view id) const {
    auto error = detail::noError();
    mortise_file* content = nullptr;
    check(table_->open(table_->context, detail::str(id), &content, &error), error);
    return File(call_, content, table_->close);
  }
  // False when there was none. Inside a transaction of the caller (Transaction::call) the bytes are left to the job
  // files.sweep.
  bool remove(std::string_view id) const {
    auto error = detail::noError();
    const auto status = table_->remove(table_->context, detail::str(id), &error);
    if (status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }
  // Where a copy lies for the owner, such as a path in a sandbox; empty: back to the file's address. Throws Problem
  // 404.
  void setFilepath(std::string_view id, std::string_view filepath) const {
    auto error = detail::noError();
    check(table_->set_filepath(table_->context, detail::str(id), detail::str(filepath), &error), error);
  }

 private:
  struct Taken {
    std::vector<StoredFile> files;
    std::exception_ptr thrown;
    StoredFile only(mortise_status status, const mortise_error& error) {
      check(status, error);
      if (thrown) std::rethrow_exception(thrown);
      if (files.empty()) throw Problem(500, "internal").note("files.store/1 reported success without a file");
      return std::move(files.front());
    }
  };
  static std::int32_t take(void* context, const mortise_stored_file* c) {
    auto& taken = *static_cast<Taken*>(context);
    try {
      taken.files.push_back({detail::copied(c->id), detail::copied(c->owner_id), detail::copied(c->filename),
                             detail::copied(c->extension), detail::copied(c->key), detail::copied(c->filepath),
                             detail::copied(c->mime_type), detail::copied(c->detected_type), detail::copied(c->sha256),
                             c->size, c->created_at});
      return 1;
    } catch (...) {  // nothing may be thrown through the boundary
      taken.thrown = std::current_exception();
      return 0;
    }
  }
  static mortise_new_file toC(const NewStoredFile& file) noexcept {
    return {sizeof(mortise_new_file), detail::str(file.ownerId), detail::str(file.filename),
            detail::str(file.mimeType)};
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  const Table* table_;
  const mortise_call_v1* call_;
};

}  // namespace mortise::inline sdk1
