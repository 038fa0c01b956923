#include "core/kernel/listening.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/contract/openapi.hpp"
#include "core/kernel/builtin.hpp"
#include "core/kernel/gauges.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/permission_check.hpp"
#include "core/kernel/start_error.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {
namespace {

namespace fs = std::filesystem;
using Targets = std::unordered_map<const contract::Operation*, Target>;

// The handler of each operation: in the kernel or in its module.
Targets targetsOf(const Plan& plan, Stores& stores, Parts& parts, const RunningModules& modules,
                  const Routing& routing) {
  const auto& config = plan.config();
  const auto& url = config.text("http.public_url");
  const auto document = std::make_shared<const std::string>(
      contract::mergedOpenApi(routing.routes.documents(), MORTISE_VERSION, url.empty() ? "/" : url));
  const auto builtin = builtins({parts.health, parts.metrics, stores.identity, stores.audit, parts.storage.localObjects,
                                 document, config.text("http.metrics_access") == "open", plan.assetDirectory()});
  Targets targets;
  for (const auto& operation : routing.routes.operations()) {
    Target target;
    if (operation->module == "kernel") {
      const auto function = builtin.find(operation->id);
      if (function == builtin.end())
        throw StartError({"kernel.yaml names operation " + operation->id + " that the kernel has no code for"});
      target.builtin = function->second;
    } else {
      target.module = modules.named(operation->module);
    }
    if (target.builtin || target.module) targets.emplace(operation.get(), std::move(target));
  }
  return targets;
}

DispatcherOptions dispatcherOptions(const config::Config& config) {
  DispatcherOptions options;
  options.maxBody = static_cast<std::uint64_t>(config.integer("http.max_body"));
  options.maxUpload = static_cast<std::uint64_t>(config.integer("http.max_upload"));
  options.requestTimeoutSeconds = static_cast<int>(config.integer("http.request_timeout") / 1000);
  options.csrfExemptBearer = config.boolean("identity.csrf_exempt_bearer");
  return options;
}

// Creates the folder of waiting uploads. This process holds the data lock, so files in it are left over from an earlier
// start.
std::string emptySpool(const std::string& dataDirectory) {
  const auto spool = dataDirectory + "/spool";
  fs::create_directories(spool);
  for (const auto& entry : fs::directory_iterator(spool)) {
    if (entry.is_regular_file()) fs::remove(entry.path());
  }
  return spool;
}

http::ServerOptions serverOptions(const Plan& plan, const TrustedProxies& proxies) {
  const auto& config = plan.config();
  const auto milliseconds = [&](const char* option) { return std::chrono::milliseconds(config.integer(option)); };
  http::ServerOptions options;
  options.listen = config.list("http.listen");
  options.socketFile = socketFile(config);
  const auto threads = static_cast<unsigned>(config.integer("http.io_threads"));
  options.ioThreads = threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency() / 2);
  options.maxConnections = static_cast<std::size_t>(config.integer("http.max_connections"));
  options.maxConnectionsPerAddress = static_cast<std::size_t>(config.integer("http.max_connections_per_address"));
  // Never less than what one client's single body needs.
  options.bodyMemory =
      static_cast<std::uint64_t>(std::max(config.integer("http.body_memory"), 2 * config.integer("http.max_body")));
  options.isProxy = [&proxies](const http::Peer& peer) { return proxies.trusts(peer); };
  options.streamBuffer = static_cast<std::size_t>(config.integer("http.stream_buffer"));
  options.headTimeout = options.firstByteTimeout = milliseconds("http.head_timeout");
  options.bodyIdleTimeout = milliseconds("http.body_timeout");
  options.idleTimeout = milliseconds("http.idle_timeout");
  options.writeTimeout = milliseconds("http.write_timeout");
  options.spoolDirectory = emptySpool(plan.dataDirectory());
  if (log::enabled(log::Level::debug)) options.loopWarning = std::chrono::milliseconds(5);
  return options;
}

// Empty when the server listens on Unix sockets only.
std::string urlOf(const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    if (!address.starts_with("unix:")) return "http://" + address;
  }
  return {};
}

}  // namespace

Listening::Listening(const Plan& plan, Stores& stores, Parts& parts, const RunningModules& modules,
                     const Routing& routing, Lanes& lanes)
    : lanes_(lanes),
      proxies_(plan.config().list("http.trusted_proxies")),
      cors_(plan.config().list("http.cors_origins")),
      log_(parts.metrics, routing.routes.operations(), plan.config().boolean("log.access")),
      streams_(stores.identity, checkPermission),
      answering_({routing.dialects, *routing.messages, cors_, proxies_, streams_}, publicUrl(plan.config()),
                 defaultLanguage(plan.config())),
      dispatcher_({routing.routes, answering_, stores.identity, *parts.limits, parts.slots, lanes.workers(),
                   lanes.passwords(), log_},
                  dispatcherOptions(plan.config()), targetsOf(plan, stores, parts, modules, routing)),
      server_(serverOptions(plan, proxies_), dispatcher_) {
  addLaneGauges(parts.metrics, lanes, stores.identity);
  addStreamGauges(parts.metrics, streams_);
  addSlotGauges(parts.metrics, routing.routes.documents(), parts.slots);
  addServerGauges(parts.metrics, server_);
  server_.start();
  auto url = clientUrl(plan.config(), parts.baseUrl);
  if (url.empty()) url = urlOf(server_.addresses());
  if (!url.empty()) parts.baseUrl.publish(std::move(url));
}

Listening::~Listening() {
  lanes_.stop();
  server_.stop();
}

void Listening::drain(std::chrono::seconds limit) {
  const auto cut = server_.drain(limit);
  if (cut > 0) log::warning("connections were cut because http.drain_seconds ran out", {{"connections", cut}});
}

}  // namespace mortise::kernel
