// State that all I/O threads of one server share. Atomics only, apart from the address table, which is off by default.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/base/worker_pool.hpp"
#include "core/http/head_parser.hpp"
#include "core/http/server.hpp"

namespace mortise::http {

// Counts connections per client address. Used only when `maxConnectionsPerAddress` is set.
class AddressTable {
 public:
  bool enter(const std::string& address, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = counts_[address];
    if (count >= limit) return false;
    ++count;
    return true;
  }
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto entry = counts_.find(address);
    if (entry != counts_.end() && --entry->second == 0) counts_.erase(entry);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

struct ServerState {
  ServerState(ServerOptions o, Application& a) : options(std::move(o)), application(a) {
    headLimits.requestLine = options.maxRequestLine;
    headLimits.target = options.maxTarget;
    headLimits.head = options.maxHead;
    headLimits.fields = options.maxFields;
  }

  const ServerOptions options;
  HeadLimits headLimits;
  Application& application;
  ServerCounters counters;
  std::atomic<std::size_t> buffered{0};  // bytes waiting in all output queues
  std::atomic<std::uint64_t> nextConnection{1};
  std::atomic<bool> draining{false};
  AddressTable addresses;

  // Writes bodies to disk.
  static constexpr std::size_t kSpoolThreads = 2;
  WorkerPool spools{"spool", kSpoolThreads, kTransferQueue, &ServerState::logTransferFailure};

  // Reads replies whose bytes are on another machine. The threads start with the first such reply.
  WorkerPool& readers();
  // Called once the I/O threads have ended: callbacks of running reads then do nothing.
  void stopTransfers();

 private:
  static constexpr std::size_t kTransferQueue = 1 << 16;  // one task per body or reply, and there are fewer of those
  static void logTransferFailure(const std::exception_ptr& failure);

  std::mutex readersMutex_;
  std::unique_ptr<WorkerPool> readers_;
};

}  // namespace mortise::http
