#include "workspace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>

namespace agent::sandbox {
namespace {

constexpr int kMaxLevels = 128;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory listing(int directory) {
  const int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return nullptr;
  Directory out(fdopendir(copy));
  if (!out) close(copy);
  return out;
}

std::vector<std::string> namesIn(int directory, std::size_t most) {
  std::vector<std::string> out;
  const auto list = listing(directory);
  while (list && out.size() < most) {
    const dirent* const entry = readdir(list.get());
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") out.emplace_back(name);
  }
  return out;
}

// A directory whose owner took its own rights away, when the server is that owner.
void allowEntry(int directory, const char* name) {
  const Fd path(openat(directory, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
  if (path) chmod(("/proc/self/fd/" + std::to_string(path.get())).c_str(), 0700);
}

// A directory of the box, also one whose owner took its own rights away.
Fd enter(int directory, const char* name) {
  auto below = openDirectoryBelow(directory, name);
  if (!below && errno != EACCES) return below;
  if (below && faccessat(below.get(), ".", F_OK, 0) == 0) return below;
  allowEntry(directory, name);
  return openDirectoryBelow(directory, name);
}

std::runtime_error failure(const std::string& what) { return std::runtime_error(what + ": " + std::strerror(errno)); }

}  // namespace

Fd openDirectoryBelow(int directory, const char* name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(syscall(SYS_openat2, directory, name, &how, sizeof how)));
}

bool emptyDirectory(int directory) {
  unsigned moved = 0;
  constexpr std::size_t kStep = 4096;
  for (;;) {
    const auto names = namesIn(directory, kStep);
    if (names.empty()) return true;
    std::size_t gone = 0;
    for (const auto& name : names) {
      if (unlinkat(directory, name.c_str(), 0) == 0 || unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) {
        ++gone;
        continue;
      }
      allowEntry(directory, name.c_str());
      const auto below = openDirectoryBelow(directory, name.c_str());
      if (!below) continue;
      // Directories inside move up, so that no depth needs a descriptor or a stack frame per level.
      for (const auto& inner : namesIn(below.get(), kStep)) {
        if (unlinkat(below.get(), inner.c_str(), 0) == 0 || unlinkat(below.get(), inner.c_str(), AT_REMOVEDIR) == 0) {
          ++gone;
          continue;
        }
        allowEntry(below.get(), inner.c_str());
        // The box may have files of such names: the next number is free at last.
        bool taken = true;
        while (taken) {
          const auto place = ".removed-" + std::to_string(++moved);
          const bool done = renameat(below.get(), inner.c_str(), directory, place.c_str()) == 0;
          if (done) ++gone;
          taken = !done && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
        }
      }
      if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) ++gone;
    }
    if (gone == 0) return false;
  }
}

Workspaces::Workspaces(std::string directory, uid_t uidBase) : directory_(std::move(directory)), uidBase_(uidBase) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  root_ = Fd(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_) throw failure(directory_);
  // Boxes pass through; they can't list it.
  if (fchmod(root_.get(), geteuid() == 0 ? 0711 : 0700) != 0) throw failure(directory_);
}

std::string Workspaces::unreachable() const {
  if (geteuid() != 0) return {};
  for (auto path = std::filesystem::absolute(directory_); path != path.root_path(); path = path.parent_path()) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0 && (info.st_mode & S_IXOTH) == 0)
      return "the users of boxes can't pass through " + path.string() +
             ": chmod o+x it, or set agent.sandbox_directory to another one";
  }
  return {};
}

bool Workspaces::isName(std::string_view session) {
  return !session.empty() && session.size() <= 64 && std::all_of(session.begin(), session.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::vector<std::string> Workspaces::sessions() const {
  auto names = namesIn(root_.get(), std::size_t{1} << 20);
  std::erase_if(names, [](const std::string& name) { return !isName(name); });
  return names;
}

// The owners of the directories that there are say which ids are taken.
uid_t Workspaces::freeUser() const {
  std::set<uid_t> taken;
  for (const auto& session : sessions()) {
    struct stat info {};
    if (fstatat(root_.get(), (session + "/home").c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) taken.insert(info.st_uid);
  }
  for (uid_t i = 0; i < kUsers; ++i) {
    if (!taken.contains(uidBase_ + i)) return uidBase_ + i;
  }
  throw std::runtime_error("all " + std::to_string(kUsers) + " user ids of boxes are taken");
}

Workspace Workspaces::prepare(std::string_view session) {
  if (!isName(session)) throw std::runtime_error("a session's id is no name of a directory");
  const std::string name(session);
  Workspace out{directory_ + "/" + name, directory_ + "/" + name + "/home", directory_ + "/" + name + "/tmp",
                geteuid()};
  // Ids are chosen one after another, also by other servers on the same directory.
  const Fd lock(openat(root_.get(), ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || flock(lock.get(), LOCK_EX) != 0) throw failure(directory_ + "/.lock");
  const bool root = geteuid() == 0;
  if (mkdirat(root_.get(), name.c_str(), 0711) != 0 && errno != EEXIST) throw failure(out.path);
  const auto own = openDirectoryBelow(root_.get(), name.c_str());
  if (!own) throw failure(out.path);
  fchmod(own.get(), root ? 0711 : 0700);
  struct stat info {};
  const bool there = fstatat(own.get(), "home", &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (root) {
    const bool owned = there && info.st_uid != 0;
    // As another user a box would reach what that user has on this machine.
    if (owned && (info.st_uid < uidBase_ || info.st_uid - uidBase_ >= kUsers))
      throw std::runtime_error(out.home + " belongs to user " + std::to_string(info.st_uid) +
                               ", which is none of the boxes' (agent.sandbox_uid_base)");
    out.user = owned ? info.st_uid : freeUser();
  }
  for (const auto* part : {"tmp", "home"}) {  // home last: its owner is what the others look at
    if (mkdirat(own.get(), part, 0700) != 0 && errno != EEXIST) throw failure(out.path + "/" + part);
    const auto directory = enter(own.get(), part);
    if (!directory) throw failure(out.path + "/" + part);
    if (root && fchown(directory.get(), out.user, out.user) != 0) throw failure(out.path + "/" + part);
    fchmod(directory.get(), 0700);
    // Locks of a box that is gone name processes that the next one has again.
    if (part == std::string_view("tmp") && !emptyDirectory(directory.get()))
      throw std::runtime_error(out.temporary + " can't be emptied");
  }
  return out;
}

Fd Workspaces::egress(std::string_view session, std::string& path) {
  const std::string name(session);
  path = directory_ + "/" + name + "/egress";
  const auto own = openDirectoryBelow(root_.get(), name.c_str());
  if (!own || (mkdirat(own.get(), "egress", 0711) != 0 && errno != EEXIST)) throw failure(path);
  auto out = openDirectoryBelow(own.get(), "egress");
  struct stat info {};
  if (!out || fstat(out.get(), &info) != 0) throw failure(path);
  if (info.st_uid != geteuid()) throw std::runtime_error(path + " belongs to another user");
  if (fchmod(out.get(), geteuid() == 0 ? 0711 : 0700) != 0) throw failure(path);
  if (!emptyDirectory(out.get())) throw std::runtime_error(path + " can't be emptied");
  return out;
}

bool Workspaces::remove(std::string_view session) {
  if (!isName(session)) return true;
  const std::string name(session);
  const auto own = openDirectoryBelow(root_.get(), name.c_str());
  if (!own) return errno == ENOENT;
  return emptyDirectory(own.get()) && (unlinkat(root_.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT);
}

namespace {

bool beyond(const Usage& usage, const Usage& most) { return usage.bytes > most.bytes || usage.files > most.files; }

void measureBelow(int directory, int level, const Usage& most, Usage& usage) {
  const auto list = listing(directory);
  if (!list && errno == EACCES) usage.files = most.files + 1;
  while (list && !beyond(usage, most)) {
    const dirent* const entry = readdir(list.get());
    if (entry == nullptr) return;
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    ++usage.files;
    struct stat info {};
    if (fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == EACCES) usage.files = most.files + 1;
      continue;
    }
    usage.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512 /
                   std::max<std::uint64_t>(1, S_ISDIR(info.st_mode) ? 1 : info.st_nlink);
    if (!S_ISDIR(info.st_mode)) continue;
    if (level >= kMaxLevels) {
      usage.files = most.files + 1;
      return;
    }
    if (const auto below = enter(directory, entry->d_name)) {
      measureBelow(below.get(), level + 1, most, usage);
    } else if (errno == EACCES) {  // closed again at once: what it hides counts as too much
      usage.files = most.files + 1;
    }
  }
}

}  // namespace

Usage Workspaces::measure(const Workspace& workspace, const Usage& most) {
  Usage usage;
  const Fd own(open(workspace.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const auto* part : {"home", "tmp"}) {
    if (const auto directory = own ? enter(own.get(), part) : Fd()) {
      measureBelow(directory.get(), 1, most, usage);
    } else if (errno == EACCES) {
      usage.files = most.files + 1;
    }
  }
  return usage;
}

}  // namespace agent::sandbox
