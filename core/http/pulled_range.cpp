#include "core/http/pulled_range.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace mortise::http {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kSmallPiece = 64 << 10;

}  // namespace

PulledRange::PulledRange(std::shared_ptr<ByteSource> source, std::uint64_t offset, std::uint64_t length,
                         WorkerPool& readers, Budget budget, std::function<void()> arrived)
    : source_(std::move(source)),
      readers_(readers),
      budget_(budget),
      arrived_(std::move(arrived)),
      next_(offset),
      end_(offset + length) {}

PulledRange::~PulledRange() {
  for (Slot& slot : slots_) release(slot);
}

void PulledRange::release(Slot& slot) {
  budget_.buffered.fetch_sub(slot.counted, std::memory_order_relaxed);
  slot = Slot();
}

void PulledRange::pull() {
  for (std::size_t turn = 0; turn < slots_.size(); ++turn) {
    const std::size_t index = (first_ + turn) % slots_.size();
    {
      const std::lock_guard lock(mutex_);
      Slot& slot = slots_[index];
      if (slot.state != State::empty || next_ >= end_ || !failure_.empty()) continue;
      const bool narrow = budget_.buffered.load(std::memory_order_relaxed) > budget_.total / 2;
      slot.counted = std::min<std::uint64_t>(narrow ? kSmallPiece : kPiece, end_ - next_);
      slot.offset = std::exchange(next_, next_ + slot.counted);
      slot.state = State::pulling;
      budget_.buffered.fetch_add(slot.counted, std::memory_order_relaxed);
    }
    if (!readers_.post([self = shared_from_this(), index] { self->fetch(index); })) {
      const std::lock_guard lock(mutex_);
      failure_ = "the server is stopping";
    }
  }
}

// [reader thread] The slot belongs to this thread while it is `pulling`.
void PulledRange::fetch(std::size_t index) {
  Slot& slot = slots_[index];
  std::size_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    size = slot.counted;
  }
  std::string bytes(size, '\0');
  std::string failure;
  try {
    const std::size_t count = source_->read(slot.offset, bytes);
    if (count < bytes.size()) failure = "it ended before its size";
  } catch (const std::exception& error) {
    failure = error.what();
  }
  std::function<void()> notify;
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    if (failure.empty()) {
      slot.bytes = std::move(bytes);
      slot.state = State::ready;
    } else if (failure_.empty()) {
      failure_ = std::move(failure);
    }
    notify = arrived_;
  }
  notify();
}

std::string_view PulledRange::ready() {
  const std::lock_guard lock(mutex_);
  const Slot& slot = slots_[first_];
  return slot.state == State::ready ? std::string_view(slot.bytes).substr(slot.sent) : std::string_view();
}

void PulledRange::consume(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[first_];
    slot.sent += bytes;
    if (slot.sent < slot.bytes.size()) return;
    release(slot);
    first_ = (first_ + 1) % slots_.size();
  }
  pull();
}

std::string PulledRange::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void PulledRange::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  arrived_ = nullptr;
  for (Slot& slot : slots_) {
    budget_.buffered.fetch_sub(std::exchange(slot.counted, 0), std::memory_order_relaxed);
  }
}

}  // namespace mortise::http
