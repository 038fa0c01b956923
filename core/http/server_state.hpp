// State that all I/O threads of one server share. Atomics only, apart from the address table, which each connection uses
// twice.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/network_address.hpp"
#include "core/base/worker_pool.hpp"
#include "core/http/body_budget.hpp"
#include "core/http/head_parser.hpp"
#include "core/http/server.hpp"

namespace mortise::http {

// Counts connections per client: an IPv6 client by its /64, and by its /56 against kSiteFactor times the limit.
class AddressTable {
 public:
  bool enter(std::string_view address, std::size_t limit) {
    const auto client = ClientNetworks::of(address);
    const std::lock_guard lock(mutex_);
    if (of(client.nearest) >= limit || of(client.site) >= limit * ClientNetworks::kSiteFactor) return false;
    ++counts_[client.nearest];
    if (!client.site.empty()) ++counts_[client.site];
    return true;
  }
  void leave(std::string_view address) {
    const auto client = ClientNetworks::of(address);
    const std::lock_guard lock(mutex_);
    for (const auto* network : {&client.nearest, &client.site}) {
      const auto entry = counts_.find(*network);
      if (entry != counts_.end() && --entry->second == 0) counts_.erase(entry);
    }
  }

 private:
  std::size_t of(const std::string& network) const {
    const auto entry = counts_.find(network);
    return entry == counts_.end() ? 0 : entry->second;
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

// Peers that stand for many clients are counted by no address.
inline bool standsForOneClient(const Peer& peer, const ServerOptions& options) {
  const auto address = NetworkAddress::parse(peer.address);
  if (peer.isUnix || !address || address->isLoopback()) return false;
  return !options.isProxy || !options.isProxy(peer);
}

struct ServerState {
  ServerState(ServerOptions o, Application& a) : options(std::move(o)), application(a), bodies(options.bodyMemory) {
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
  BodyBudget bodies;

  // Writes bodies to disk and hashes them, which takes whole cores under many uploads: other threads go first.
  static constexpr std::size_t kSpoolThreads = 2;
  static constexpr int kSpoolNiceness = 5;
  const std::shared_ptr<WorkerPool> spools = std::make_shared<WorkerPool>(
      "spool", kSpoolThreads, kTransferQueue, &ServerState::logTransferFailure, kSpoolNiceness);

  // Reads replies whose bytes are on another machine. The threads start with the first such reply.
  WorkerPool& readers();
  // Called once the I/O threads have ended: callbacks of running reads then do nothing.
  void stopTransfers();

 private:
  // A task per body or reply, and one per file that is let go: a form has 100 at most.
  static constexpr std::size_t kTransferQueue = 1 << 16;
  static void logTransferFailure(const std::exception_ptr& failure);

  std::mutex readersMutex_;
  std::unique_ptr<WorkerPool> readers_;
};

}  // namespace mortise::http
