#include "watchdog.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fd.hpp"

namespace agent::sandbox {
namespace {

constexpr std::size_t kMaxProcesses = 40000;
constexpr std::size_t kMaxDescriptors = 20000;

std::string contentOf(const std::string& path) {
  std::string out;
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[4096];
  for (ssize_t size; file && (size = read(file.get(), bytes, sizeof bytes)) > 0;)
    out.append(bytes, static_cast<std::size_t>(size));
  return out;
}

std::uint64_t kilobytes(std::string_view status, std::string_view name) {
  const auto at = status.find(name);
  return at == std::string_view::npos ? 0 : std::strtoull(status.data() + at + name.size(), nullptr, 10);
}

void addChildren(pid_t pid, std::vector<pid_t>& into) {
  const auto tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* const threads = opendir(tasks.c_str());
  if (threads == nullptr) return;
  while (const dirent* const entry = readdir(threads)) {
    if (entry->d_name[0] == '.') continue;
    const auto text = contentOf(tasks + "/" + entry->d_name + "/children");
    const char* at = text.c_str();
    for (char* end = nullptr; into.size() < kMaxProcesses; at = end) {
      const auto child = std::strtol(at, &end, 10);
      if (end == at) break;
      into.push_back(static_cast<pid_t>(child));
    }
  }
  closedir(threads);
}

std::vector<pid_t> allBelow(pid_t root) {
  std::vector<pid_t> all{root};
  for (std::size_t i = 0; i < all.size(); ++i) addChildren(all[i], all);
  return all;
}

}  // namespace

std::uint64_t memoryBelow(pid_t root) {
  std::uint64_t sum = 0;
  for (const auto pid : allBelow(root)) {
    const auto status = contentOf("/proc/" + std::to_string(pid) + "/status");
    sum += kilobytes(status, "\nRssAnon:") + kilobytes(status, "\nRssShmem:");
  }
  return sum * 1024;
}

std::uint64_t deletedBelow(pid_t root, dev_t device, std::uint64_t most) {
  std::set<std::pair<dev_t, ino_t>> counted;
  std::uint64_t sum = 0;
  std::size_t seen = 0;
  for (const auto pid : allBelow(root)) {
    const auto path = "/proc/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> list(opendir(path.c_str()), &closedir);
    while (const dirent* const entry = list ? readdir(list.get()) : nullptr) {
      if (entry->d_name[0] == '.') continue;
      if (++seen > kMaxDescriptors) return most + 1;
      const auto file = path + "/" + entry->d_name;
      struct stat info {};
      if (stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 0) continue;
      struct statfs system {};
      if (info.st_dev != device && (statfs(file.c_str(), &system) != 0 || system.f_type == TMPFS_MAGIC)) continue;
      if (!counted.emplace(info.st_dev, info.st_ino).second) continue;
      sum += static_cast<std::uint64_t>(info.st_blocks) * 512;
      if (sum > most) return sum;
    }
  }
  return sum;
}

}  // namespace agent::sandbox
