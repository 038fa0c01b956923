// A range of bytes on another machine, sent to one client: reader threads pull it, at most two pieces ahead of the
// client, so that neither a slow client nor a slow store occupies a thread or much memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/byte_source.hpp"
#include "core/base/worker_pool.hpp"

namespace mortise::http {

class PulledRange : public std::enable_shared_from_this<PulledRange> {
 public:
  struct Budget {
    std::atomic<std::size_t>& buffered;  // counts buffered bytes of all replies of the server
    std::size_t total;                   // above half of it pieces are small
  };
  // `arrived` is called on a reader thread after each piece, and on failure.
  PulledRange(std::shared_ptr<ByteSource> source, std::uint64_t offset, std::uint64_t length, WorkerPool& readers,
              Budget budget, std::function<void()> arrived);
  ~PulledRange();
  PulledRange(const PulledRange&) = delete;
  PulledRange& operator=(const PulledRange&) = delete;

  // I/O thread. Starts to pull; again after each consume().
  void pull();
  // The next bytes for the client, valid until consume(); empty: none have arrived yet, or pulling has failed.
  std::string_view ready();
  void consume(std::size_t bytes);
  // Why the rest can't be pulled; empty: it can.
  std::string failure();
  // The client is gone.
  void abandon();

 private:
  enum class State : std::uint8_t { empty, pulling, ready };
  struct Slot {
    State state = State::empty;
    std::uint64_t offset = 0;
    std::string bytes;
    std::size_t sent = 0;
    std::size_t counted = 0;  // in the budget
  };
  void fetch(std::size_t index);
  void release(Slot& slot);  // mutex held

  const std::shared_ptr<ByteSource> source_;
  WorkerPool& readers_;
  const Budget budget_;
  std::mutex mutex_;
  std::function<void()> arrived_;
  std::array<Slot, 2> slots_;  // used in turn
  std::size_t first_ = 0;      // the slot whose bytes the client gets next
  std::uint64_t next_;         // start of the next pull
  const std::uint64_t end_;
  std::string failure_;
  bool abandoned_ = false;
};

}  // namespace mortise::http
