#include "sandbox/kept_alive.hpp"

#include <mortise/json.hpp>

#include <pthread.h>

#include <utility>

#include "sandbox/box_arguments.hpp"

namespace agent::sandbox {
namespace {

constexpr std::chrono::seconds kLimit{5};  // for an answer
constexpr std::uint64_t kMaxAnswer = 64U << 10U;

}  // namespace

KeptAlive::KeptAlive(mortise::HttpClient http, std::chrono::milliseconds every, std::chrono::milliseconds again)
    : http_(http), every_(every), again_(again), thread_([this] { run(); }) {}

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
    if (service.isDue || now < service.restsUntil) return;
    service = {now + every_, true};
    due_.push_back(api);
    std::erase_if(services_, [&](const auto& item) { return !item.second.isDue && now >= item.second.restsUntil; });
  }
  changed_.notify_all();
}

void KeptAlive::run() {
  pthread_setname_np(pthread_self(), "agent-alive");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !due_.empty(); });
    if (stopping_) return;
    const auto api = std::move(due_.front());
    due_.pop_front();
    lock.unlock();
    const bool answered = ask(api);
    lock.lock();
    auto& service = services_[api];
    service.isDue = false;
    if (!answered) service.restsUntil = Clock::now() + again_;
  }
}

bool KeptAlive::ask(const std::string& api) const {
  mortise::HttpRequest request;
  request.url = api + "/api/file/check-file-exists";
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = mortise::json::object({{"filepath", kHome}}).text();
  request.connectTimeout = request.timeout = kLimit;
  request.maxResponse = kMaxAnswer;
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
