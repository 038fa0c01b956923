#include "storage/skill_store.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "disk/disk_file.hpp"
#include "reading/skill_id.hpp"

namespace skills {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLock = ".lock";
constexpr const char* kGeneration = ".generation";
constexpr const char* kInUse = ".in-use";
constexpr std::string_view kStaged = ".tmp-";
constexpr std::string_view kReplaced = ".replaced-";
constexpr auto kPatience = 30s;
constexpr auto kPause = 2ms;
constexpr std::size_t kMaxGeneration = 256;

Descriptor openLock(int directory, const char* name) {
  Descriptor file(::openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) disk::failed(std::string("open ") + name, errno);
  return file;
}

bool exists(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

mortise::Problem busy() {
  return mortise::Problem(503, "unavailable").retryAfter(5).note("another process holds the lock of the skills");
}

}  // namespace

void SkillStore::open() {
  std::error_code error;
  std::filesystem::create_directories(root_, error);
  if (error) disk::failed("make " + root_, error.value());
  directory_ = Descriptor(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) disk::failed("open " + root_, errno);
  const auto held = lock();
  // A version that was put aside in the first of two steps, and the second one never came.
  for (const auto& name : disk::names(directory_.get())) {
    if (!name.starts_with(kReplaced)) continue;
    const auto id = name.substr(kReplaced.size());
    if (exists(directory_.get(), id)) continue;
    if (::renameat(directory_.get(), name.c_str(), directory_.get(), id.c_str()) != 0)
      disk::failed("rename " + name, errno);
  }
  removeLeftovers(held);
  touch();  // who crashed may not have come to it
}

SkillStore::Lock SkillStore::lock() const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::unique_lock mine(mutex_, std::try_to_lock);  // no timed_mutex: ThreadSanitizer does not know how that locks
  while (!mine.owns_lock()) {
    if (std::chrono::steady_clock::now() > end) throw busy();
    std::this_thread::sleep_for(kPause);
    static_cast<void>(mine.try_lock());
  }
  auto file = openLock(directory_.get(), kLock);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) disk::failed("lock the skills", errno);
    if (std::chrono::steady_clock::now() > end) throw busy();
    std::this_thread::sleep_for(kPause);
  }
  return {std::move(mine), std::move(file)};
}

SkillStore::Staged SkillStore::stage(const NewSkill& skill) const {
  auto staged = [&] {
    const auto held = lock();  // between making and marking it nobody may look for leftovers
    auto name = std::string(kStaged) + mortise::makeUuid();
    auto directory = disk::ensureDirectory(directory_.get(), name);
    auto inUse = openLock(directory.get(), kInUse);
    if (::flock(inUse.get(), LOCK_EX | LOCK_NB) != 0) disk::failed("lock " + name, errno);
    return Staged(this, std::move(name), std::move(directory), std::move(inUse));
  }();
  writeContent(staged.directory_.get(), skill);
  return staged;
}

SkillStore::Staged::~Staged() {
  if (store_ == nullptr) return;
  try {
    disk::removeTree(store_->directory_.get(), name_);
  } catch (const mortise::Problem&) {
    // It is a leftover then; the next start or clean-up removes it.
  }
}

void SkillStore::install(const Lock&, Staged staged, const SkillRecord& record) const {
  const int directory = staged.directory_.get();
  if (::unlinkat(directory, kInUse, 0) != 0) disk::failed("unmark " + staged.name_, errno);
  writeRecord(directory, record);  // syncs the directory, too
  swapIn(staged.name_, record.id);
  disk::sync(directory_.get());
  touch();
}  // `staged` goes, and with it the version that was replaced, which has its name now

void SkillStore::swapIn(const std::string& staged, const std::string& id) const {
  const int root = directory_.get();
  if (!exists(root, id)) {
    if (::renameat(root, staged.c_str(), root, id.c_str()) != 0) disk::failed("rename " + staged, errno);
    return;
  }
  if (swap_ == Swap::exchange) {
    if (::renameat2(root, staged.c_str(), root, id.c_str(), RENAME_EXCHANGE) == 0) return;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) disk::failed("exchange " + id, errno);
  }
  swapInTwoSteps(staged, id);
}

void SkillStore::swapInTwoSteps(const std::string& staged, const std::string& id) const {
  const int root = directory_.get();
  const auto aside = std::string(kReplaced) + id;
  disk::removeTree(root, aside);
  if (::renameat(root, id.c_str(), root, aside.c_str()) != 0) disk::failed("rename " + id, errno);
  if (::renameat(root, staged.c_str(), root, id.c_str()) != 0) {
    const int error = errno;
    ::renameat(root, aside.c_str(), root, id.c_str());
    disk::failed("rename " + staged, error);
  }
  disk::sync(root);
  disk::removeTree(root, aside);
}

void SkillStore::setRecord(const Lock&, const SkillRecord& record) const {
  const auto directory = openSkill(record.id);
  if (!directory) throw mortise::Problem(404, "skill_not_found");
  writeRecord(directory->get(), record);
  touch();
}

void SkillStore::setProvenance(const Lock&, const std::string& id, const Provenance& provenance) const {
  if (const auto directory = openSkill(id)) writeProvenance(directory->get(), provenance);
}

bool SkillStore::remove(const Lock&, const std::string& id) const {
  const int root = directory_.get();
  const auto aside = std::string(kStaged) + mortise::makeUuid();
  if (::renameat(root, id.c_str(), root, aside.c_str()) != 0) {
    if (errno == ENOENT) return false;
    disk::failed("remove " + id, errno);
  }
  disk::sync(root);
  touch();
  disk::removeTree(root, aside);
  return true;
}

bool SkillStore::isInUse(const std::string& name) const {
  const auto directory = disk::openDirectory(directory_.get(), name);
  if (!directory) return false;
  const Descriptor file(::openat(directory->get(), kInUse, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;
}

std::size_t SkillStore::removeLeftovers(const Lock&) const {
  std::size_t removed = 0;
  for (const auto& name : disk::names(directory_.get())) {
    const bool staged = name.starts_with(kStaged);
    if (!staged && !name.starts_with(kReplaced)) continue;
    if (staged && isInUse(name)) continue;
    disk::removeTree(directory_.get(), name);
    ++removed;
  }
  return removed;
}

std::vector<std::string> SkillStore::ids() const {
  std::vector<std::string> out;
  for (auto& name : disk::names(directory_.get())) {
    if (isSkillId(name)) out.push_back(std::move(name));
  }
  return out;
}

std::optional<Descriptor> SkillStore::openSkill(const std::string& id) const {
  if (!isSkillId(id)) return std::nullopt;
  return disk::openDirectory(directory_.get(), id);
}

void SkillStore::touch() const {
  // Not synced: after a power cut nobody is left who remembers the text before.
  const auto newName = std::string(kGeneration) + ".new";
  const Descriptor file(::openat(directory_.get(), newName.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) disk::failed("open " + newName, errno);
  const auto text = mortise::makeUuid();
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    disk::failed("write " + newName, errno);
  if (::renameat(directory_.get(), newName.c_str(), directory_.get(), kGeneration) != 0)
    disk::failed("rename " + newName, errno);
}

std::string SkillStore::generation() const {
  struct stat status {};
  if (::fstat(directory_.get(), &status) != 0) disk::failed("stat " + root_, errno);
  const auto text = disk::read(directory_.get(), kGeneration, kMaxGeneration).value_or("");
  return text + "@" + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace skills
