// Asks many servers at once, for a bounded time, and keeps what they said for a while.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "at_once.hpp"
#include "mcp/waiting.hpp"

namespace agent {

// [worker], any number of threads: those that come while servers are asked wait for the same answers.
template <class Answer>
class Probes {
 public:
  using Answers = std::shared_ptr<const std::vector<Answer>>;
  // Asks the server of that number and calls `tell` once with the answer; what it does after that nobody waits for. Does
  // not throw. Owns what it uses: it may outlast the call of get(), but not this object.
  using Ask =
      std::function<void(std::size_t index, const mcp::Waiting& waiting, const std::function<void(Answer)>& tell)>;

  Probes() = default;
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;
  ~Probes() { stop(); }

  // One answer for each of `count`; `late` for those that told nothing in time. `key`: says which servers they are, in
  // which version; other servers are asked anew.
  Answers get(const std::string& key, std::size_t count, const Ask& ask, const Answer& late) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return std::make_shared<const std::vector<Answer>>(count, late);
    if (answers_ && key == key_ && mcp::Waiting::Clock::now() < goodUntil_) return answers_;
    workers_.remove_if([](Worker& worker) {
      if (!*worker.over) return false;
      worker.thread.join();
      return true;
    });
    const auto round = std::make_shared<Round>(std::vector<Answer>(count, late), ask, stopped_);
    const auto threads = std::min(count, kMaxAtOnce);
    for (std::size_t i = 0; i < threads; ++i) {
      auto over = std::make_shared<std::atomic<bool>>(false);
      try {
        workers_.push_back({over, std::thread([round, over] {
                              round->work();
                              *over = true;
                            })});
      } catch (const std::system_error&) {
        if (i == 0) throw;
        break;  // those that run do it all
      }
    }
    answers_ = round->wait(count);
    key_ = key;
    goodUntil_ = mcp::Waiting::Clock::now() + kGoodFor;
    return answers_;
  }
  // Ends the waiting of what is asked, and returns when no thread asks any more; later, nothing is asked. [any]
  void stop() {
    stopped_ = true;
    const std::lock_guard lock(mutex_);
    for (auto& worker : workers_) worker.thread.join();
    workers_.clear();
  }

 private:
  static constexpr std::chrono::milliseconds kTime{7000};     // for a server to answer
  static constexpr std::chrono::milliseconds kMaxTime{8000};  // for all of it
  static constexpr std::chrono::seconds kGoodFor{30};

  struct Round {
    Round(std::vector<Answer> none, Ask how, const std::atomic<bool>& stopped)
        : ask(std::move(how)),
          waiting(mcp::Waiting::atMost(kTime, [&stopped] { return stopped.load(); })),
          answers(std::move(none)) {}
    void work() {
      for (std::size_t mine = next++; mine < answers.size(); mine = next++) {
        ask(mine, waiting, [&](Answer answer) {
          const std::lock_guard lock(mutex);
          if (!closed) answers[mine] = std::move(answer);
          ++told;
          changed.notify_all();
        });
      }
    }
    Answers wait(std::size_t count) {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, kMaxTime, [&] { return told >= count; });
      closed = true;
      return std::make_shared<const std::vector<Answer>>(answers);
    }

    const Ask ask;
    const mcp::Waiting waiting;
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Answer> answers;
    std::size_t told = 0;
    bool closed = false;
  };
  struct Worker {
    std::shared_ptr<std::atomic<bool>> over;
    std::thread thread;
  };

  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::string key_;
  Answers answers_;
  mcp::Waiting::Clock::time_point goodUntil_{};
  std::list<Worker> workers_;
};

}  // namespace agent
