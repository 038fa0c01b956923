#include "core/plugin/scratch_services.hpp"

#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/config/config.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/ops/health.hpp"
#include "core/ops/metrics.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/registry.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/blobs/blobs.hpp"
#include "core/services/cache/cache.hpp"
#include "core/services/events/events.hpp"
#include "core/services/http_client/http_client.hpp"
#include "core/services/jobs/jobs.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/mail/mail.hpp"
#include "core/services/objects/local_objects.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::plugin {
namespace {

constexpr const char* kUrl = "http://localhost:8000";

config::Config defaults(const Manifest& manifest) {
  config::Table table;
  for (const auto& option : config::kernelOptions()) table.add(option);
  for (const auto& option : manifest.options) table.add(option);
  std::vector<config::Refusal> refusals;
  auto config = config::Reader(config::Sources{}).read(table, true, {}, refusals);
  if (!refusals.empty()) throw std::runtime_error("the defaults of the options don't fit: " + refusals.front().text);
  return config;
}

}  // namespace

struct ScratchServices::Parts {
  config::Config config;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<identity::Identity> identity;
  std::unique_ptr<services::Limits> limits;
  std::unique_ptr<services::Cache> cache;
  std::unique_ptr<services::Blobs> blobs;
  std::unique_ptr<services::Objects> objects;
  services::Events events;
  services::HttpClient httpClient{services::HttpClientOptions{}};
  std::unique_ptr<services::Jobs> jobs;
  services::Secrets secrets{randomBytes(32)};
  std::unique_ptr<services::Mailer> mailer;
  ops::Registry metrics;
  ops::Health health;
  std::unique_ptr<services::Audit> audit;
  ProvidedInterfaces provided;
};

ScratchServices::ScratchServices(const std::string& directory, const Manifest& manifest, const ScratchOptions& options)
    : parts_(std::make_unique<Parts>()) {
  auto& parts = *parts_;
  parts.config = defaults(manifest);
  db::Options database;
  database.url = options.databaseUrl.empty() ? "sqlite:" + directory + "/scratch.db" : options.databaseUrl;
  database.connections = options.connections;
  parts.database = db::Database::open(database);
  db::migrate(*parts.database, "kernel", identity::kernelMigrations());
  identity::Options identity;
  identity.secret = randomBytes(32);
  identity.argon2Memory = 8 << 20;  // no real passwords here
  identity.argon2Passes = 1;
  identity.revisionFile = options.revisionFile;
  parts.identity = std::make_unique<identity::Identity>(*parts.database, identity);
  identity::FeatureTiers features;
  for (const auto& feature : manifest.features) features.emplace(feature.name, feature.tier);
  parts.identity->features().declare(std::move(features));
  parts.mailer = services::Mailer::open("outbox:" + directory + "/outbox", "check@example.org",
                                        {*parts.database, parts.secrets, "check", nullptr});
  parts.limits = services::Limits::inMemory(1000);
  parts.cache = services::Cache::open("memory:");
  parts.blobs = services::Blobs::open("file:" + directory + "/blobs");
  parts.objects = std::make_unique<services::LocalObjects>(services::LocalObjectsOptions{
      directory + "/buckets", "default", randomBytes(32), [] { return std::string(kUrl); }});
  parts.jobs = std::make_unique<services::Jobs>(*parts.database, services::JobsOptions{});
  parts.audit = std::make_unique<services::Audit>(*parts.database);

  services_.config = &parts.config;
  services_.database = parts.database.get();
  services_.identity = parts.identity.get();
  services_.mailer = parts.mailer.get();
  services_.limits = parts.limits.get();
  services_.cache = parts.cache.get();
  services_.blobs = parts.blobs.get();
  services_.objects = parts.objects.get();
  services_.events = &parts.events;
  services_.httpClient = &parts.httpClient;
  services_.jobs = parts.jobs.get();
  services_.secrets = &parts.secrets;
  services_.audit = parts.audit.get();
  services_.metrics = &parts.metrics;
  services_.health = &parts.health;
  services_.provided = &parts.provided;
  services_.server = {{"server.name", "mortise"},
                      {"data.dir", directory},
                      {"server.version", MORTISE_VERSION},
                      {"http.public_url", kUrl}};
}

ScratchServices::~ScratchServices() = default;

db::Database& ScratchServices::database() { return *parts_->database; }

}  // namespace mortise::plugin
