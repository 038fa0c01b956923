#include "object_status.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include "content_type.hpp"
#include "file_name.hpp"
#include "object_name.hpp"
#include "upload_part.hpp"

namespace files {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
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
  return Problem(500, "objects_failed").details(json::object({{"error", kindOf(problem)}}).text()).note(problem.note());
}

}  // namespace

void ObjectStatus::bind(mortise::Bindings& on) {
  on.operation("pingObjects", this, &ObjectStatus::ping);
  on.operation("uploadObject", this, &ObjectStatus::upload);
}

template <class Work>
auto ObjectStatus::onStore(std::string_view nameField, Work&& work) const {
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

Reply ObjectStatus::ping(const Request& request) const {
  const auto name = request.query("bucket").text("");
  return onStore("query/bucket", [&] {
    const auto bucket = objects_.bucket(name);
    if (request.query("smoke").boolean(false)) return Reply::ok(smoke(bucket));
    return Reply::ok(json::object({{"ok", bucket.exists},
                                   {"reachable", true},
                                   {"endpoint", bucket.endpoint},
                                   {"secure", bucket.secure},
                                   {"bucket", bucket.name},
                                   {"bucket_exists", bucket.exists}}));
  });
}

json::Value ObjectStatus::smoke(const mortise::Bucket& bucket) const {
  json::Object answer;
  answer.add("endpoint", bucket.endpoint).add("secure", bucket.secure).add("bucket", bucket.name);
  answer.add("bucket_exists", bucket.exists);
  if (!bucket.exists) return answer.add("ok", false).add("error", "bucket_not_exists").build();
  const auto now = mortise::nowMicros();
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
  return answer.add("object", name)
      .add("uploaded_bytes", sent.size())
      .add("downloaded_bytes", back.size())
      .add("match", back == sent)
      .add("ok", back == sent)
      .build();
}

Reply ObjectStatus::upload(const Request& request) const {
  const auto part = uploadPart(request);
  const auto filename = safeName(part.filename);
  const std::string type = isContentType(part.contentType) ? part.contentType : "";
  const std::string wanted(request.query("object_name").text(""));
  const auto name =
      wanted.empty() ? probeName(request.query("prefix").text("uploads"), mortise::nowMicros(), randomHex(), filename)
                     : normalName(wanted);
  const auto nameField = wanted.empty() ? "query/prefix" : "query/object_name";
  return onStore(nameField, [&] {
    const auto bucket = objects_.bucket(request.query("bucket").text(""));
    if (!bucket.exists) {
      throw Problem(400, "bucket_not_exists").details(json::object({{"bucket", bucket.name}, {"object", name}}).text());
    }
    const auto object = part.file ? objects_.put(bucket.name, name, *part.file, type)
                                  : objects_.put(bucket.name, name, part.value, type);
    json::Object answer;
    answer.add("bucket", object.bucket).add("object", object.name).add("etag", object.etag);
    if (object.versionId.empty()) {
      answer.add("version_id", nullptr);
    } else {
      answer.add("version_id", object.versionId);
    }
    answer.add("filename", filename).add("content_type", type).add("size", object.size);
    if (request.query("presign").boolean(true)) {
      answer.add("presigned_get_url",
                 objects_.presign(bucket.name, name, request.query("expiry_seconds").integer(3600)));
    }
    return Reply::ok(answer);
  });
}

}  // namespace files
