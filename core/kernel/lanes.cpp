#include "core/kernel/lanes.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "core/kernel/option_values.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {
namespace {

// Only hashing uses whole cores for a long time, so everything else goes first.
constexpr int kPasswordNiceness = 10;

unsigned workerThreads(const config::Config& config) {
  const auto threads = static_cast<unsigned>(config.integer("http.workers"));
  return threads > 0 ? threads : std::max(4u, 2 * std::max(1u, std::thread::hardware_concurrency()));
}

void logFailedTask(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("a task failed", {{"reason", error.what()}});
  } catch (...) {
    log::error("a task failed", {{"reason", "unknown"}});
  }
}

}  // namespace

Lanes::Lanes(const config::Config& config, std::atomic<bool>& stopping)
    : stopping_(stopping),
      workers_("worker", workerThreads(config), static_cast<std::size_t>(config.integer("http.queue")), logFailedTask,
               0, static_cast<std::size_t>(config.integer("http.outbound"))),
      passwords_("password", passwordThreads(config),
                 static_cast<std::size_t>(config.integer("identity.password_queue")), logFailedTask,
                 kPasswordNiceness) {}

Lanes::~Lanes() { stop(); }

void Lanes::stop() {
  stopping_ = true;
  workers_.stop();
  passwords_.stop();
}

}  // namespace mortise::kernel
