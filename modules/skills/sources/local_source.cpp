#include "sources/local_source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <mortise/problem.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "bundle/path_rules.hpp"
#include "bundle/refusal.hpp"
#include "disk/descriptor.hpp"
#include "sources/archive_reader.hpp"
#include "text/ascii.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "local:";
constexpr std::size_t kMaxFolders = 1000;
constexpr int kMaxLevels = 32;
constexpr std::size_t kPiece = 64 << 10;

mortise::Problem unreadable(std::string_view path, int error) {
  const char* code = error == ENOENT ? "skill_local_missing" : "skill_local_unreadable";
  return refusal(code, path).with("reason", std::generic_category().message(error));
}

// As far as it is there, links are resolved; the rest is only tidied.
std::string resolved(const std::string& path) {
  std::error_code failed;
  auto canonical = fs::weakly_canonical(path, failed);
  if (failed) canonical = fs::path(path).lexically_normal();
  auto text = canonical.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool isBelow(const std::string& path, const std::string& root) {
  return path == root || root == "/" || (path.starts_with(root) && path[root.size()] == '/');
}

bool isArchiveName(std::string_view path) {
  const auto folded = ascii::lower(path);
  return std::any_of(std::begin(kArchiveSuffixes), std::end(kArchiveSuffixes),
                     [&](std::string_view suffix) { return folded.ends_with(suffix); });
}

// Opens an absolute path without following a link anywhere on the way.
Descriptor openWithoutLinks(const std::string& path) {
  Descriptor folder(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::size_t start = 1;
  while (true) {
    const auto end = std::min(path.find('/', start), path.size());
    const bool last = end == path.size();
    const auto name = start == end ? std::string(".") : path.substr(start, end - start);
    struct stat facts {};
    if (!folder || ::fstatat(folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
      throw unreadable(path, errno);
    if (S_ISLNK(facts.st_mode)) throw refusal("skill_link_refused", path.substr(0, end));
    if (last && !S_ISDIR(facts.st_mode) && !S_ISREG(facts.st_mode)) throw refusal("skill_special_file_refused", path);
    const int how = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    Descriptor next(::openat(folder.get(), name.c_str(), how | O_NOFOLLOW | O_CLOEXEC));
    if (!next) throw unreadable(path, errno);
    folder = std::move(next);
    if (last) return folder;
    start = end + 1;
  }
}

bool isSame(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

// At most `most` + 1 bytes of a file that stays as it is meanwhile.
std::string readWhole(const Descriptor& file, std::size_t most, std::string_view shown) {
  struct stat before {};
  if (::fstat(file.get(), &before) != 0) throw unreadable(shown, errno);
  if (!S_ISREG(before.st_mode)) throw refusal("skill_special_file_refused", shown);
  std::string bytes;
  while (bytes.size() <= most) {
    const auto old = bytes.size();
    bytes.resize(old + std::min(kPiece, most + 1 - old));
    const auto got = ::read(file.get(), bytes.data() + old, bytes.size() - old);
    if (got < 0 && errno != EINTR) throw unreadable(shown, errno);
    bytes.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  struct stat after {};
  if (::fstat(file.get(), &after) != 0) throw unreadable(shown, errno);
  const bool whole = bytes.size() > most || bytes.size() == static_cast<std::size_t>(after.st_size);
  if (!whole || before.st_size != after.st_size || !isSame(before.st_mtim, after.st_mtim) ||
      !isSame(before.st_ctim, after.st_ctim)) {
    throw refusal("skill_file_changed", shown);
  }
  return bytes;
}

class Walk {
 public:
  explicit Walk(const Cancellation& cancelled) : cancelled_(cancelled) {}

  void folder(Descriptor opened, const std::string& path, int level) {
    if (level > kMaxLevels) throw refusal("skill_too_deep", path).with("most", kMaxLevels);
    const int fd = opened.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd), ::closedir);
    if (!listing) throw unreadable(path.empty() ? "." : path, errno);
    opened.release();
    for (const auto& name : names(listing.get(), path)) {
      cancelled_.check();
      entry(fd, name, path.empty() ? name : path + '/' + name, level);
    }
  }

  Bundle finish() && { return std::move(builder_).finish(); }

 private:
  // Sorted, so that the same directory is always refused for the same reason.
  std::vector<std::string> names(DIR* listing, const std::string& path) {
    std::vector<std::string> all;
    while (true) {
      errno = 0;
      const dirent* next = ::readdir(listing);
      if (next == nullptr) break;
      const std::string name = next->d_name;
      if (name == "." || name == ".." || isIgnoredName(name)) continue;
      if (all.size() > kMaxFiles + kMaxFolders)
        throw mortise::Problem(422, "skill_too_many_files").with("most", kMaxFiles);
      all.push_back(name);
    }
    if (errno != 0) throw unreadable(path, errno);
    std::sort(all.begin(), all.end());
    return all;
  }

  void entry(int folderFd, const std::string& name, const std::string& path, int level) {
    struct stat facts {};
    if (::fstatat(folderFd, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) throw unreadable(path, errno);
    if (S_ISLNK(facts.st_mode)) throw refusal("skill_link_refused", path);
    if (S_ISDIR(facts.st_mode)) {
      if (++folders_ > kMaxFolders) throw mortise::Problem(422, "skill_too_many_folders").with("most", kMaxFolders);
      Descriptor next(::openat(folderFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) throw unreadable(path, errno);
      return folder(std::move(next), path, level + 1);
    }
    if (!S_ISREG(facts.st_mode)) throw refusal("skill_special_file_refused", path);
    // O_NONBLOCK: should it have become a pipe since, nothing waits for its other end.
    const Descriptor file(::openat(folderFd, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) throw unreadable(path, errno);
    builder_.add(path, readWhole(file, builder_.room(), path));
  }

  const Cancellation& cancelled_;
  BundleBuilder builder_;
  std::size_t folders_ = 0;
};

}  // namespace

LocalSource::LocalSource(const std::vector<std::string>& roots) {
  for (const auto& root : roots) roots_.push_back(resolved(root));
}

void LocalSource::checkRoots(const std::string& path) const {
  const auto holds = [&](const std::string& root) { return isBelow(path, root); };
  if (!roots_.empty() && std::none_of(roots_.begin(), roots_.end(), holds))
    throw refusal("skill_local_outside_roots", path);
}

std::string LocalSource::normalisedRef(std::string_view ref) const {
  const auto path = ref.starts_with(kScheme) ? ref.substr(kScheme.size()) : ref;
  if (!path.starts_with('/')) throw refusal("skill_local_relative", ref);
  const bool hidden = path.find('\0') != std::string_view::npos;
  if (hidden || path.size() >= PATH_MAX) throw refusal("skill_local_missing", path);
  const auto absolute = resolved(std::string(path));
  checkRoots(absolute);
  return std::string(kScheme) + absolute;
}

Bundle LocalSource::read(const std::string& ref, const Cancellation& cancelled) const {
  const auto path = ref.substr(std::min(kScheme.size(), ref.size()));
  checkRoots(path);
  auto opened = openWithoutLinks(path);
  struct stat facts {};
  if (::fstat(opened.get(), &facts) != 0) throw unreadable(path, errno);
  if (S_ISDIR(facts.st_mode)) {
    Walk walk(cancelled);
    walk.folder(std::move(opened), "", 1);
    return std::move(walk).finish();
  }
  if (!isArchiveName(path)) throw refusal("skill_local_not_folder", path);
  const auto bytes = readWhole(opened, kMaxArchiveBytes, path);
  if (bytes.size() > kMaxArchiveBytes)
    throw refusal("skill_archive_too_large", path).with("most", kMaxArchiveBytes >> 20);
  return bundleOfArchive(bytes, cancelled);
}

}  // namespace skills
