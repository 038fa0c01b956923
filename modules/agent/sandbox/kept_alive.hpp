// Sandbox services that somebody uses without calls of their API: who looks at a desktop, or drives a browser.
#pragma once

#include <mortise/http_client.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace agent::sandbox {

// A service prolongs a sandbox's time by three minutes for each call of its API, unless somebody set that time. Therefore
// a service in use is asked for something small, which changes nothing, now and then. What it answers does not matter.
// One thread asks one after another, in the order in which they were used.
class KeptAlive {
 public:
  // `every`: how often a service is asked at most; `again`: how long one that did not answer is left alone.
  explicit KeptAlive(mortise::HttpClient http, std::chrono::milliseconds every = std::chrono::minutes(2),
                     std::chrono::milliseconds again = std::chrono::seconds(20));
  ~KeptAlive() { stop(); }
  KeptAlive(const KeptAlive&) = delete;
  KeptAlive& operator=(const KeptAlive&) = delete;

  // [any] The service whose API is at `api` is used now. Waits for nothing.
  void touch(const std::string& api);
  // [worker] Asks nothing any more.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Service {
    Clock::time_point restsUntil{};
    bool isDue = false;  // until it answered, or did not
  };

  void run();
  bool ask(const std::string& api) const;

  const mortise::HttpClient http_;
  const std::chrono::milliseconds every_;
  const std::chrono::milliseconds again_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Service> services_;  // by their API
  std::deque<std::string> due_;              // the first is asked next
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agent::sandbox
