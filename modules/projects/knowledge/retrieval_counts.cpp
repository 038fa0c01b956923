#include "knowledge/retrieval_counts.hpp"

#include <exception>
#include <utility>

#include "in_parts.hpp"

namespace projects {
namespace {

constexpr std::size_t kWrittenAtOnce = 500;  // others write in between

}  // namespace

void RetrievalCounts::start() {
  thread_ = std::thread([this] { run(); });
}

void RetrievalCounts::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  write();
}

void RetrievalCounts::add(const std::vector<std::int64_t>& ids) {
  const std::lock_guard lock(mutex_);
  const bool wasEmpty = counts_.empty();
  for (const auto id : ids) keep(id, 1);
  if (wasEmpty) wake_.notify_all();
}

void RetrievalCounts::keep(std::int64_t id, std::int64_t times) {
  if (counts_.size() < kMaxEntries || counts_.contains(id)) counts_[id] += times;
}

void RetrievalCounts::run() {
  for (std::unique_lock lock(mutex_); !stopping_;) {
    wake_.wait(lock, [this] { return stopping_ || !counts_.empty(); });
    wake_.wait_for(lock, kPause, [this] { return stopping_; });
    lock.unlock();
    write();
    lock.lock();
  }
}

void RetrievalCounts::write() {
  std::map<std::int64_t, std::int64_t> counts;
  {
    const std::lock_guard lock(mutex_);
    counts.swap(counts_);
  }
  std::map<std::int64_t, std::vector<std::int64_t>> alike;  // a count to its entries
  for (const auto& [id, count] : counts) alike[count].push_back(id);
  try {
    for (const auto& [count, ids] : alike) {
      inParts(ids, kWrittenAtOnce, [&, times = count](const std::vector<std::int64_t>& part) {
        entries_.countRetrieved(part, times);
        for (const auto id : part) counts.erase(id);
      });
    }
    told_ = false;
  } catch (const std::exception& error) {
    // It is tried again each second: the same failure is told once.
    if (!std::exchange(told_, true)) tell_(error.what(), counts.size());
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [id, count] : counts) keep(id, count);
}

}  // namespace projects
