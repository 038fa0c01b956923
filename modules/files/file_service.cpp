#include "file_service.hpp"

#include <mortise/json.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <stdexcept>

#include "content_type.hpp"
#include "file_name.hpp"

namespace files {
namespace {

using mortise::Problem;
using mortise::Transaction;

// YYYY/MM/DD/<uuid><extension>
std::string objectKey(mortise::Time at, const std::string& extension) {
  auto day = mortise::isoTime(at).substr(0, 10);
  std::replace(day.begin(), day.end(), '-', '/');
  return day + "/" + mortise::makeUuid() + extension;
}

std::string startOf(const mortise::File& content) {
  std::string start(std::min<std::uint64_t>(content.size(), ContentDetector::kLookedAt), '\0');
  std::size_t done = 0;
  while (done < start.size()) {
    const auto count = content.read(done, start.data() + done, start.size() - done);
    if (count == 0) break;
    done += count;
  }
  start.resize(done);
  return start;
}

}  // namespace

FileService::FileService(mortise::Host host)
    : log_(host.log()),
      config_(host.config()),
      db_(host.db()),
      blobs_(host.blobs()),
      identity_(host.identity()),
      store_(db_),
      maxSize_(static_cast<std::uint64_t>(config_.size("max_size"))),
      allowedTypes_(config_.list("allowed_types")) {}

void FileService::start() {
  for (const auto& pattern : allowedTypes_) {
    if (!isTypePattern(pattern))
      throw std::runtime_error("files.allowed_types: \"" + pattern + "\" should be like application/pdf or image/*");
  }
  detector_ = std::make_unique<ContentDetector>();
}

StoredFile FileService::shown(StoredFile file, std::string_view reader) const {
  // The files of a deleted account are nobody's at once, also those of an upload that was going on.
  if (file.ownerId && *file.ownerId != reader && !identity_.find(mortise::UserKey::id, *file.ownerId)) {
    try {
      store_.disown(*file.ownerId);
    } catch (const mortise::db::Error& error) {  // a read must not fail for it: the sweep does it again
      log_.warning("the files of a deleted account keep its id for now", {{"error", error.what()}});
    }
    file.ownerId.reset();
  }
  return located(std::move(file));
}

std::int64_t FileService::disown(std::string_view ownerId) const { return store_.disown(ownerId); }

StoredFile FileService::located(StoredFile file) const {
  if (!file.filepath) file.filepath = config_.server("http.base_url").value_or("") + "/files/" + file.key;
  return file;
}

StoredFile FileService::put(const NewFile& file, const mortise::File& content) const {
  return put(file, content.size(), startOf(content), [&] { return blobs_.put(content); });
}

StoredFile FileService::put(const NewFile& file, std::string_view content) const {
  return put(file, content.size(), content.substr(0, ContentDetector::kLookedAt), [&] { return blobs_.put(content); });
}

StoredFile FileService::put(const NewFile& file, std::uint64_t size, std::string_view start,
                            const std::function<mortise::Blob()>& storeContent) const {
  // The kernel has refused larger uploads over HTTP already; its limit is the same option.
  if (size > maxSize_) {
    throw Problem(413, "payload_too_large")
        .with("max_bytes", maxSize_)
        .details(mortise::json::object({{"max_bytes", maxSize_}}).text());
  }
  StoredFile stored;
  stored.detectedType = detector_->detect(start);
  if (size > 0 && !isAllowed(stored.detectedType, allowedTypes_)) {
    throw Problem(422, "type_not_allowed")
        .with("type", stored.detectedType)
        .field("body/file", "type_not_allowed", {{"type", stored.detectedType}})
        .note("the content is " + stored.detectedType + ", which files.allowed_types does not list");
  }
  stored.id = mortise::makeUuid7();
  stored.ownerId = file.ownerId;
  stored.filename = safeName(file.filename);
  stored.extension = extensionOf(stored.filename);
  stored.createdAt = mortise::now();
  stored.key = objectKey(stored.createdAt, stored.extension);
  if (isContentType(file.mimeType)) stored.mimeType = file.mimeType;
  const auto blob = storeContent();
  stored.size = static_cast<std::int64_t>(blob.size);
  stored.sha256 = blob.sha256;
  stored.blobKey = blob.key;
  store_.add(stored);
  try {
    // Not in the transaction: it would hold SQLite's only writer while a store in the network is asked.
    if (!blobs_.stat(blob.key)) storeContent();  // removed between the two: see the head of file_service.hpp
  } catch (...) {
    remove(stored);
    throw;
  }
  return located(std::move(stored));
}

std::vector<StoredFile> FileService::findAll(const std::vector<std::string_view>& ids) const {
  auto files = store_.findAll(ids);
  std::string reader;  // an owner who is known to exist
  for (auto& file : files) {
    file = shown(std::move(file), reader);
    if (file.ownerId) reader = *file.ownerId;
  }
  return files;
}

std::vector<StoredFile> FileService::list(std::optional<std::string_view> ownerId, std::string_view before,
                                          std::size_t limit) const {
  if (ownerId && !identity_.find(mortise::UserKey::id, *ownerId)) store_.disown(*ownerId);
  auto page = store_.list(ownerId, before, limit);
  for (auto& file : page) file = located(std::move(file));
  return page;
}

void FileService::setFilepath(std::string_view id, std::optional<std::string_view> filepath) const {
  if (!store_.setFilepath(id, filepath)) throw Problem(404, kUnknown);
}

mortise::File FileService::open(const StoredFile& file) const {
  try {
    return blobs_.open(file.blobKey);
  } catch (const Problem& problem) {
    if (problem.status() != 404) throw;
    log_.error("the content of a file is gone", {{"file", file.id}, {"blob", file.blobKey}});
    throw Problem(404, "file_content_gone").note(problem.note());
  }
}

void FileService::remove(const StoredFile& file, const std::function<void(Transaction&)>& also) const {
  db_.transaction([&](Transaction& tx) {
    if (!store_.in(tx).remove(file, mortise::now())) throw Problem(404, kUnknown);
    if (also) also(tx);
  });
  dropContent(file.blobKey);
}

bool FileService::dropContent(std::string_view blobKey) const {
  try {
    return store_.dropUnheld(blobKey, [&] {
      blobs_.remove(blobKey);
      // In a transaction of the calling module the removal would wait for that one's commit, and by then another file
      // may have taken hold of the content.
      if (blobs_.stat(blobKey)) throw Problem(409, "content_in_use").note("it is removed in a module's transaction");
    });
  } catch (const Problem& problem) {
    log_.warning("a content is left to the sweep", {{"blob", blobKey}, {"error", problem.note()}});
  } catch (const mortise::db::Error& error) {
    log_.warning("a content is left to the sweep", {{"blob", blobKey}, {"error", error.what()}});
  }
  return false;
}

}  // namespace files
