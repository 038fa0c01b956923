// The services that modules and requests use. Members are in the order of their start: each uses only earlier ones, and
// they end in reverse.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/kernel/job_engine.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/storage.hpp"
#include "core/kernel/stores.hpp"
#include "core/ops/health.hpp"
#include "core/ops/metrics.hpp"
#include "core/plugin/base_url.hpp"
#include "core/services/cache/cache.hpp"
#include "core/services/events/events.hpp"
#include "core/services/http_client/http_client.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/limits/slots.hpp"
#include "core/services/mail/mail.hpp"

namespace mortise::kernel {

// What uses them: a server, or one command beside it, which queues mails and does nothing in the background.
enum class PartsOf : std::uint8_t { server, command };

struct Parts {
  // `nodeId`: this server among those that share the database; of a command another one each time. Throws the services'
  // exceptions when they can't start. `plan` and `stores` must outlive it.
  Parts(const Plan& plan, Stores& stores, std::string nodeId, PartsOf user = PartsOf::server);
  ~Parts();  // sends mails that are due for at most five seconds
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  const std::string node;
  const std::string boot;  // this start of the server
  // Outlives what its gauges read; it is rendered only while the server listens.
  ops::Registry metrics;
  plugin::BaseUrl baseUrl;
  std::atomic<bool> stopping{false};  // set: ends work with remote peers
  std::unique_ptr<services::Cache> cache;
  std::unique_ptr<services::Limits> limits;
  services::Slots slots;
  Storage storage;
  services::Events events;
  std::unique_ptr<services::Mailer> mailer;
  services::HttpClient httpClient;
  JobEngine jobEngine;
  ops::Health health;

  services::Jobs& jobs() { return jobEngine.jobs(); }
};

// The URL of this server for clients, without a slash at the end: http.public_url, else the address it listens on;
// empty before it listens, and when it listens on Unix sockets only.
std::string clientUrl(const config::Config& config, const plugin::BaseUrl& baseUrl);

}  // namespace mortise::kernel
