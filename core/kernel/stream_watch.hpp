// Ends event streams and WebSockets whose caller lost the right to them: signed out, banned, deleted, a new password, a
// key revoked or expired, a role without the permission. Costs nothing per message: one thread checks all of them, only
// after a change where changes are visible (SQLite), else every few seconds with a few queries for all callers
// together.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/problem.hpp"
#include "core/contract/operation.hpp"
#include "core/http/exchange.hpp"
#include "core/identity/identity.hpp"

namespace mortise::kernel {

class StreamWatch {
 public:
  struct Times {
    std::chrono::milliseconds look{500};        // for changes that are visible
    std::chrono::milliseconds poll{2500};       // of a database whose changes are not
    std::chrono::milliseconds recheck{10'000};  // for changes that no counter shows: made by hand in the database
  };
  // Throws the Problem of the permission check.
  using Permission = std::function<void(const contract::Operation&, const identity::PrincipalPtr&)>;

  StreamWatch(identity::Identity& identity, Permission permission);
  StreamWatch(identity::Identity& identity, Permission permission, Times times);
  ~StreamWatch();
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;

  // How a stream ends whose caller lost the right to it. Each event is complete in itself; half a download must look like
  // half a download.
  enum class Ending : std::uint8_t { whole, cut };

  // What the right to a stream rests on.
  struct Right {
    identity::PrincipalPtr principal;
    contract::OperationPtr operation;
    std::vector<std::string> permissions;  // that permitted() confirmed to the handler
  };
  // [any] Watches it until it is closed. An anonymous principal is not watched.
  void add(std::shared_ptr<http::Stream> stream, Ending ending, Right right);
  void add(std::shared_ptr<http::WebSocket> socket, Right right);

  std::size_t watched() const;
  std::uint64_t ended() const { return ended_.load(std::memory_order_relaxed); }
  // How often the database was asked.
  std::uint64_t checks() const { return checks_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<http::Stream> stream;  // exactly one of the two is set
    std::shared_ptr<http::WebSocket> socket;
    Right right;
    Ending ending = Ending::whole;
    bool unchecked = true;  // not checked since it was opened

    bool open() const { return stream ? stream->open() : socket->open(); }
    void end(const Problem& problem) const;
  };
  void add(Entry entry);
  void run();
  void look();
  std::vector<Entry> due(Clock::time_point now, std::optional<std::uint64_t> revision);
  void check(std::vector<Entry> entries);
  // Throws the Problem of what is missing.
  void requireStill(const Right& right, const identity::PrincipalPtr& principal) const;

  identity::Identity& identity_;
  const Permission permission_;
  const Times times_;
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> checks_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> entries_;
  bool stopping_ = false;
  // Used by the thread only.
  std::uint64_t seenRevision_ = 0;
  Clock::time_point checkedAt_{};
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace mortise::kernel
