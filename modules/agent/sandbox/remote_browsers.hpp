// The browsers of sandbox services that sessions use: one client for each browser, kept between calls.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "browser/browser.hpp"
#include "sandbox/remote_service.hpp"

namespace agent::sandbox {

// Any number of threads may use it.
class RemoteBrowsers {
 public:
  static constexpr std::size_t kMaxClients = 64;  // clients at once; one that nobody uses makes room
  static constexpr std::chrono::minutes kIdle{60};

  // [any] The client of the service's browser, which connects when it is first used. Sessions that share a service share
  // it. Problem 503 sandbox_busy.
  std::shared_ptr<browser::Browser> of(const RemoteService& service, std::string_view sessionId);
  // [worker] The session has gone; its service's browser is another one's, or ends with the service.
  void forget(const RemoteService& service, std::string_view sessionId);
  // [worker] Lets go of clients that nobody used for kIdle, or whose session is gone.
  void sweep(const std::function<bool(std::string_view sessionId)>& lives);

 private:
  struct Held {
    std::string sessionId;  // empty: all of them
    std::shared_ptr<browser::Browser> browser;
    std::chrono::steady_clock::time_point usedAt;
  };

  std::mutex mutex_;
  std::map<std::string, Held, std::less<>> held_;  // by the address of the browser
};

}  // namespace agent::sandbox
