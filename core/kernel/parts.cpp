#include "core/kernel/parts.hpp"

#include <chrono>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/kernel/gauges.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/service_status.hpp"

namespace mortise::kernel {
namespace {

constexpr std::chrono::milliseconds kCheckLimit{2000};

std::unique_ptr<services::Limits> openLimits(const config::Config& config, services::Cache& cache,
                                             const services::Secrets& secrets) {
  const auto pool = cache.redisPool();
  if (!pool || config.text("limits.store") == "memory") return services::Limits::inMemory();
  return services::Limits::inRedis(pool, secrets.derive("limits"));
}

services::HttpClientOptions httpClientOptions(const config::Config& config) {
  services::HttpClientOptions options;
  options.allowPrivate = config.boolean("http_client.allow_private");
  options.userAgent = "mortise/" MORTISE_VERSION;
  return options;
}

services::MailerOptions mailerOptions(const config::Config& config, PartsOf user) {
  services::MailerOptions options;
  options.sends = user == PartsOf::server;
  options.queueLength = static_cast<std::size_t>(config.integer("mail.queue_length"));
  return options;
}

}  // namespace

Parts::Parts(const Plan& plan, Stores& stores, std::string nodeId, PartsOf user)
    : node(std::move(nodeId)),
      boot(uuid4()),
      cache(services::Cache::open(plan.config().text("cache.url"))),
      limits(openLimits(plan.config(), *cache, stores.secrets)),
      slots(*limits),
      storage(
          openStorage({plan.config(), stores.secrets,
                       [this, &config = plan.config()] { return clientUrl(config, baseUrl); }, &stopping, &metrics})),
      events(services::EventsOptions{}, cache->redisPool()),
      mailer(services::Mailer::open(
          plan.config().text("mail.url"), plan.config().text("mail.from"),
          {*stores.database, stores.secrets, user == PartsOf::server ? node : std::string(), &metrics},
          mailerOptions(plan.config(), user))),
      httpClient(httpClientOptions(plan.config())),
      jobEngine(plan.config(), *stores.database, events, metrics, node, boot),
      health(std::chrono::seconds(1), &metrics) {
  health.add("database", true, kCheckLimit,
             [&database = *stores.database, product = stores.database->product()](std::chrono::milliseconds limit) {
               const auto trouble = database.trouble(limit);
               return ops::CheckResult{trouble.empty(), trouble.empty() ? product : product + ": " + trouble};
             });
  if (cache->redisPool()) {
    health.add("redis", false, kCheckLimit, [this](std::chrono::milliseconds) {
      cache->ping();
      return ops::CheckResult{true, "Redis"};
    });
  }
  // Several servers share one store: its failure must not take all of them out of a load balancer.
  health.add("object_store", false, kCheckLimit, storage.check);
  if (mailer->configured()) {
    health.add("mail", false, kCheckLimit, [this](std::chrono::milliseconds) {
      auto trouble = mailer->trouble();
      return ops::CheckResult{trouble.empty(), trouble.empty() ? "mails are delivered" : std::move(trouble)};
    });
  }
  for (const auto& name : serviceNames()) health.reserve(name);  // the kernel's own names are taken already
  addMailGauges(metrics, *mailer);
}

Parts::~Parts() {
  mailer->stop(std::chrono::seconds(5));
  events.stop();
}

std::string clientUrl(const config::Config& config, const plugin::BaseUrl& baseUrl) {
  if (const auto* known = baseUrl.value()) return {known->as.text.data, known->as.text.size};
  return publicUrl(config);
}

}  // namespace mortise::kernel
