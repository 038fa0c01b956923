#include "uploads/uploads.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archives/push_answer.hpp"
#include "archives/push_rules.hpp"
#include "library/session_path.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::uploads;
namespace json = mortise::json;
using mortise::Blob;
using mortise::File;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
constexpr std::int64_t kMinPart = 5 * kMiB;
constexpr std::int64_t kUsualPart = 8 * kMiB;
constexpr std::int64_t kMaxPart = 32 * kMiB;
constexpr std::chrono::hours kLife{24};
constexpr std::chrono::days kRemembered{7};  // for whoever repeats a completion
constexpr std::size_t kMaxUploads = 3;
constexpr std::size_t kMaxParts = 2;
constexpr std::size_t kIdBytes = 12;  // 24 digits
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kPage = 100;
constexpr std::size_t kPiece = std::size_t{512} << 10;

bool isLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool isHash(std::string_view text) {
  return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), isLowerHex);
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

void requireVerified(const Request& request) {
  if (!request.principal().emailConfirmed) throw Problem(403, "email_not_verified");
}

std::int64_t partNumber(const Request& request, const Upload& upload) {
  const auto text = request.path("part_number");
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 1 || number > upload.partCount)
    throw Problem(400, "invalid_part_number").with("most", upload.partCount);
  return number;
}

// Why it is not completed.
Problem notPending(const Upload& upload) {
  if (upload.status == UploadStatus::expired || upload.status == UploadStatus::pending)
    return Problem(409, "upload_expired");
  return Problem(409, upload.status == UploadStatus::completing ? "upload_completing" : "upload_not_pending");
}

Upload newUpload(const Request& request, const contract::NewUpload& body, std::string sessionId) {
  Upload upload;
  upload.id = mortise::makePrefixedId("up_", kIdBytes);
  upload.userId = request.principal().userId;
  upload.sessionId = std::move(sessionId);
  upload.totalSize = body.totalSize;
  upload.sha256 = lowered(body.sha256);
  upload.partSize = std::clamp(body.partSize.optional().value_or(kUsualPart), kMinPart, kMaxPart);
  upload.partCount = (upload.totalSize - 1) / upload.partSize + 1;
  upload.createdAt = mortise::now();
  upload.expiresAt = upload.createdAt + kLife;
  return upload;
}

Reply storedAnswer(const Upload& upload) {
  return Reply::status(static_cast<int>(upload.answerStatus.value_or(200)), json::raw(upload.answer.value_or("{}")));
}

// Which of 1 to `count` are not there.
std::vector<std::int64_t> missingParts(const std::vector<UploadPart>& parts, std::int64_t count) {
  std::vector<std::int64_t> missing;
  auto part = parts.begin();
  for (std::int64_t number = 1; number <= count; ++number) {
    if (part != parts.end() && part->number == number) {
      ++part;
    } else {
      missing.push_back(number);
    }
  }
  return missing;
}

}  // namespace

Uploads::Uploads(mortise::Host host, const Pushes& pushes, const HeldBlobs& held, PushQueue& queue)
    : log_(host.log()),
      db_(host.db()),
      blobs_(host.blobs()),
      pushes_(pushes),
      held_(held),
      queue_(queue),
      store_(db_),
      partSlots_(kMaxParts) {}

void Uploads::begin() const {
  if (db_.isSqlite()) store_.releaseAll();  // a database of one server
}

Upload Uploads::own(const Request& request) const {
  requireVerified(request);
  auto upload = store_.find(request.path("upload_id"));
  if (!upload || upload->userId != request.principal().userId) throw Problem(404, "upload_not_found");
  if (upload->status == UploadStatus::pending && upload->expiresAt <= mortise::now()) {
    store_.end(upload->id, UploadStatus::expired);
    dropParts(upload->id);
    upload->status = UploadStatus::expired;
  }
  return std::move(*upload);
}

void Uploads::dropParts(std::string_view id) const {
  for (const auto& key : store_.takeParts(id)) held_.drop(key);
}

Reply Uploads::openUpload(const Request& request, const contract::NewUpload& body) {
  requireVerified(request);
  const std::string sessionId = request.path("session_id");
  if (!isSessionId(sessionId)) throw Problem(400, "session_id_invalid");
  if (body.totalSize <= 0) throw Problem(400, "total_size_invalid");
  if (!isHash(lowered(body.sha256))) throw Problem(400, "sha256_invalid");
  const auto intent = PushIntent::of(request, sessionId);
  if (intent.ifMatch && !isHash(*intent.ifMatch)) throw Problem(400, "invalid_if_match");
  pushes_.limits().checkArchive(request.principal().tier, static_cast<std::uint64_t>(body.totalSize));
  checkIntent(intent, pushes_.store().find(sessionId));
  const auto upload = newUpload(request, body, sessionId);
  if (!store_.add(upload, kMaxUploads)) throw Problem(409, "too_many_pending_uploads").with("most", kMaxUploads);
  return Reply::created(json::object({{"upload_id", upload.id},
                                      {"part_size", upload.partSize},
                                      {"part_count", upload.partCount},
                                      {"expires_at", mortise::isoTime(upload.expiresAt, mortise::kIsoMicros)}}));
}

Reply Uploads::readUpload(const Request& request) {
  const auto upload = own(request);
  json::List received;
  for (const auto& part : store_.parts(upload.id)) received.add(part.number);
  return Reply::ok(json::from(upload).add("received", received));
}

Reply Uploads::abortUpload(const Request& request) {
  const auto upload = own(request);
  if (upload.status == UploadStatus::completed) throw Problem(409, "already_completed");
  if (upload.status == UploadStatus::completing) throw Problem(409, "upload_completing");
  store_.end(upload.id, UploadStatus::aborted);
  dropParts(upload.id);
  return Reply::ok(json::object({{"upload_id", upload.id}, {"status", "aborted"}}));
}

Reply Uploads::putPart(const Request& request) {
  const auto upload = own(request);
  if (upload.status != UploadStatus::pending)
    throw Problem(409, upload.status == UploadStatus::expired ? "upload_expired" : "upload_not_pending");
  const auto number = partNumber(request, upload);
  const auto hash = lowered(request.header("X-Part-SHA256"));
  if (hash.empty()) throw Problem(400, "part_hash_missing");
  const auto slot = partSlots_.take(upload.userId);
  if (!slot) throw Problem(429, "upload_busy").retryAfter(1);
  const auto file = request.bodyFile();
  const auto size = file ? static_cast<std::int64_t>(file->size()) : 0;
  if (size != upload.sizeOfPart(number))
    throw Problem(400, "part_size_mismatch").with("expected", upload.sizeOfPart(number)).with("size", size);
  keepPart(request, {upload.id, number, {}, size, hash}, *file);
  return Reply::ok(json::object({{"upload_id", upload.id}, {"part_number", number}, {"size", size}, {"sha256", hash}}));
}

void Uploads::keepPart(const Request& request, const UploadPart& part, const File& file) const {
  request.stopIfExpired();
  const auto blob = blobs_.put(file);
  std::optional<std::string> replaced;
  try {
    if (blob.sha256 != part.sha256) throw Problem(400, "part_hash_mismatch");
    auto storedPart = part;
    storedPart.blobKey = blob.key;
    held_.keep(
        blob.key,
        [&](Transaction& tx) {
          if (!store_.in(tx).putPart(storedPart, replaced)) throw Problem(409, "upload_not_pending");
          return true;
        },
        [&] { blobs_.put(file); });
  } catch (...) {
    held_.drop(blob.key);
    throw;
  }
  if (replaced && *replaced != blob.key) held_.drop(*replaced);
}

void Uploads::completeUpload(Request& request) {
  const auto upload = own(request);
  if (upload.status == UploadStatus::completed) {
    request.answer(storedAnswer(upload));
    return;
  }
  queue_.answer(request, [this, upload](const Request& pendingRequest) { return complete(pendingRequest, upload); });
}

PushReply Uploads::complete(const Request& request, const Upload& upload) const {
  if (!store_.claim(upload.id, mortise::now())) {
    const auto now = mortise::orNotFound(store_.find(upload.id), "upload_not_found");
    if (now.status == UploadStatus::completed) return {storedAnswer(now)};
    throw notPending(now);
  }
  try {
    auto reply = pushParts(request, upload);
    dropParts(upload.id);
    return reply;
  } catch (const Problem& problem) {
    if (problem.status() >= 500 || problem.status() == 429) {
      store_.release(upload.id);
    } else {
      store_.end(upload.id, UploadStatus::aborted);
      dropParts(upload.id);
    }
    throw;
  } catch (...) {
    store_.release(upload.id);
    throw;
  }
}

PushReply Uploads::pushParts(const Request& request, const Upload& upload) const {
  pushes_.limits().checkArchive(request.principal().tier, static_cast<std::uint64_t>(upload.totalSize));
  const auto intent = PushIntent::of(request, upload.sessionId);
  checkIntent(intent, pushes_.store().find(upload.sessionId));
  PushWay way;
  way.stored = assemble(request, upload);
  way.also = [&](Transaction& tx, const PushedSession& pushed) {
    store_.in(tx).complete(upload.id, pushed.isNew ? 201 : 200, pushAnswer(pushed.session, "synced_at").text());
  };
  return pushReply(pushes_.push(request, intent, blobs_.open(way.stored->key), way), "synced_at");
}

Blob Uploads::assemble(const Request& request, const Upload& upload) const {
  const auto parts = store_.parts(upload.id);
  if (const auto missing = missingParts(parts, upload.partCount); !missing.empty())
    throw Problem(409, "missing_parts").details(json::object({{"missing", json::list(missing)}}).text());
  auto blob = joined(request, parts);
  const bool hasSize = static_cast<std::int64_t>(blob.size) == upload.totalSize;
  if (hasSize && blob.sha256 == upload.sha256) return blob;
  held_.drop(blob.key);
  throw Problem(400, hasSize ? "sha256_mismatch" : "size_mismatch");
}

Blob Uploads::joined(const Request& request, const std::vector<UploadPart>& parts) const {
  // The only part is the archive itself.
  if (parts.size() == 1) return mortise::orNotFound(blobs_.stat(parts.front().blobKey), "upload_not_found");
  auto writer = blobs_.writer();
  std::vector<char> piece(kPiece);
  for (const auto& part : parts) {
    const auto file = blobs_.open(part.blobKey);
    for (std::uint64_t at = 0; at < file.size();) {
      request.stopIfExpired();
      const auto count = file.read(at, piece.data(), piece.size());
      if (count == 0) break;
      writer.write({piece.data(), count});
      at += count;
    }
  }
  return writer.finish();
}

void Uploads::expire(mortise::JobRun& run) {
  std::int64_t ended = 0;
  const auto now = mortise::now();
  for (auto ids = store_.overdue(now, kPage); !ids.empty() && !run.cancelled(); ids = store_.overdue(now, kPage)) {
    for (const auto& id : ids) ended += store_.end(id, UploadStatus::expired) ? 1 : 0;
  }
  // A crash may have left the parts of one that ended otherwise.
  for (auto ids = store_.endedWithParts(kPage); !ids.empty() && !run.cancelled(); ids = store_.endedWithParts(kPage)) {
    for (const auto& id : ids) dropParts(id);
  }
  store_.forget(now - kRemembered);
  run.output("ended " + std::to_string(ended) + " uploads");
  if (ended == 0) return;
  log_.info("uploads in parts expired", {{"count", ended}});
  run.report({.target = "uploads in parts", .deleted = ended});
}

}  // namespace session_sharing
