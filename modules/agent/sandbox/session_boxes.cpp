#include "sandbox/session_boxes.hpp"

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/metrics.hpp>
#include <mortise/problem.hpp>

#include <exception>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "egress/proxy.hpp"
#include "sandbox/local_driver.hpp"
#include "sandbox/remote_driver.hpp"

namespace agent::sandbox {
namespace {

constexpr std::chrono::minutes kSweepEvery{1};

// The way out of boxes, with a line in the log and counts for each connection; none where the operator wants none.
std::shared_ptr<egress::Proxy> chosenEgress(mortise::Host host, mortise::Log log) {
  const auto config = host.config();
  if (config.text("sandbox_egress") == "off") return nullptr;
  egress::ProxyOptions options;
  const auto read = [](const char* option, const auto& work) {
    try {
      work();
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(std::string("agent.") + option + ": " + error.what());
    }
  };
  const auto allowed = config.list("sandbox_egress_allow"), denied = config.list("sandbox_egress_deny"),
             addresses = config.list("sandbox_egress_addresses");
  read("sandbox_egress_allow", [&] { egress::HostRules(allowed, {}); });
  read("sandbox_egress_deny", [&] { options.hosts = egress::HostRules(allowed, denied); });
  read("sandbox_egress_addresses", [&] { options.reach = egress::Reach(addresses); });
  if (allowed.empty() && addresses.empty())
    log.warning("boxes have a proxy and may reach nothing: agent.sandbox_egress_allow is empty");
  options.bytes = static_cast<std::uint64_t>(config.size("sandbox_egress_bytes"));
  options.connections = static_cast<std::size_t>(config.integer("sandbox_egress_connections"));
  const auto metrics = host.metrics();
  std::map<egress::Outcome, mortise::Counter> ended;
  for (const auto outcome : egress::kOutcomes)
    ended.emplace(outcome,
                  metrics.counter("egress_connections_total", "Connections of boxes through the proxy that ended",
                                  {{"outcome", std::string(egress::nameOf(outcome))}}));
  const auto bytes = [&](std::string direction) {
    return metrics.counter("egress_bytes_total", "Bytes of boxes through the proxy",
                           {{"direction", std::move(direction)}});
  };
  options.open = [open = metrics.gauge("egress_connections", "Connections of boxes through the proxy now")](
                     std::int64_t count) { open.set(count); };
  options.ended = [log, ended = std::move(ended), sent = bytes("sent"),
                   received = bytes("received")](const egress::Ended& one) {
    ended.at(one.outcome).add();
    sent.add(one.sent);
    received.add(one.received);
    log.info("a connection of a box ended", {{"session", one.session},
                                             {"host", one.target},
                                             {"outcome", egress::nameOf(one.outcome)},
                                             {"sent", one.sent},
                                             {"received", one.received},
                                             {"ms", one.lasted.count()}});
  };
  return std::make_shared<egress::Proxy>(std::move(options));
}

std::unique_ptr<Driver> chosenDriver(mortise::Host host, mortise::Log log, const std::string& limits) {
  const auto config = host.config();
  const auto kind = config.text("sandbox");
  if (kind == "off") return nullptr;
  if (kind == "remote") {
    const RemoteAddresses addresses{config.text("sandbox_address"), config.text("sandbox_browser_address"),
                                    config.text("sandbox_desktop_address")};
    try {
      return std::make_unique<RemoteDriver>(host.httpClient(), addresses, config.boolean("sandbox_browser"));
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(error.what());
    }
  }
  LocalOptions options;
  const auto data = std::filesystem::absolute(config.server("data.dir").value_or(".")).string();
  options.directory = boxesDirectory(config.text("sandbox_directory"), data);
  options.root = config.text("sandbox_root");
  options.uidBase = static_cast<uid_t>(config.integer("sandbox_uid_base"));
  options.limits = limits;
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
  options.egress = chosenEgress(host, log);
  return std::make_unique<LocalDriver>(std::move(options), log);
}

std::vector<Capability> capabilitiesOf(Driver* driver) {
  if (driver != nullptr) return driver->capabilities();
  const char* why = "this server makes no boxes for sessions (agent.sandbox)";
  return {{"files", false, why}, {"shell", false, why}, {"browser", false, why}, {"desktop", false, why}};
}

}  // namespace

void SessionBoxes::start(std::function<bool(std::string_view sessionId)> lives) {
  driver_ = chosenDriver(host_, log_, host_.config().text("sandbox_limits"));
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

std::vector<Capability> SessionBoxes::tryOut() const {
  // Control groups would be made where the command runs: with the operator's own programs in them.
  return capabilitiesOf(chosenDriver(host_, log_, "watchdog").get());
}

Driver& SessionBoxes::driver() {
  if (driver_) return *driver_;
  const bool off = host_.config().text("sandbox") == "off";
  throw mortise::Problem(off ? 409 : 503, "sandbox_unavailable")  // while it is off, trying again is of no use
      .with("reason", off ? "agent.sandbox is off" : "boxes are made by a server that runs");
}

std::shared_ptr<Sandbox> SessionBoxes::open(std::string_view sessionId) { return driver().open(sessionId); }

std::shared_ptr<Sandbox> SessionBoxes::openForProgram(std::string_view name) { return driver().openForProgram(name); }

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
