#include "file_service.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "file_name.hpp"

namespace files {
namespace {

using mortise::Problem;

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::size_t kPage = 500;

// YYYY/MM/DD/<uuid><extension>
std::string objectKey(std::int64_t at, const std::string& extension) {
  auto day = mortise::isoTime(at).substr(0, 10);
  std::replace(day.begin(), day.end(), '-', '/');
  return day + "/" + mortise::makeUuid() + extension;
}

std::string startOf(const mortise::File& content) {
  std::string start(std::min<std::uint64_t>(content.size(), kLookedAt), '\0');
  std::size_t done = 0;
  while (done < start.size()) {
    const auto got = content.read(done, start.data() + done, start.size() - done);
    if (got == 0) break;
    done += got;
  }
  start.resize(done);
  return start;
}

}  // namespace

FileService::FileService(mortise::Host host)
    : log_(host.log()),
      config_(host.config()),
      blobs_(host.blobs()),
      identity_(host.identity()),
      store_(host.db()),
      maxSize_(static_cast<std::uint64_t>(config_.size("max_size"))),
      allowedTypes_(config_.list("allowed_types")) {}

void FileService::start() {
  for (const auto& pattern : allowedTypes_) {
    if (!isTypePattern(pattern))
      throw std::runtime_error("files.allowed_types: \"" + pattern + "\" should be like application/pdf or image/*");
  }
  types_ = std::make_unique<ContentTypes>();
}

StoredFile FileService::put(const NewFile& file, const mortise::File& content) const {
  return put(file, content.size(), startOf(content), [&] { return blobs_.put(content); });
}

StoredFile FileService::put(const NewFile& file, std::string_view content) const {
  return put(file, content.size(), content.substr(0, kLookedAt), [&] { return blobs_.put(content); });
}

StoredFile FileService::put(const NewFile& file, std::uint64_t size, std::string_view start,
                            const std::function<mortise::Blob()>& storeContent) const {
  // Uploads over HTTP were refused by the kernel, which has the limit from the same option.
  if (size > maxSize_) {
    throw Problem(413, "payload_too_large")
        .with("max_bytes", maxSize_)
        .details(mortise::json::object({{"max_bytes", maxSize_}}).text());
  }
  StoredFile made;
  made.detectedType = types_->detect(start);
  if (size > 0 && !isAllowed(made.detectedType, allowedTypes_)) {
    throw Problem(422, "type_not_allowed")
        .with("type", made.detectedType)
        .field("body/file", "type_not_allowed", {{"type", made.detectedType}})
        .note("the content is " + made.detectedType + ", which files.allowed_types does not list");
  }
  made.id = mortise::makeUuid7();
  made.ownerId = file.ownerId;
  made.filename = safeName(file.filename);
  made.extension = extensionOf(made.filename);
  made.createdAt = mortise::nowMicros();
  made.key = objectKey(made.createdAt, made.extension);
  if (isContentType(file.mimeType)) made.mimeType = file.mimeType;
  const auto blob = storeContent();
  made.size = static_cast<std::int64_t>(blob.size);
  made.sha256 = blob.sha256;
  made.blobKey = blob.key;
  store_.add(made, made.createdAt);
  try {
    if (!blobs_.stat(blob.key)) storeContent();  // removed between the two: see the head of file_service.hpp
  } catch (...) {
    remove(made.id);
    throw;
  }
  return made;
}

mortise::File FileService::open(const StoredFile& file) const {
  try {
    return blobs_.open(file.blobKey);
  } catch (const Problem& problem) {
    if (problem.status() != 404) throw;
    log_.error("the content of a file is gone", {{"file", file.id}, {"blob", file.blobKey}});
    throw contentGone(problem.note());
  }
}

std::optional<StoredFile> FileService::remove(std::string_view id) const {
  auto removed = store_.remove(id, mortise::nowMicros());
  if (removed) dropContent(removed->blobKey);
  return removed;
}

// True: nobody held it, and it is gone.
bool FileService::dropContent(std::string_view blobKey) const {
  try {
    return store_.dropUnheld(blobKey, [&] { blobs_.remove(blobKey); });
  } catch (const Problem& problem) {
    log_.warning("a content is left to the sweep", {{"blob", blobKey}, {"error", problem.note()}});
  } catch (const mortise::db::Error& error) {
    log_.warning("a content is left to the sweep", {{"blob", blobKey}, {"error", error.what()}});
  }
  return false;
}

std::string FileService::filepath(const StoredFile& file) const {
  if (file.filepath) return *file.filepath;
  return config_.server("http.base_url").value_or("") + "/files/" + file.key;
}

Swept FileService::sweep(const std::function<bool()>& stop) const {
  Swept swept;
  swept.contents = sweepContents(stop);
  swept.disowned = sweepOwners(stop);
  return swept;
}

std::int64_t FileService::sweepContents(const std::function<bool()>& stop) const {
  std::int64_t removed = 0;
  const auto old = mortise::nowMicros() - kDay;  // younger ones may belong to a put that goes on
  std::string after;
  while (!stop()) {
    const auto keys = store_.unheld(old, after, kPage);
    for (const auto& key : keys) removed += dropContent(key) ? 1 : 0;
    if (keys.size() < kPage) break;
    after = keys.back();
  }
  after.clear();
  while (!stop()) {
    const auto blobs = blobs_.list({}, after, kPage);
    std::vector<std::string> aged;
    for (const auto& blob : blobs) {
      if (blob.storedAt < old) aged.push_back(blob.key);
    }
    const auto known = store_.known(aged);
    for (const auto& key : aged) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      store_.noticeUnheld(key, mortise::nowMicros());
      removed += dropContent(key) ? 1 : 0;
    }
    if (blobs.size() < kPage) break;
    after = blobs.back().key;
  }
  return removed;
}

std::int64_t FileService::sweepOwners(const std::function<bool()>& stop) const {
  std::int64_t disowned = 0;
  std::string after;
  while (!stop()) {
    const auto owners = store_.owners(after, kPage);
    for (const auto& owner : owners) {
      if (!identity_.find(mortise::UserKey::id, owner)) disowned += store_.disown(owner);
    }
    if (owners.size() < kPage) break;
    after = owners.back();
  }
  return disowned;
}

}  // namespace files
