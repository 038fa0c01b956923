#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include "files.hpp"
#include "upload_part.hpp"

namespace files {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;
namespace json = mortise::json;

constexpr const char* kAdministration = "files.admin";

bool isOwn(const Request& request, const StoredFile& file) {
  return file.ownerId && *file.ownerId == request.principal().userId;
}

// Problem 403 for a file that is another user's or nobody's.
StoredFile accessible(const Request& request, StoredFile file) {
  if (!isOwn(request, file) && !request.permitted(kAdministration)) throw Problem(403, "forbidden");
  return file;
}

}  // namespace

Files::Files(mortise::Host host)
    : log_(host.log()),
      audit_(host.audit()),
      service_(host),
      counts_(host.metrics()),
      interface_(host, service_, counts_),
      sweep_(host, service_),
      objects_(host),
      removedUsers_(host, "forget_users") {}

void Files::bind(mortise::Bindings& on) {
  ModuleServing::bind(on);
  on.operations(objects_);
  on.job("sweep", &sweep_, &Sweep::run);
  on.job("forget_users", &Files::forgetUsers);
}

// [forget_users]
void Files::forgetUsers(mortise::JobRun& run) {
  std::int64_t files = 0;
  if (removedUsers_.forgetEach(run, [&](const std::string& id) { files += service_.disown(id); }) == 0) return;
  log_.info("files of deleted users are nobody's now", {{"count", files}});
  run.report({.target = "files of deleted users", .updated = files});
}
// [/forget_users]

const void* Files::provide(std::string_view interfaceName) {
  return interfaceName == MORTISE_FILES_STORE_V1 ? interface_.table() : nullptr;
}

StoredFile Files::open(const Request& request) const {
  return accessible(request, service_.find(request.path("file_id"), request.principal().userId));
}

Reply Files::uploadFile(const Request& request) {
  const auto file = counts_.counted([&] {
    const auto part = uploadPart(request);
    const NewFile upload{request.principal().userId.string(), part.filename, part.contentType};
    // A part without any file name is a plain field to the kernel, and still a file to the client.
    return part.file ? service_.put(upload, *part.file) : service_.put(upload, part.value);
  });
  log_.info("file stored", {{"file", file.id}, {"bytes", file.size}, {"type", file.detectedType}});
  return Reply::ok(json::from(file));
}

Reply Files::readFile(const Request& request) { return Reply::ok(json::from(open(request))); }

Reply Files::downloadFile(const Request& request) { return content(open(request)); }

Reply Files::downloadFileByKey(const Request& request) {
  return content(accessible(request, service_.findByKey(request.path("key"), request.principal().userId)));
}

Reply Files::content(const StoredFile& file) const {
  return Reply::file(service_.open(file), file.contentType(), file.filename, "\"" + file.sha256 + "\"",
                     mortise::micros(file.createdAt))
      .header("Cache-Control", "private");
}

Reply Files::deleteFile(const Request& request) {
  const auto file = open(request);
  service_.remove(file, [&](Transaction& tx) {
    if (isOwn(request, file)) return;
    audit_.in(tx).record(request, "files.deleted", "file:" + file.id,
                         json::object({{"owner", file.ownerId}, {"filename", file.filename}, {"size", file.size}}));
  });
  log_.info("file deleted", {{"file", file.id}, {"bytes", file.size}});
  return Reply::status(200);
}

}  // namespace files

MORTISE_MODULE(files::Files)
