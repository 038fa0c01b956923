#include "core/services/objects/local_objects.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/text.hpp"
#include "core/base/whole_file.hpp"
#include "core/services/objects/object_name.hpp"

namespace mortise::services {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPiece = 256 << 10;
constexpr std::uintmax_t kMaxRecordBytes = 16 << 10;
constexpr int kTries = 8;  // to open an object that is being replaced

[[noreturn]] void failed(const std::string& what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  throw ServiceError(full ? ErrorKind::full : ErrorKind::unavailable, "objects: " + what + ": " + std::strerror(number),
                     0, full ? "storage_full" : "");
}

[[noreturn]] void noBucket(const std::string& bucket) {
  throw ServiceError(ErrorKind::notFound, "objects: there is no bucket " + bucket, 0, "no_bucket");
}

void syncFolder(const std::string& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) failed("sync " + path, errno);
}

// Empty when the file does not exist.
std::string readRecord(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    if (errno == ENOENT) return {};
    failed("open " + path, errno);
  }
  FileSource source(std::move(file));
  std::string bytes(std::min<std::uintmax_t>(source.size(), kMaxRecordBytes), '\0');
  bytes.resize(source.read(0, bytes));
  return bytes;
}

}  // namespace

// The content of the file <hash>.json.
struct LocalObjects::StoredObject {
  Object object;
  std::string content;  // name of the file beside it
};

struct LocalObjects::Place {
  std::string bucket;
  std::string name;
  std::string bucketFolder;
  std::string folder;
  std::string hash;
  std::string record() const { return folder + "/" + hash + ".json"; }
};

LocalObjects::LocalObjects(LocalObjectsOptions options) : options_(std::move(options)) {
  std::error_code failure;
  fs::create_directories(options_.root + "/" + options_.defaultBucket, failure);
  if (failure) {
    throw ServiceError(ErrorKind::unavailable, "objects: " + options_.root + "/" + options_.defaultBucket +
                                                   " can't be made: " + failure.message());
  }
  ::chmod(options_.root.c_str(), 0700);
}

std::string LocalObjects::nameOr(std::string_view bucket) const {
  if (bucket.empty()) return options_.defaultBucket;
  checkBucketName(bucket);
  return std::string(bucket);
}

// A symbolic link to another folder is no bucket.
bool LocalObjects::bucketExists(const std::string& bucket) const {
  struct stat facts {};
  return ::lstat((options_.root + "/" + bucket).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

LocalObjects::Place LocalObjects::placeOf(std::string_view bucket, std::string_view name) const {
  checkObjectName(name);
  Place place;
  place.bucket = nameOr(bucket);
  if (!bucketExists(place.bucket)) noBucket(place.bucket);
  place.name = name;
  place.hash = text::hex(sha256(name));
  place.bucketFolder = options_.root + "/" + place.bucket;
  place.folder = place.bucketFolder + "/" + place.hash.substr(0, 2);
  return place;
}

Bucket LocalObjects::bucket(std::string_view name) {
  Bucket answer;
  answer.name = nameOr(name);
  answer.exists = bucketExists(answer.name);
  answer.isDefault = answer.name == options_.defaultBucket;
  const auto url = options_.url();
  answer.secure = url.starts_with("https://");
  const auto host = url.find("://");
  answer.endpoint = url.substr(host == std::string::npos ? 0 : host + 3);
  answer.endpoint = answer.endpoint.substr(0, answer.endpoint.find('/'));
  return answer;
}

std::optional<LocalObjects::StoredObject> LocalObjects::load(const Place& place) const {
  const auto bytes = readRecord(place.record());
  if (bytes.empty()) return std::nullopt;
  json::Document record;
  json::ParseError wrong;
  StoredObject stored;
  const auto number = [&](const char* name) -> std::int64_t {
    const auto member = record.FindMember(name);
    return member != record.MemberEnd() && member->value.IsInt64() ? member->value.GetInt64() : -1;
  };
  if (json::parse(bytes, record, wrong) && record.IsObject() && json::textMember(record, "name") == place.name) {
    stored.content = json::textMember(record, "content");
    stored.object = {place.bucket,
                     place.name,
                     std::string(json::textMember(record, "etag")),
                     {},
                     std::string(json::textMember(record, "content_type")),
                     static_cast<std::uint64_t>(number("size")),
                     number("modified_at")};
  }
  const bool whole = stored.content.starts_with(place.hash + ".") && stored.content.find('/') == std::string::npos &&
                     number("size") >= 0 && stored.object.modifiedAt >= 0;
  if (!whole) throw ServiceError(ErrorKind::unavailable, "objects: " + place.record() + " is damaged");
  return stored;
}

Object LocalObjects::put(std::string_view bucket, std::string_view name, ByteSource& bytes,
                         std::string_view contentType) {
  checkContentType(contentType);
  const auto place = placeOf(bucket, name);
  if (::mkdir(place.folder.c_str(), 0700) != 0 && errno != EEXIST) failed("mkdir " + place.folder, errno);
  syncFolder(place.bucketFolder);

  const auto content = place.hash + "." + uuid4();
  const auto contentPath = place.folder + "/" + content;
  Sha256 digest;
  std::uint64_t size = 0;
  try {
    TemporaryFile file(place.folder);
    std::string buffer(kPiece, '\0');
    while (const auto got = bytes.read(size, buffer)) {
      const std::string_view piece(buffer.data(), got);
      digest.add(piece);
      file.write(piece);
      size += got;
    }
    if (size < bytes.size())
      throw ServiceError(ErrorKind::unavailable, "objects: the source became shorter while it was read");
    file.keepAs(contentPath);
  } catch (const std::system_error& failure) {
    failed("write " + contentPath, failure.code().value());
  }

  const Object object{place.bucket, place.name, "\"" + digest.hex() + "\"", {}, std::string(contentType),
                      size,         nowMicros()};
  const auto record =
      "{\"name\":" + json::quoted(object.name) + ",\"content_type\":" + json::quoted(object.contentType) +
      ",\"etag\":" + json::quoted(object.etag) + ",\"size\":" + std::to_string(size) +
      ",\"modified_at\":" + std::to_string(object.modifiedAt) + ",\"content\":" + json::quoted(content) + "}\n";
  const std::lock_guard lock(commit_);
  std::optional<StoredObject> before;
  try {
    before = load(place);
  } catch (const ServiceError&) {  // a damaged record is replaced; cleanUp() removes its bytes
  }
  try {
    writeWholeFile(place.record(), record);
  } catch (const std::runtime_error& failure) {
    ::unlink(contentPath.c_str());
    throw ServiceError(ErrorKind::unavailable, std::string("objects: ") + failure.what());
  }
  if (before) ::unlink((place.folder + "/" + before->content).c_str());
  return object;
}

std::optional<Object> LocalObjects::stat(std::string_view bucket, std::string_view name) {
  const auto record = load(placeOf(bucket, name));
  return record ? std::optional(record->object) : std::nullopt;
}

std::shared_ptr<ByteSource> LocalObjects::open(std::string_view bucket, std::string_view name) {
  const auto place = placeOf(bucket, name);
  for (int i = 0; i < kTries; ++i) {
    const auto record = load(place);
    if (!record)
      throw ServiceError(ErrorKind::notFound, "objects: there is no object of this name in " + place.bucket, 0,
                         "no_object");
    UniqueFd file(::open((place.folder + "/" + record->content).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file) return std::make_shared<FileSource>(std::move(file));
    if (errno != ENOENT) failed("open " + record->content, errno);
  }
  throw ServiceError(ErrorKind::unavailable, "objects: the bytes that " + place.record() + " names are not there");
}

bool LocalObjects::remove(std::string_view bucket, std::string_view name) {
  const auto place = placeOf(bucket, name);
  const std::lock_guard lock(commit_);
  const auto record = load(place);
  if (!record) return false;
  if (::unlink(place.record().c_str()) != 0) failed("remove " + place.record(), errno);
  ::unlink((place.folder + "/" + record->content).c_str());
  syncFolder(place.folder);
  return true;
}

std::string LocalObjects::sign(std::string_view bucket, std::string_view name, std::int64_t expires) const {
  // No part contains a line break: the names were checked.
  const auto subject = "GET\n" + std::string(bucket) + "\n" + std::string(name) + "\n" + std::to_string(expires) + "\n";
  return text::hex(hmacSha256(options_.key, subject));
}

std::string LocalObjects::presign(std::string_view bucket, std::string_view name, std::int64_t seconds) {
  checkObjectName(name);
  checkExpiry(seconds);
  const auto in = nameOr(bucket);
  const auto expires = nowMicros() / 1'000'000 + seconds;
  std::string path;
  for (const auto segment : text::split(name, '/')) path += "/" + text::percentEncode(segment);
  return options_.url() + "/objects/" + in + path + "?expires=" + std::to_string(expires) +
         "&signature=" + sign(in, name, expires);
}

LocalObjects::Link LocalObjects::examine(std::string_view bucket, std::string_view name, std::int64_t expires,
                                         std::string_view signature) const {
  checkBucketName(bucket);
  checkObjectName(name);
  if (!equalsConstantTime(sign(bucket, name, expires), signature)) return Link::forged;
  return nowMicros() / 1'000'000 < expires ? Link::good : Link::expired;
}

void LocalObjects::checkWritable() const {
  try {
    TemporaryFile probe(options_.root + "/" + options_.defaultBucket);
    probe.write("probe");
  } catch (const std::system_error& failure) {
    failed("nothing can be stored", failure.code().value());
  }
}

std::size_t LocalObjects::cleanUp() {
  std::size_t removed = 0;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(1);
  std::error_code failure;
  for (fs::recursive_directory_iterator at(options_.root, failure), end; !failure && at != end; at.increment(failure)) {
    std::error_code gone;
    const auto path = at->path();
    if (!at->is_regular_file(gone) || at->is_symlink(gone) || path.extension() == ".json") continue;
    if (at->last_write_time(gone) > oldest || gone) continue;
    const auto name = path.filename().string();
    const std::lock_guard lock(commit_);
    const auto record = (path.parent_path() / (name.substr(0, name.find('.')) + ".json")).string();
    const auto says = readRecord(record);
    if (says.find(json::quoted(name)) == std::string::npos && ::unlink(path.c_str()) == 0) ++removed;
  }
  if (failure)
    throw ServiceError(ErrorKind::unavailable, "objects: clean-up of " + options_.root + ": " + failure.message());
  return removed;
}

}  // namespace mortise::services
