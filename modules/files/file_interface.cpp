#include "file_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <utility>

namespace mortise {

files::NewFile Crossing<files::NewFile>::from(const mortise_new_file* c) {
  if (c == nullptr || !MORTISE_HAS(c, mortise_new_file, mime_type))
    throw Problem(422, "null").note("the new file is null, or shorter than files.store/1 says");
  std::optional<std::string> owner;
  if (c->owner_id.size > 0) owner = detail::copied(c->owner_id);
  return {std::move(owner), Text(c->filename), Text(c->mime_type)};
}

mortise_stored_file Crossing<files::StoredFile>::to(const files::StoredFile& file) {
  using detail::str;
  mortise_stored_file c{};
  c.struct_size = sizeof c;
  c.id = str(file.id);
  if (file.ownerId) c.owner_id = str(*file.ownerId);
  c.filename = str(file.filename);
  c.extension = str(file.extension);
  c.key = str(file.key);
  c.filepath = str(*file.filepath);
  c.mime_type = str(file.mimeType);
  c.detected_type = str(file.detectedType);
  c.sha256 = str(file.sha256);
  c.size = static_cast<std::uint64_t>(file.size);
  c.created_at = micros(file.createdAt);
  return c;
}

}  // namespace mortise

namespace files {

using mortise::Problem;
using mortise::Served;
using Self = FileInterface;

namespace {

constexpr std::size_t kMaxListed = 1000;
constexpr std::size_t kMaxFilepath = 4096;

Problem invalid(const char* code, std::string note) { return Problem(422, code).note(std::move(note)); }

bool isPath(std::string_view path) {
  return path.size() <= kMaxFilepath &&
         std::none_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

FileInterface::FileInterface(mortise::Host host, FileService& service, const UploadCounts& counts)
    : Serving(host.log(), "a module's call of files.store/1 failed"),
      service_(service),
      counts_(counts),
      call_(&host.need<mortise_call_v1>(MORTISE_CALL_V1)),
      table_{sizeof(mortise_files_store_v1), this,
             Served<&Self::put>::call,       Served<&Self::putBytes>::call,
             Served<&Self::find>::call,      Served<&Self::list>::call,
             Served<&Self::open>::call,      host.need<mortise_blobs_v1>(MORTISE_BLOBS_V1).close,
             Served<&Self::remove>::call,    Served<&Self::setFilepath>::call,
             Served<&Self::findAll>::call} {}

void FileInterface::store(const FileSink& sink, const std::function<StoredFile()>& put) { sink(counts_.counted(put)); }

void FileInterface::put(const NewFile& file, mortise_file* content, const FileSink& sink) {
  store(sink, [&] {
    if (content == nullptr) throw invalid("null", "the content is null");
    return service_.put(file, mortise::File(call_, content));
  });
}

void FileInterface::putBytes(const NewFile& file, std::string_view content, const FileSink& sink) {
  store(sink, [&] { return service_.put(file, content); });
}

void FileInterface::find(std::string_view id, const FileSink& sink) { sink(service_.find(id)); }

void FileInterface::findAll(const std::vector<std::string_view>& ids, const FileSink& sink) {
  if (ids.size() > kMaxListed) throw invalid("bad_limit", std::to_string(ids.size()) + " ids, expected at most 1000");
  for (const auto& file : service_.findAll(ids)) {
    if (!sink(file)) break;
  }
}

void FileInterface::list(const std::optional<std::string>& ownerId, std::string_view before, std::size_t limit,
                         const FileSink& sink) {
  if (limit < 1 || limit > kMaxListed)
    throw invalid("bad_limit", "limit is " + std::to_string(limit) + ", expected 1 to 1000");
  for (const auto& file : service_.list(ownerId, before, limit)) {
    if (!sink(file)) break;
  }
}

mortise_file* FileInterface::open(std::string_view id) { return service_.open(service_.find(id)).release(); }

void FileInterface::remove(std::string_view id) { service_.remove(service_.find(id)); }

void FileInterface::setFilepath(std::string_view id, std::optional<std::string_view> filepath) {
  if (filepath && !isPath(*filepath))
    throw invalid("bad_filepath", "a filepath is at most 4096 bytes without control characters");
  service_.setFilepath(id, filepath);
}

}  // namespace files
