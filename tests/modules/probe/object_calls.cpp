#include "object_calls.hpp"

#include <string>

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

Reply ObjectCalls::put(const Request& request) const {
  const auto file = request.bodyFile();
  if (!file) throw Problem(422, "validation_error").field("body", "missing");
  const std::string bucket(request.query("bucket").text(""));
  const std::string name(request.query("name").text(""));
  const auto object = objects_.put(bucket, name, *file, "text/plain");
  return Reply::created(json::object({{"bucket", object.bucket},
                                      {"etag", object.etag},
                                      {"size", object.size},
                                      {"url", objects_.presign(bucket, name, request.query("seconds").integer(60))}}));
}

Reply ObjectCalls::stat(const Request& request) const {
  const auto object = objects_.stat(request.query("bucket").text(""), request.query("name").text(""));
  if (!object) throw Problem(404, "not_found");
  return Reply::ok(
      json::object({{"etag", object->etag}, {"size", object->size}, {"content_type", object->contentType}}));
}

Reply ObjectCalls::drop(const Request& request) const {
  if (!objects_.remove(request.query("bucket").text(""), request.query("name").text("")))
    throw Problem(404, "not_found");
  return Reply::ok(json::object({{"gone", true}}));
}

Reply ObjectCalls::bucket(const Request& request) const {
  const auto bucket = objects_.bucket(request.query("bucket").text(""));
  return Reply::ok(json::object({{"name", bucket.name},
                                 {"endpoint", bucket.endpoint},
                                 {"exists", bucket.exists},
                                 {"is_default", bucket.isDefault}}));
}
