#include "sandbox/session_boxes.hpp"

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/problem.hpp>

#include <exception>
#include <filesystem>
#include <utility>

#include "sandbox/local_driver.hpp"
#include "sandbox/remote_driver.hpp"

namespace agent::sandbox {
namespace {

constexpr std::chrono::minutes kSweepEvery{1};

std::unique_ptr<Driver> chosenDriver(mortise::Host host, mortise::Log log) {
  const auto config = host.config();
  const auto kind = config.text("sandbox");
  if (kind == "off") return nullptr;
  if (kind == "remote")
    return std::make_unique<RemoteDriver>(host.httpClient(), std::string(config.text("sandbox_address")));
  LocalOptions options;
  const auto data = std::filesystem::absolute(config.server("data.dir").value_or(".")).string();
  options.directory = boxesDirectory(config.text("sandbox_directory"), data);
  options.root = config.text("sandbox_root");
  options.uidBase = static_cast<uid_t>(config.integer("sandbox_uid_base"));
  options.limits = config.text("sandbox_limits");
  options.memory = static_cast<std::uint64_t>(config.size("sandbox_memory"));
  options.processes = static_cast<std::uint32_t>(config.integer("sandbox_processes"));
  options.cpuPercent = static_cast<std::uint32_t>(config.integer("sandbox_cpu"));
  options.workspaceBytes = static_cast<std::uint64_t>(config.size("sandbox_workspace"));
  options.workspaceFiles = static_cast<std::uint64_t>(config.integer("sandbox_files"));
  options.browser = config.boolean("sandbox_browser");
  options.browserMemory = static_cast<std::uint64_t>(config.size("sandbox_browser_memory"));
  options.browserProcesses = static_cast<std::uint32_t>(config.integer("sandbox_browser_processes"));
  options.boxes = static_cast<std::size_t>(config.integer("sandbox_boxes"));
  options.ttl = std::chrono::duration_cast<std::chrono::seconds>(config.duration("sandbox_ttl"));
  return std::make_unique<LocalDriver>(std::move(options), log);
}

std::vector<Capability> capabilitiesOf(Driver* driver) {
  if (driver != nullptr) return driver->capabilities();
  const char* why = "this server makes no boxes for sessions (agent.sandbox)";
  return {{"files", false, why}, {"shell", false, why}, {"browser", false, why}, {"desktop", false, why}};
}

}  // namespace

void SessionBoxes::start(std::function<bool(std::string_view sessionId)> lives) {
  driver_ = chosenDriver(host_, log_);
  if (!driver_) return;
  sweeping_ = std::make_unique<Periodic>();
  sweeping_->start(kSweepEvery, [this, lives = std::move(lives)] {
    try {
      driver_->sweep(lives);
    } catch (const std::exception& error) {
      log_.warning("boxes can't be swept; the next sweep tries again", {{"reason", error.what()}});
    }
  });
}

void SessionBoxes::stop() {
  sweeping_.reset();
  driver_.reset();
}

std::vector<Capability> SessionBoxes::capabilities() { return capabilitiesOf(driver_.get()); }

std::vector<Capability> SessionBoxes::tryOut() const { return capabilitiesOf(chosenDriver(host_, log_).get()); }

std::shared_ptr<Sandbox> SessionBoxes::open(std::string_view sessionId) {
  if (!driver_) throw mortise::Problem(503, "sandbox_unavailable").with("reason", "agent.sandbox is off");
  return driver_->open(sessionId);
}

std::shared_ptr<Sandbox> SessionBoxes::find(std::string_view sessionId) {
  return driver_ ? driver_->find(sessionId) : nullptr;
}

void SessionBoxes::remove(std::string_view sessionId) {
  if (driver_) driver_->remove(sessionId);
}

void SessionBoxes::sweep(const std::function<bool(std::string_view sessionId)>& lives) {
  if (driver_) driver_->sweep(lives);
}

}  // namespace agent::sandbox
