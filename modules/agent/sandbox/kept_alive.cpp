#include "sandbox/kept_alive.hpp"

#include <mortise/json.hpp>

#include <pthread.h>

#include <algorithm>

#include "sandbox/box_arguments.hpp"

namespace agent::sandbox {
namespace {

constexpr std::chrono::seconds kLimit{5};  // for an answer
constexpr std::uint64_t kMostAnswer = 64U << 10U;

}  // namespace

KeptAlive::KeptAlive(mortise::HttpClient http, std::chrono::milliseconds every)
    : http_(http), every_(every), thread_([this] { run(); }) {}

void KeptAlive::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KeptAlive::touch(const std::string& api) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    auto& service = services_[api];
    if (service.isDue || (service.askedAt != Clock::time_point{} && now - service.askedAt < every_)) return;
    service = {now, true};
    std::erase_if(services_,
                  [&](const auto& item) { return !item.second.isDue && now - item.second.askedAt >= every_; });
  }
  changed_.notify_all();
}

void KeptAlive::run() {
  pthread_setname_np(pthread_self(), "agent-alive");
  const auto due = [this] {
    return std::find_if(services_.begin(), services_.end(), [](const auto& item) { return item.second.isDue; });
  };
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || due() != services_.end(); });
    if (stopping_) return;
    const auto api = due()->first;
    lock.unlock();
    const bool answered = ask(api);
    lock.lock();
    auto& service = services_[api];
    service.isDue = false;
    if (!answered) service.askedAt = {};  // the next touch tries again
  }
}

bool KeptAlive::ask(const std::string& api) const {
  mortise::HttpRequest request;
  request.url = api + "/api/file/check-file-exists";
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = mortise::json::object({{"filepath", kHome}}).text();
  request.connectTimeout = request.timeout = kLimit;
  request.maxResponse = kMostAnswer;
  request.stopped = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  try {
    http_.perform(request);
    return true;
  } catch (const mortise::HttpClient::Error&) {  // whoever uses it finds out, too
    return false;
  }
}

}  // namespace agent::sandbox
