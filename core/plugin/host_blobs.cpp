// blobs/1 over services::Blobs; the scope is the module's name.
#include <algorithm>
#include <vector>

#include "core/db/after_commit.hpp"
#include "core/plugin/file_handle.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/blobs/blobs.hpp"
#include "mortise/abi/blobs.h"

using mortise::plugin::Host;

// Owned by its Host (hold) until finish or abandon.
struct mortise_blob_writer {
  Host* host = nullptr;
  std::unique_ptr<mortise::services::BlobWriter> writer;  // null once it was released
  std::uint64_t held = 0;
};

namespace mortise::plugin {
namespace {

using services::Blob;
using services::Blobs;

constexpr std::size_t kHash = 64;
constexpr std::size_t kMaxListed = 1000;

std::int32_t give(const Blob& blob, mortise_blob_sink sink, void* context) {
  if (sink == nullptr) return 1;
  const mortise_blob face{.struct_size = sizeof(mortise_blob),
                          .key = str(blob.key),
                          .sha256 = str(blob.sha256),
                          .size = blob.size,
                          .stored_at = blob.storedAt};
  return sink(context, &face);
}

template <typename Work>
mortise_status onKey(mortise_host* raw, mortise_str key, const char* function, mortise_error* error, Work work) {
  return blocking<&HostServices::blobs>(raw, function, error, [&](Host& host, Blobs& blobs) {
    if (!view(key).starts_with(host.moduleName() + "/")) {
      return answer(error, MORTISE_INVALID, "bad_key", "not a key that blobs/1 gave to this module");
    }
    return work(blobs, view(key));
  });
}

template <typename Work>
mortise_status onWriter(mortise_blob_writer* writer, const char* function, mortise_error* error, Work work) {
  if (writer == nullptr) return answer(error, MORTISE_INVALID, "null", "the writer is null");
  return guard(writer->host, Threads::blocking, function, error, [&] {
    if (writer->writer == nullptr)
      return answer(error, MORTISE_CLOSED, "closed", "the module was stopped and its upload taken back");
    return work(*writer->writer);
  });
}

mortise_status absent(mortise_error* error) {
  return answer(error, MORTISE_NOT_FOUND, "not_found", "no blob of this key");
}

// The last possible hash before those that begin with `prefix` (lower-case hex); empty when there is none.
std::string hashBefore(std::string prefix) {
  prefix.resize(kHash, '0');
  for (auto digit = prefix.rbegin(); digit != prefix.rend(); ++digit) {
    if (*digit == '0') {
      *digit = 'f';
      continue;
    }
    *digit = *digit == 'a' ? '9' : static_cast<char>(*digit - 1);
    return prefix;
  }
  return {};
}

extern "C" {

mortise_status blobsPut(mortise_host* raw, mortise_str bytes, mortise_blob_sink sink, void* context,
                        mortise_error* error) {
  return blocking<&HostServices::blobs>(raw, "blobs/1 put", error, [&](Host& host, Blobs& blobs) {
    give(blobs.put(host.moduleName(), view(bytes)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status blobsPutFile(mortise_host* raw, mortise_file* file, mortise_blob_sink sink, void* context,
                            mortise_error* error) {
  if (file == nullptr) return answer(error, MORTISE_INVALID, "null", "the file is null");
  return blocking<&HostServices::blobs>(raw, "blobs/1 put_file", error, [&](Host& host, Blobs& blobs) {
    give(blobs.put(host.moduleName(), *fileOf(file)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status blobsWriter(mortise_host* raw, mortise_blob_writer** writer, mortise_error* error) {
  if (writer == nullptr) return answer(error, MORTISE_INVALID, "null", "writer is null");
  *writer = nullptr;
  return blocking<&HostServices::blobs>(raw, "blobs/1 writer", error, [&](Host& host, Blobs& blobs) {
    auto handle = std::make_shared<mortise_blob_writer>();
    handle->host = &host;
    handle->writer = blobs.writer(host.moduleName());
    handle->held = host.hold("upload", [handle] { handle->writer.reset(); });
    *writer = handle.get();
    return MORTISE_OK;
  });
}

mortise_status blobsWrite(mortise_blob_writer* writer, mortise_str piece, mortise_error* error) {
  return onWriter(writer, "blobs/1 write", error, [&](services::BlobWriter& open) {
    open.write(view(piece));
    return MORTISE_OK;
  });
}

void blobsAbandon(mortise_blob_writer* writer) {
  if (writer == nullptr) return;
  guardedOr(writer->host, "blobs/1 abandon", 0, [&] {
    writer->writer.reset();
    return 0;
  });
  writer->host->release(writer->held);
}

mortise_status blobsFinish(mortise_blob_writer* writer, mortise_blob_sink sink, void* context, mortise_error* error) {
  const auto status = onWriter(writer, "blobs/1 finish", error, [&](services::BlobWriter& open) {
    give(open.finish(), sink, context);
    return MORTISE_OK;
  });
  blobsAbandon(writer);
  return status;
}

mortise_status blobsStat(mortise_host* raw, mortise_str key, mortise_blob_sink sink, void* context,
                         mortise_error* error) {
  return onKey(raw, key, "blobs/1 stat", error, [&](Blobs& blobs, std::string_view full) {
    const auto blob = blobs.stat(full);
    if (!blob) return absent(error);
    give(*blob, sink, context);
    return MORTISE_OK;
  });
}

mortise_status blobsOpen(mortise_host* raw, mortise_str key, mortise_file** file, mortise_error* error) {
  if (file == nullptr) return answer(error, MORTISE_INVALID, "null", "file is null");
  *file = nullptr;
  return onKey(raw, key, "blobs/1 open", error, [&](Blobs& blobs, std::string_view full) {
    *file = reinterpret_cast<mortise_file*>(std::make_unique<FilePtr>(blobs.openForReading(full)).release());
    return MORTISE_OK;
  });
}

void blobsClose(mortise_file* file) { delete reinterpret_cast<FilePtr*>(file); }

mortise_status blobsRemove(mortise_host* raw, mortise_str key, mortise_error* error) {
  return onKey(raw, key, "blobs/1 remove", error, [&](Blobs& blobs, std::string_view full) {
    if (!db::waitsForCommit()) return blobs.remove(full) ? MORTISE_OK : absent(error);
    if (!blobs.stat(full)) return absent(error);
    db::afterCommit([&blobs, full = std::string(full)] { blobs.remove(full); });
    return MORTISE_OK;
  });
}

mortise_status blobsList(mortise_host* raw, mortise_str prefix, mortise_str after, size_t limit, mortise_blob_sink sink,
                         void* context, mortise_error* error) {
  return blocking<&HostServices::blobs>(raw, "blobs/1 list", error, [&](Host& host, Blobs& blobs) {
    if (limit < 1 || limit > kMaxListed)
      return answer(error, MORTISE_INVALID, "bad_limit", "limit is " + std::to_string(limit) + ", expected 1 to 1000");
    const auto scope = host.moduleName() + "/";
    std::string from = copy(after);
    std::string hash;
    if (view(prefix).size() <= scope.size()) {
      if (!std::string_view(scope).starts_with(view(prefix))) return MORTISE_OK;
    } else {
      if (!view(prefix).starts_with(scope)) return MORTISE_OK;
      hash = view(prefix).substr(scope.size());
      if (hash.size() > kHash || hash.find_first_not_of("0123456789abcdef") != std::string::npos) return MORTISE_OK;
      if (const auto before = hashBefore(hash); !before.empty()) from = std::max(from, scope + before);
    }
    if (!from.empty() && !from.starts_with(scope))
      return answer(error, MORTISE_INVALID, "bad_key", "`after` is not a key that blobs/1 gave to this module");
    for (const auto& blob : blobs.list(host.moduleName(), from, limit)) {
      if (!std::string_view(blob.key).substr(scope.size()).starts_with(hash)) break;
      if (give(blob, sink, context) == 0) break;
    }
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_blobs_v1 kTable = {sizeof(mortise_blobs_v1),
                                 &blobsPut,
                                 &blobsPutFile,
                                 &blobsWriter,
                                 &blobsWrite,
                                 &blobsFinish,
                                 &blobsAbandon,
                                 &blobsStat,
                                 &blobsOpen,
                                 &blobsClose,
                                 &blobsRemove,
                                 &blobsList};

}  // namespace

template <>
ServedInterface serve<mortise_blobs_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::blobs>};
}

}  // namespace mortise::plugin
