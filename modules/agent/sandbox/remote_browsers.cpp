#include "sandbox/remote_browsers.hpp"

#include <mortise/problem.hpp>

#include <fcntl.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace agent::sandbox {
namespace {

using mortise::Problem;
using Clock = std::chrono::steady_clock;

browser::Started connect(const RemoteService& service, const browser::StartOrder& order) {
  try {
    auto down = service.openBrowser(order.stopped);
    Fd up(fcntl(down.get(), F_DUPFD_CLOEXEC, 3));
    if (!up) throw Problem(503, "sandbox_busy").retryAfter(5).note("no descriptor is left");
    return {std::move(down), std::move(up), {}};
  } catch (const Problem& problem) {
    throw Problem(503, "browser_unavailable")
        .with("reason", "the sandbox service has no browser that answers")
        .note(problem.note());
  }
}

}  // namespace

std::shared_ptr<browser::Browser> RemoteBrowsers::of(const RemoteService& service, std::string_view sessionId) {
  std::shared_ptr<browser::Browser> gone;  // outlives the lock
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (const auto entry = held_.find(service.browser()); entry != held_.end()) {
    entry->second.usedAt = now;
    return entry->second.browser;
  }
  if (held_.size() >= kMaxClients) {
    auto oldest = held_.end();
    for (auto it = held_.begin(); it != held_.end(); ++it) {
      if (it->second.browser.use_count() > 1 || it->second.browser->isHeld()) continue;
      if (oldest == held_.end() || it->second.usedAt < oldest->second.usedAt) oldest = it;
    }
    if (oldest == held_.end()) throw Problem(503, "sandbox_busy").retryAfter(5).note("too many browsers are in use");
    gone = std::move(oldest->second.browser);
    held_.erase(oldest);
  }
  browser::BrowserOptions options;
  options.served = true;
  auto browser = std::make_shared<browser::Browser>(
      std::move(options), [service](const browser::StartOrder& order) { return connect(service, order); });
  held_[service.browser()] = {service.shared() ? std::string() : std::string(sessionId), browser, now};
  return browser;
}

void RemoteBrowsers::forget(const RemoteService& service, std::string_view sessionId) {
  std::shared_ptr<browser::Browser> gone;
  const std::lock_guard lock(mutex_);
  const auto entry = held_.find(service.browser());
  if (entry == held_.end()) return;
  if (entry->second.sessionId.empty()) return entry->second.browser->personGives(sessionId);
  gone = std::move(entry->second.browser);
  held_.erase(entry);
}

void RemoteBrowsers::sweep(const std::function<bool(std::string_view sessionId)>& lives) {
  std::vector<std::pair<std::string, std::string>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, held] : held_) all.emplace_back(address, held.sessionId);
  }
  for (const auto& [address, sessionId] : all) {
    const bool without = !sessionId.empty() && !lives(sessionId);
    std::shared_ptr<browser::Browser> gone;
    const std::lock_guard lock(mutex_);
    const auto entry = held_.find(address);
    if (entry == held_.end()) continue;
    const bool idle = entry->second.browser.use_count() == 1 && !entry->second.browser->isHeld() &&
                      Clock::now() - entry->second.usedAt >= kIdle;
    if (!without && !idle) continue;
    gone = std::move(entry->second.browser);
    held_.erase(entry);
  }
}

}  // namespace agent::sandbox
