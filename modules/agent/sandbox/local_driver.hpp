// Boxes on this machine: bubblewrap without rights around a helper (docs/decisions/0033-boxes-for-agents.md).
#pragma once

#include <mortise/log.hpp>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "box.hpp"
#include "box_limits.hpp"
#include "box_thread.hpp"
#include "egress/proxy.hpp"
#include "periodic.hpp"
#include "sandbox.hpp"
#include "workspace.hpp"

namespace agent::sandbox {

struct LocalOptions {
  std::string directory;        // of the workspaces; boxesDirectory()
  std::string root = "/";       // whose /usr the boxes see
  std::string bubblewrap{};     // empty: from PATH
  uid_t uidBase = 200000;       // first of Workspaces::kUsers, when the server is root
  std::string limits = "auto";  // or cgroup2, cgroup1, watchdog
  std::uint64_t memory = 512ULL << 20;
  std::uint32_t processes = 128;
  std::uint32_t cpuPercent = 100;
  std::uint64_t workspaceBytes = 1ULL << 30;
  std::uint64_t workspaceFiles = 200000;
  std::size_t boxes = 16;
  // Whether boxes may have a browser, where this machine has one; their limits are these then, where they are higher.
  bool browser = false;
  std::uint64_t browserMemory = 2ULL << 30;
  std::uint32_t browserProcesses = 512;
  std::chrono::seconds ttl{3600};
  std::chrono::milliseconds measureEvery{5000};
  // After which a box that nobody uses may make room for another session: without a running command, and with one.
  std::chrono::milliseconds idleSpared{std::chrono::minutes(5)};
  std::chrono::milliseconds busySpared{std::chrono::minutes(15)};
  std::shared_ptr<egress::Proxy> egress{};  // none: boxes have no network
};

// Where workspaces lie: `setting`, else below `dataDirectory`; a server that is root has them elsewhere, because its boxes have
// users of their own, and only the server enters dataDirectory.
std::string boxesDirectory(const std::string& setting, const std::string& dataDirectory);

class LocalDriver final : public Driver {
 public:
  LocalDriver(LocalOptions options, mortise::Log log);
  ~LocalDriver() override;

  std::vector<Capability> capabilities() override;
  std::shared_ptr<Sandbox> open(std::string_view sessionId) override;
  std::shared_ptr<Sandbox> openForProgram(std::string_view name) override;
  std::shared_ptr<Sandbox> find(std::string_view sessionId) override;
  void remove(std::string_view sessionId) override;
  void sweep(const std::function<bool(std::string_view sessionId)>& lives) override;

  // The same box as open() gives, for tests of its processes.
  std::shared_ptr<BoxProcess> process(std::string_view sessionId);

 private:
  struct Setup;
  // When a box was used, shared with the box.
  struct Life {
    std::mutex mutex;
    Clock::time_point usedAt = Clock::now();
    Clock::time_point endsAt{};
  };
  struct Entry {
    bool changing = false;  // a thread opens or removes it
    bool program = false;   // openForProgram()
    std::shared_ptr<BoxProcess> process{};
    std::shared_ptr<Box> box{};
    std::shared_ptr<egress::Proxy::Way> way{};
    std::shared_ptr<Life> life{};
    Workspace workspace{};
    Usage before{};
  };

  // What boxes may take, with or without a browser.
  std::uint64_t memory(bool program) const;
  std::uint32_t processes(bool program) const;
  const Setup& setup();
  std::unique_ptr<Setup> makeSetup();
  std::shared_ptr<BoxProcess> start(const Setup& setup, const Workspace& workspace, bool program,
                                    const std::string& egressDirectory = {});
  std::shared_ptr<Sandbox> openAs(std::string_view sessionId, bool program);
  void makeRoom(std::unique_lock<std::mutex>& lock);
  Entry& take(std::unique_lock<std::mutex>& lock, const std::string& session);
  void fill(Entry& entry, const std::string& session);
  void measureWorkspaces();
  void measureMemory();

  LocalOptions options_;
  mortise::Log log_;
  std::string browserProgram_;  // as boxes see it; empty: they have none
  BoxThread thread_;
  std::mutex setupMutex_;
  std::unique_ptr<Setup> setup_;
  std::string setupFault_;
  Clock::time_point setupTriedAt_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> entries_;
  Periodic workspaceGuard_;
  Periodic memoryGuard_;
};

}  // namespace agent::sandbox
