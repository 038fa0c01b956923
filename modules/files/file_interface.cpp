#include "file_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/provided.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <string>

namespace files {
namespace {

using mortise::Problem;
using mortise::Text;
using mortise::detail::str;

constexpr std::size_t kMaxListed = 1000;
constexpr std::size_t kMaxFilepath = 4096;

Problem invalid(const char* code, std::string note) { return Problem(422, code).note(std::move(note)); }

Problem unknown() { return {404, "file_not_found"}; }

std::optional<std::string> ownerOf(mortise_str id) {
  if (id.size == 0) return std::nullopt;
  return mortise::detail::copied(id);
}

bool isPath(std::string_view path) {
  return path.size() <= kMaxFilepath &&
         std::none_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

FileInterface::FileInterface(mortise::Host host, FileService& service, const UploadCounts& counts)
    : log_(host.log()),
      service_(service),
      counts_(counts),
      host_(host.get()),
      call_(&host.need<mortise_call_v1>(MORTISE_CALL_V1)),
      blobs_(&host.need<mortise_blobs_v1>(MORTISE_BLOBS_V1)),
      table_{sizeof(mortise_files_store_v1),
             this,
             &put,
             &putBytes,
             &find,
             &list,
             &open,
             blobs_->close,
             &remove,
             &setFilepath} {}

template <class Work>
mortise_status FileInterface::guarded(mortise_error* error, Work&& work) noexcept {
  return mortise::provided(
      error, MORTISE_EXISTS,
      [this](const std::string& reason) {
        log_.error("a module's call of files.store/1 failed", {{"error", reason}});
      },
      work);
}

std::int32_t FileInterface::give(const StoredFile& file, mortise_stored_file_sink sink, void* sinkContext) const {
  if (sink == nullptr) return 1;
  const auto filepath = service_.filepath(file);
  mortise_stored_file c{};
  c.struct_size = sizeof c;
  c.id = str(file.id);
  if (file.ownerId) c.owner_id = str(*file.ownerId);
  c.filename = str(file.filename);
  c.extension = str(file.extension);
  c.key = str(file.key);
  c.filepath = str(filepath);
  c.mime_type = str(file.mimeType);
  c.detected_type = str(file.detectedType);
  c.sha256 = str(file.sha256);
  c.size = static_cast<std::uint64_t>(file.size);
  c.created_at = file.createdAt;
  return sink(sinkContext, &c);
}

mortise_status FileInterface::putWith(const mortise_new_file* wanted, mortise_stored_file_sink sink, void* sinkContext,
                                      mortise_error* error,
                                      const std::function<StoredFile(const NewFile&)>& store) noexcept {
  return guarded(error, [&] {
    if (wanted == nullptr || !MORTISE_HAS(wanted, mortise_new_file, mime_type))
      throw invalid("null", "the new file is null, or shorter than files.store/1 says");
    try {
      const auto file = store({ownerOf(wanted->owner_id), Text(wanted->filename), Text(wanted->mime_type)});
      counts_.stored(static_cast<std::uint64_t>(file.size));
      give(file, sink, sinkContext);
    } catch (const Problem& problem) {
      counts_.refused(problem.code());
      throw;
    }
    return MORTISE_OK;
  });
}

mortise_status FileInterface::put(void* context, const mortise_new_file* wanted, mortise_file* content,
                                  mortise_stored_file_sink sink, void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.putWith(wanted, sink, sinkContext, error, [&](const NewFile& file) {
    if (content == nullptr) throw invalid("null", "the content is null");
    return self.service_.put(file, mortise::File(self.call_, content));
  });
}

mortise_status FileInterface::putBytes(void* context, const mortise_new_file* wanted, mortise_str content,
                                       mortise_stored_file_sink sink, void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.putWith(wanted, sink, sinkContext, error,
                      [&](const NewFile& file) { return self.service_.put(file, Text(content)); });
}

mortise_status FileInterface::find(void* context, mortise_str id, mortise_stored_file_sink sink, void* sinkContext,
                                   mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto file = self.service_.store().find(Text(id));
    if (!file) throw unknown();
    self.give(*file, sink, sinkContext);
    return MORTISE_OK;
  });
}

mortise_status FileInterface::list(void* context, mortise_str ownerId, mortise_str before, std::size_t limit,
                                   mortise_stored_file_sink sink, void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    if (limit < 1 || limit > kMaxListed)
      throw invalid("bad_limit", "limit is " + std::to_string(limit) + ", expected 1 to 1000");
    for (const auto& file : self.service_.store().list(ownerOf(ownerId), Text(before), limit)) {
      if (self.give(file, sink, sinkContext) == 0) break;
    }
    return MORTISE_OK;
  });
}

mortise_status FileInterface::open(void* context, mortise_str id, mortise_file** content, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    if (content == nullptr) throw invalid("null", "content is null");
    *content = nullptr;
    const auto file = self.service_.store().find(Text(id));
    if (!file) throw unknown();
    auto failed = mortise::detail::noError();
    const auto status = self.blobs_->open(self.host_, str(file->blobKey), content, &failed);
    if (status == MORTISE_NOT_FOUND) throw FileService::contentGone(failed.text);
    if (status != MORTISE_OK) throw mortise::detail::problemFrom(status, failed, MORTISE_BLOBS_V1);
    return MORTISE_OK;
  });
}

mortise_status FileInterface::remove(void* context, mortise_str id, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    if (!self.service_.remove(Text(id))) throw unknown();
    return MORTISE_OK;
  });
}

mortise_status FileInterface::setFilepath(void* context, mortise_str id, mortise_str filepath, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const Text path(filepath);
    if (!isPath(path)) throw invalid("bad_filepath", "a filepath is at most 4096 bytes without control characters");
    if (!self.service_.store().setFilepath(Text(id),
                                           path.empty() ? std::nullopt : std::optional<std::string_view>(path)))
      throw unknown();
    return MORTISE_OK;
  });
}

}  // namespace files
