// Immutable byte strings named by their content: blobs/1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/blobs.h"
#include "mortise/file.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct Blob {
  std::string key;     // what to keep
  std::string sha256;  // hex: a good ETag
  std::uint64_t size = 0;
  std::int64_t storedAt = 0;  // microseconds since the epoch
};

// The same bytes have the same key and lie there once: count your references before you remove one. [worker] [start]
// Failures throw Problem: 404, 422 (a bad key), 503 "unavailable", 507 "storage_full".
class Blobs {
 public:
  using Table = mortise_blobs_v1;
  static constexpr const char* kInterface = MORTISE_BLOBS_V1;
  Blobs(mortise_host* host, const Table* table)
      : host_(host),
        table_(table),
        call_(static_cast<const mortise_call_v1*>(host->lookup(host, detail::str(MORTISE_CALL_V1)))) {}

  // An upload in the making, piece by piece. Destroyed without finish(), nothing stays. One thread at a time.
  class Writer {
   public:
    Writer(const Table* table, mortise_blob_writer* writer) noexcept : table_(table), writer_(writer) {}
    Writer(Writer&& other) noexcept : table_(other.table_), writer_(std::exchange(other.writer_, nullptr)) {}
    Writer& operator=(Writer&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(writer_, other.writer_);
      return *this;
    }
    ~Writer() {
      if (writer_ != nullptr) table_->abandon(writer_);
    }
    void write(std::string_view piece) {
      auto error = detail::noError();
      check(table_->write(writer_, detail::str(piece), &error), error);
    }
    // Durable when it returns. Ends the writer.
    Blob finish() {
      Taken taken;
      auto error = detail::noError();
      const auto status = table_->finish(std::exchange(writer_, nullptr), take, &taken, &error);
      return taken.only(status, error);
    }

   private:
    const Table* table_;
    mortise_blob_writer* writer_;
  };

  // Durable when it returns.
  Blob put(std::string_view bytes) const {
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->put(host_, detail::str(bytes), take, &taken, &error);
    return taken.only(status, error);
  }
  // An uploaded file or another blob, without reading it into memory.
  Blob put(const File& file) const {
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->put_file(host_, file.get(), take, &taken, &error);
    return taken.only(status, error);
  }
  Writer writer() const {
    auto error = detail::noError();
    mortise_blob_writer* writer = nullptr;
    check(table_->writer(host_, &writer, &error), error);
    return Writer(table_, writer);
  }
  // Empty when there is none.
  std::optional<Blob> stat(std::string_view key) const {
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->stat(host_, detail::str(key), take, &taken, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    return taken.only(status, error);
  }
  // For reading, or for Reply::file(). Stays good when the blob is removed meanwhile.
  File open(std::string_view key) const {
    auto error = detail::noError();
    mortise_file* file = nullptr;
    check(table_->open(host_, detail::str(key), &file, &error), error);
    return File(call_, file, table_->close);
  }
  // False when there was none.
  bool remove(std::string_view key) const {
    auto error = detail::noError();
    const auto status = table_->remove(host_, detail::str(key), &error);
    if (status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }
  // The blobs whose key begins with `prefix` and comes after `after`, in order, at most `limit` (1..1000).
  std::vector<Blob> list(std::string_view prefix = {}, std::string_view after = {}, std::size_t limit = 100) const {
    Taken taken;
    auto error = detail::noError();
    const auto status = table_->list(host_, detail::str(prefix), detail::str(after), limit, take, &taken, &error);
    check(status, error);
    if (taken.thrown) std::rethrow_exception(taken.thrown);
    return std::move(taken.blobs);
  }

 private:
  struct Taken {
    std::vector<Blob> blobs;
    std::exception_ptr thrown;
    Blob only(mortise_status status, const mortise_error& error) {
      check(status, error);
      if (thrown) std::rethrow_exception(thrown);
      if (blobs.empty()) throw Problem(500, "internal").note("blobs/1 reported success without a blob");
      return std::move(blobs.front());
    }
  };
  static std::int32_t take(void* context, const mortise_blob* blob) {
    auto& taken = *static_cast<Taken*>(context);
    try {
      taken.blobs.push_back({detail::copied(blob->key), detail::copied(blob->sha256), blob->size, blob->stored_at});
      return 1;
    } catch (...) {  // nothing may be thrown through the boundary
      taken.thrown = std::current_exception();
      return 0;
    }
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
  const mortise_call_v1* call_;
};

inline Blobs Host::blobs() const { return need<Blobs>(); }

}  // namespace mortise::inline sdk1
