#include "object_status.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <iterator>

#include "content_type.hpp"
#include "file_name.hpp"
#include "object_name.hpp"
#include "upload_part.hpp"

namespace files {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace contract = files_contract::status;
namespace json = mortise::json;

std::string randomHex() { return mortise::makeUuid().substr(0, 8); }

// What kind of failure, never the store's own text.
std::string kindOf(const Problem& problem) {
  switch (problem.status()) {
    case 403:
      return problem.code();  // access_denied, clock_skew
    case 503:
    case 504:
      return "unavailable";
    case 507:
      return "storage_full";
    default:
      return "failed";
  }
}

Problem failed(const Problem& problem) {
  return Problem(500, "objects_failed")
      .details(json::value(contract::ObjectStoreFailure{kindOf(problem)}).text())
      .note(problem.note());
}

}  // namespace

template <class Work>
Reply ObjectStatus::onStore(std::string_view nameField, Work&& work) const {
  try {
    return work();
  } catch (const Problem& problem) {
    if (problem.code() == "bucket_not_exists") throw;
    if (problem.code() == "bucket_name")
      throw Problem(422, "validation_failed").field("query/bucket", "bucket_name").note(problem.note());
    if (problem.code() == "object_name")
      throw Problem(422, "validation_failed").field(std::string(nameField), "object_name").note(problem.note());
    log_.warning("the object store failed", {{"error", problem.note()}});
    throw failed(problem);
  }
}

Reply ObjectStatus::pingObjects(const Request& request) {
  const bool smoke = request.query("smoke").boolean(false);
  if (smoke && !request.permitted("files.write")) throw Problem(403, "forbidden");
  return onStore("query/bucket", [&] {
    const auto bucket = objects_.bucket(request.query("bucket").text(""));
    if (!smoke) {
      return Reply::ok(json::from(contract::ObjectStorePing{.ok = bucket.exists,
                                                            .endpoint = bucket.endpoint,
                                                            .secure = bucket.secure,
                                                            .bucket = bucket.name,
                                                            .bucketExists = bucket.exists}));
    }
    if (bucket.exists) return Reply::ok(json::from(roundTrip(bucket)));
    return Reply::ok(json::from(
        contract::ObjectStoreNoBucket{.endpoint = bucket.endpoint, .secure = bucket.secure, .bucket = bucket.name}));
  });
}

contract::ObjectStoreSmoke ObjectStatus::roundTrip(const mortise::Bucket& bucket) const {
  const auto now = mortise::now();
  const auto name = smokeName(now, randomHex());
  const std::string sent = "mortise " + mortise::isoTime(now) + " " + randomHex();
  objects_.put(bucket.name, name, sent, "text/plain");
  std::string back;
  try {
    back = objects_.open(bucket.name, name).readAll(sent.size() + 1);
  } catch (...) {
    objects_.remove(bucket.name, name);
    throw;
  }
  objects_.remove(bucket.name, name);
  contract::ObjectStoreSmoke report;
  report.endpoint = bucket.endpoint;
  report.secure = bucket.secure;
  report.bucket = bucket.name;
  report.object = name;
  report.uploadedBytes = std::ssize(sent);
  report.downloadedBytes = std::ssize(back);
  report.ok = report.match = back == sent;
  return report;
}

Reply ObjectStatus::uploadObject(const Request& request) {
  const auto part = uploadPart(request);
  const auto filename = safeName(part.filename);
  const std::string type = isContentType(part.contentType) ? part.contentType : "";
  const std::string asked(request.query("object_name").text(""));
  const auto name = asked.empty()
                        ? probeName(request.query("prefix").text("uploads"), mortise::now(), randomHex(), filename)
                        : normalName(asked);
  return onStore(asked.empty() ? "query/prefix" : "query/object_name", [&] {
    const auto bucket = objects_.bucket(request.query("bucket").text(""));
    if (!bucket.exists)
      throw Problem(400, "bucket_not_exists").details(json::value(contract::ObjectPlace{bucket.name, name}).text());
    const auto object = part.file ? objects_.put(bucket.name, name, *part.file, type)
                                  : objects_.put(bucket.name, name, part.value, type);
    contract::UploadedObject reply;
    reply.bucket = object.bucket;
    reply.object = object.name;
    reply.etag = object.etag;
    if (!object.versionId.empty()) reply.versionId = object.versionId;
    reply.filename = filename;
    reply.contentType = type;
    reply.size = static_cast<std::int64_t>(object.size);
    if (request.query("presign").boolean(true))
      reply.presignedGetUrl = objects_.presign(bucket.name, name, request.query("expiry_seconds").integer(3600));
    return Reply::ok(json::from(reply));
  });
}

}  // namespace files
