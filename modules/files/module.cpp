#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <string>
#include <utility>

#include "files.hpp"
#include "upload_part.hpp"
#include "views.hpp"

namespace files {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr const char* kAdministration = "files.admin";

bool isOwn(const Request& request, const StoredFile& file) {
  return file.ownerId && *file.ownerId == request.principal().userId;
}

// Unknown before foreign: 404, 403.
StoredFile accessible(const Request& request, std::optional<StoredFile> file) {
  if (!file) throw Problem(404, "file_not_found");
  if (!isOwn(request, *file) && !request.permitted(kAdministration)) throw Problem(403, "forbidden");
  return *std::move(file);
}

}  // namespace

Files::Files(mortise::Host host)
    : host_(host),
      log_(host.log()),
      audit_(host.audit()),
      service_(host),
      counts_(host.metrics()),
      interface_(host, service_, counts_),
      objects_(host) {}

void Files::bind(mortise::Bindings& on) {
  on.operation("uploadFile", &Files::upload);
  on.operation("readFile", &Files::read);
  on.operation("downloadFile", &Files::download);
  on.operation("downloadFileByKey", &Files::downloadByKey);
  on.operation("deleteFile", &Files::remove);
  objects_.bind(on);
  on.job("sweep", &Files::sweep);
}

void Files::start() {
  service_.start();
  sessions_ = host_.optional<mortise::SyncSessions>();
}

const void* Files::provide(std::string_view interfaceName) {
  return interfaceName == MORTISE_FILES_STORE_V1 ? interface_.table() : nullptr;
}

Reply Files::upload(const Request& request) const {
  try {
    const auto part = uploadPart(request);
    const NewFile wanted{request.principal().userId.string(), part.filename, part.contentType};
    // A part without any file name is a plain field to the kernel, and still a file to the client.
    const auto file = part.file ? service_.put(wanted, *part.file) : service_.put(wanted, part.value);
    counts_.stored(static_cast<std::uint64_t>(file.size));
    log_.info("file stored", {{"file", file.id}, {"bytes", file.size}, {"type", file.detectedType}});
    return Reply::ok(fileInfo(file, service_.filepath(file)));
  } catch (const Problem& problem) {
    counts_.refused(problem.code());
    throw;
  }
}

Reply Files::read(const Request& request) const {
  const auto file = accessible(request, service_.store().find(request.path("file_id")));
  return Reply::ok(fileInfo(file, service_.filepath(file)));
}

Reply Files::download(const Request& request) const {
  return content(accessible(request, service_.store().find(request.path("file_id"))));
}

Reply Files::downloadByKey(const Request& request) const {
  return content(accessible(request, service_.store().findByKey(request.path("key"))));
}

Reply Files::content(const StoredFile& file) const {
  return Reply::file(service_.open(file), file.contentType(), file.filename, "\"" + file.sha256 + "\"", file.createdAt)
      .header("Cache-Control", "private");
}

Reply Files::remove(const Request& request) const {
  const auto file = accessible(request, service_.store().find(request.path("file_id")));
  if (!isOwn(request, file)) {
    audit_.record(request, "files.deleted", "file:" + file.id,
                  json::object({{"owner", file.ownerId}, {"filename", file.filename}, {"size", file.size}}));
  }
  if (!service_.remove(file.id)) throw Problem(404, "file_not_found");  // somebody was faster
  log_.info("file deleted", {{"file", file.id}, {"bytes", file.size}});
  return Reply::status(200);
}

void Files::sweep(JobRun& run) {
  const auto swept = service_.sweep([&] { return run.cancelled(); });
  run.output("removed " + std::to_string(swept.contents) + " contents, disowned " + std::to_string(swept.disowned) +
             " files");
  if (swept.disowned > 0) log_.info("files of deleted users are nobody's now", {{"count", swept.disowned}});
  if (swept.contents == 0) return;
  log_.info("contents without files removed", {{"count", swept.contents}});
  if (sessions_) sessions_->reportCleaning(run, "contents of files", swept.contents);
}

}  // namespace files

MORTISE_MODULE(files::Files)
