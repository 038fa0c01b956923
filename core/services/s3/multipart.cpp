#include "core/services/s3/multipart.hpp"

#include <algorithm>

#include "core/ops/log.hpp"
#include "core/services/s3/refusals.hpp"

namespace mortise::services::s3 {
namespace {

constexpr std::uint64_t kMaxParts = 10'000;
constexpr std::uint64_t kMiB = 1 << 20;
// Completing an upload takes the store a while, in which it may be silent.
constexpr std::chrono::seconds kCompleting{120};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::uint64_t MultipartUpload::partSizeFor(std::uint64_t size, std::uint64_t least) {
  const auto needed = (size + kMaxParts - 1) / kMaxParts;
  if (needed <= least) return least;
  return (needed + kMiB - 1) / kMiB * kMiB;
}

Stored MultipartUpload::run() {
  Client::Request begin{"POST", bucket_, key_};
  begin.query = {{"uploads", ""}};
  if (!contentType_.empty()) begin.headers.emplace_back("content-type", contentType_);
  begin.repeatable = false;
  id_ = parseUploadId(client_.require(begin).body);
  try {
    sendParts();
    return complete();
  } catch (...) {
    try {
      abort(client_, bucket_, key_, id_);
    } catch (const std::exception& failure) {
      log::warning("a multipart upload could not be taken back; clean-up will do it",
                   {{"bucket", bucket_}, {"key", key_}, {"reason", failure.what()}});
    }
    throw;
  }
}

void MultipartUpload::sendParts() {
  const auto partSize = partSizeFor(source_.size(), client_.options().partSize);
  for (std::uint64_t offset = 0; offset < source_.size(); offset += partSize) {
    Client::Request part{"PUT", bucket_, key_};
    part.query = {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", id_}};
    part.source = &source_;
    part.offset = offset;
    part.length = std::min(partSize, source_.size() - offset);
    part.payload = digestOf(source_, offset, part.length);
    etags_.push_back(fieldOf(client_.require(part), "etag"));
    if (etags_.back().empty()) throw ServiceError(ErrorKind::unavailable, "object store: it gave a part no ETag");
  }
}

Stored MultipartUpload::complete() {
  Client::Request request{"POST", bucket_, key_};
  request.query = {{"uploadId", id_}};
  request.headers = {{"content-type", "application/xml"}};
  request.idleTimeout = kCompleting;
  request.body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags_.size(); ++i) {
    request.body +=
        "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + escaped(etags_[i]) + "</ETag></Part>";
  }
  request.body += "</CompleteMultipartUpload>";
  const auto response = client_.send(request);
  // The store sends 200 before the work is done: an error may follow in the body. A missing upload may be one that an
  // earlier try completed.
  const auto refusal = parseRefusal(response.body);
  if (response.status / 100 != 2 || !refusal.code.empty()) {
    if (refusal.code != "NoSuchUpload") {
      if (response.status / 100 != 2) client_.refuse(request, response);
      throw ServiceError(ErrorKind::unavailable,
                         "object store: the parts could not be put together (" + refusal.code + ")", 1);
    }
  }
  auto stored = client_.head(bucket_, key_);
  if (!stored || stored->size != source_.size())
    throw ServiceError(ErrorKind::unavailable, "object store: the object is not there as it was sent");
  return *stored;
}

void MultipartUpload::abort(Client& client, const std::string& bucket, const std::string& key, const std::string& id) {
  Client::Request request{"DELETE", bucket, key};
  request.query = {{"uploadId", id}};
  const auto response = client.send(request);
  if (response.status / 100 != 2 && response.status != 404) client.refuse(request, response);
}

std::int64_t MultipartUpload::newestPart(Client& client, const std::string& bucket, const Upload& upload) {
  auto newest = upload.begunAt;
  std::string marker;
  for (bool more = true; more;) {
    Client::Request request{"GET", bucket, upload.key};
    request.query = {{"uploadId", upload.id}};
    if (!marker.empty()) request.query.emplace_back("part-number-marker", marker);
    const auto page = parseParts(client.require(request).body);
    newest = std::max(newest, page.newest);
    more = page.truncated && page.next != marker;
    marker = page.next;
  }
  return newest;
}

}  // namespace mortise::services::s3
