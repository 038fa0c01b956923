// The programs of MCP servers that run now: how many there may be, and a table of them for status and metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace agent::mcp {

// [any]
class LivingChildren {
 public:
  struct Child {
    std::string server;
    std::int64_t pid = 0;  // 0: it is in a box
  };
  // `most`: at once. `changed`: called with their number after each change; it may not call back.
  explicit LivingChildren(std::size_t most, std::function<void(std::int64_t count)> changed = {})
      : most_(most), changed_(std::move(changed)) {}

  // Room for one child, until it is destroyed. What made it outlives it.
  class Place {
   public:
    Place(LivingChildren& all, std::uint64_t number) : all_(all), number_(number) {}
    ~Place() { all_.leave(number_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    // Its process, when it is one of this machine.
    void isProcess(std::int64_t pid) { all_.name(number_, pid); }

   private:
    LivingChildren& all_;
    const std::uint64_t number_;
  };
  // Throws Failure gone when as many live as may.
  std::unique_ptr<Place> enter(const std::string& server);

  std::vector<Child> all() const;
  // "2: files (pid 12), search (in a box)".
  std::string description() const;

 private:
  void leave(std::uint64_t number);
  void name(std::uint64_t number, std::int64_t pid);

  const std::size_t most_;
  const std::function<void(std::int64_t count)> changed_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Child> byNumber_;
  std::uint64_t last_ = 0;
};

}  // namespace agent::mcp
