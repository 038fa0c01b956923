#include "core/kernel/kernel.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/worker_pool.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/contract/openapi.hpp"
#include "core/contract/route_table.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/dialect/dialect.hpp"
#include "core/http/server.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/answering.hpp"
#include "core/kernel/builtin.hpp"
#include "core/kernel/data_lock.hpp"
#include "core/kernel/dispatcher.hpp"
#include "core/kernel/module_set.hpp"
#include "core/kernel/node_identity.hpp"
#include "core/kernel/permission_check.hpp"
#include "core/kernel/scrub_job.hpp"
#include "core/kernel/secret_value.hpp"
#include "core/kernel/service_status.hpp"
#include "core/kernel/storage.hpp"
#include "core/ops/health.hpp"
#include "core/ops/log.hpp"
#include "core/ops/metrics.hpp"
#include "core/plugin/base_url.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/manifest_job.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/registry.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/cache/cache.hpp"
#include "core/services/events/events.hpp"
#include "core/services/http_client/http_client.hpp"
#include "core/services/jobs/jobs.hpp"
#include "core/services/jobs/time_zone.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/limits/slots.hpp"
#include "core/services/mail/mail.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::kernel {

namespace fs = std::filesystem;

StartError::StartError(std::vector<std::string> lines) : lines_(std::move(lines)) {
  for (const auto& line : lines_) text_ += (text_.empty() ? "" : "\n") + line;
}

namespace {

std::vector<std::string> refusalLines(const std::vector<config::Refusal>& refusals) {
  std::vector<std::string> lines;
  for (const auto& refusal : refusals)
    lines.push_back(refusal.where.empty() ? refusal.text : refusal.where + ": " + refusal.text);
  return lines;
}

constexpr std::size_t kLongestUpgradeUrl =
    300;  // so that it fits into mortise_error.details with what stands beside it
// Event by which servers tell each other that a job was changed.
constexpr const char* kJobsChanged = "kernel.jobs.changed";
constexpr const char* kNever = "off";  // blobs.scrub

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

unsigned passwordThreads(const config::Config& config) {
  const auto wanted = static_cast<unsigned>(config.integer("identity.password_concurrency"));
  return wanted > 0 ? wanted : std::max(2u, cores()) - 1;
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

contract::BucketOverrides bucketOverrides(const config::Config& config) {
  contract::BucketOverrides overrides;
  for (const auto& entry : config.list("limits.override")) {
    const auto where = "limits.override (" + config.origin("limits.override") + "): ";
    try {
      const auto [name, numbers] = contract::readOverride(entry);
      if (!overrides.emplace(name, numbers).second) throw std::runtime_error(name + " is given twice");
    } catch (const std::runtime_error& error) {
      throw StartError({where + error.what()});
    }
  }
  return overrides;
}

contract::SizeOptions sizeOptions(const plugin::Manifest& manifest, const config::Config& config) {
  contract::SizeOptions sizes;
  for (const auto& option : manifest.options) {
    if (option.type == config::Type::size)
      sizes.emplace(option.key, static_cast<std::uint64_t>(config.integer(option.name())));
  }
  return sizes;
}

// secrets.named: "module.name=value" or "module.name=@file". The value never appears in a message.
std::map<std::string, std::string, std::less<>> namedSecrets(const config::Config& config) {
  std::map<std::string, std::string, std::less<>> named;
  for (const auto& entry : config.list("secrets.named")) {
    const auto equals = entry.find('=');
    const auto name = entry.substr(0, equals);
    const auto where = "secrets.named (" + config.origin("secrets.named") + "): ";
    if (equals == std::string::npos || name.find('.') == std::string::npos) {
      throw StartError({where + "each entry must be MODULE.NAME=VALUE or MODULE.NAME=@FILE"});
    }
    std::string value;
    try {
      value = secretValue(entry.substr(equals + 1));
    } catch (const std::runtime_error& error) {
      throw StartError({where + name + " " + error.what()});
    }
    if (!named.emplace(name, std::move(value)).second) throw StartError({where + name + " is given twice"});
  }
  return named;
}

}  // namespace

struct Kernel::Implementation {
  explicit Implementation(KernelOptions given) : options(std::move(given)) {}

  KernelOptions options;
  config::Config config;
  std::string dataDirectory;
  ModuleSet modules;
  std::vector<std::string> refusals;
  std::vector<contract::CompiledDocument> documents;  // the kernel's first, then those of modules that may start
  dialect::Messages catalogue;
  identity::FeatureTiers features;  // of the modules that may start

  std::unique_ptr<DataLock> lock;
  std::string node;                  // this server among those that share the database
  const std::string boot = uuid4();  // this start of it
  std::unique_ptr<services::Secrets> secrets;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<identity::Identity> identity;
  std::unique_ptr<services::Audit> audit;

  // Running parts, in the order in which they start; they end in reverse.
  ops::Registry metrics;
  std::unique_ptr<ops::Health> health;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<WorkerPool> passwords;  // the lane `password`
  std::unique_ptr<services::Cache> cache;
  std::unique_ptr<services::Limits> limits;
  std::unique_ptr<services::Slots> slots;
  Storage storage;
  std::unique_ptr<services::Events> events;
  std::unique_ptr<services::Mailer> mailer;
  std::unique_ptr<services::HttpClient> httpClient;
  std::unique_ptr<services::Jobs> jobs;
  plugin::ProvidedInterfaces provided;
  std::unique_ptr<ScrubJob> scrub;
  plugin::BaseUrl baseUrl;
  std::vector<std::unique_ptr<plugin::ModuleInstance>> instances;  // in order of start
  std::shared_ptr<const dialect::Messages> messages;
  std::unique_ptr<dialect::Dialects> dialects;
  std::unique_ptr<contract::RouteTable> routes;
  std::unique_ptr<TrustedProxies> proxies;
  std::unique_ptr<Cors> cors;
  std::unique_ptr<RequestLog> requestLog;
  std::unique_ptr<StreamWatch> streams;
  std::unique_ptr<Answering> answering;
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<http::Server> server;
  std::atomic<bool> stopping{false};  // what goes on with peers elsewhere ends
  bool migrated = false;
  bool started = false;

  // --- prepare
  // ------------------------------------------------------------------------------------------------------------------------

  void readConfiguration();
  void checkModules();
  std::vector<std::string> moduleDirectories(const config::Config& first) const;
  void refuse(FoundModule& module, std::string sentence);
  void refuseUnknownFeatures();
  std::string upgradeUrl() const;
  std::string clientUrl() const;
  std::vector<const plugin::Manifest*> enabledManifests() const;
  FoundModule* found(std::string_view name);
  void addMessages(const plugin::Manifest& manifest);
  std::string assetDirectory() const;

  // --- start
  // --------------------------------------------------------------------------------------------------------------------------

  void openServices();
  void startModules();
  std::map<std::string, std::vector<std::string>> rolesByPermission() const;
  void checkValues() const;
  void checkOverrides(const contract::BucketOverrides& overrides) const;
  std::unique_ptr<plugin::ModuleInstance> bringUp(const FoundModule& module, const plugin::HostServices& services);
  void openJobEngine();
  void addKernelJobs();
  void compileRoutes();
  void listen();
  void stopModules();
  plugin::HostServices hostServices();
};

std::vector<std::string> Kernel::Implementation::moduleDirectories(const config::Config& first) const {
  auto directories = first.list("modules.path");
  if (!directories.empty()) return directories;
  for (const auto* beside : {"/modules", "/../lib/mortise/modules"}) {
    std::error_code failure;
    const auto path = options.programDirectory + beside;
    if (!options.programDirectory.empty() && fs::is_directory(path, failure)) {
      directories.push_back(fs::path(path).lexically_normal().string());
      break;
    }
  }
  return directories;
}

void Kernel::Implementation::refuse(FoundModule& module, std::string sentence) {
  module.refusal = sentence;
  log::error("module refused", {{"reason", sentence}});
  if (module.required)
    throw StartError({sentence, "module is listed in modules.required; the server does not start without it"});
  refusals.push_back(std::move(sentence));
}

std::vector<const plugin::Manifest*> Kernel::Implementation::enabledManifests() const {
  std::vector<const plugin::Manifest*> manifests;
  for (const auto& module : modules.all()) {
    if (module.enabled && module.refusal.empty() && module.manifest) manifests.push_back(module.manifest.get());
  }
  return manifests;
}

FoundModule* Kernel::Implementation::found(std::string_view name) {
  for (auto& module : modules.all()) {
    if (module.manifest && module.manifest->name == name && module.enabled && module.refusal.empty()) return &module;
  }
  return nullptr;
}

void Kernel::Implementation::readConfiguration() {
  const config::Reader reader(options.sources);
  config::Table table;
  for (const auto& option : config::kernelOptions()) table.add(option);
  std::vector<config::Refusal> refused;
  const auto first = reader.read(table, false, {}, refused);
  if (!refused.empty()) throw StartError(refusalLines(refused));

  if (!options.quiet) {
    bool known = false;
    const auto level = log::levelFrom(first.text("log.level"), known);
    log::configure(level, first.text("log.format") == "json" ? log::Format::json : log::Format::logfmt);
  }
  dataDirectory = first.text("data.dir");
  modules = ModuleSet::find(moduleDirectories(first), options.moduleFiles, first.list("modules.enabled"),
                            first.list("modules.required"), readDisabledModules(dataDirectory));
  if (modules.requiredMissing()) throw StartError(modules.missing());
  for (const auto& line : modules.missing()) refusals.push_back(line);

  std::vector<std::string> others;
  for (auto& module : modules.all()) {
    if (module.enabled && !module.refusal.empty()) {
      const auto sentence = module.refusal;
      refuse(module, sentence);
    }
    if (!module.manifest) continue;
    if (!module.enabled || !module.refusal.empty()) {
      others.push_back(module.manifest->name);
      continue;
    }
    for (const auto& option : module.manifest->options) table.add(option);
  }
  config = reader.read(table, true, others, refused);
  if (!refused.empty()) throw StartError(refusalLines(refused));
}

void Kernel::Implementation::addMessages(const plugin::Manifest& manifest) {
  for (const auto& [language, texts] : manifest.messages) {
    for (const auto& [code, text] : texts) {
      if (!catalogue.add(manifest.name, language, code, text)) {
        log::warning("message code belongs to somebody else and is ignored",
                     {{"module", manifest.name}, {"code", code}, {"language", language}});
      }
    }
  }
}

void Kernel::Implementation::checkModules() {
  dialect::addKernelMessages(catalogue);
  const auto overrides = bucketOverrides(config);
  documents.clear();
  documents.push_back(contract::compile(contract::kernelContract(), overrides));
  for (auto& module : modules.all()) {
    if (!module.enabled || !module.refusal.empty() || !module.manifest) continue;
    try {
      plugin::requireServedSdk(*module.manifest);
    } catch (const plugin::Refusal& refusal) {
      refuse(module, refusal.what());
    }
  }
  const auto plan = plugin::planStart(enabledManifests());
  for (const auto& refusal : plan.refused) {
    for (auto& module : modules.all()) {
      if (module.enabled && module.refusal.empty() && module.manifest &&
          std::string_view(refusal.what()).starts_with(module.manifest->path + ":")) {
        refuse(module, refusal.what());
      }
    }
  }
  for (const auto* manifest : plan.order) {
    auto* module = found(manifest->name);
    if (!module) continue;
    try {
      auto together = documents;
      const auto sizes = sizeOptions(*manifest, config);
      for (const auto& source : manifest->contracts) together.push_back(contract::compile(source, overrides, &sizes));
      const contract::RouteTable trial(together);
      documents = std::move(together);
      addMessages(*manifest);
    } catch (const std::runtime_error& error) {
      refuse(*module, plugin::Refusal(manifest->path, error.what()).what());
    }
  }
  refuseUnknownFeatures();
  checkOverrides(overrides);
}

// An operation whose feature nobody declares could never let anybody in. Refusing one module takes its features away:
// again until nothing changes.
void Kernel::Implementation::refuseUnknownFeatures() {
  for (bool settled = false; !settled;) {
    settled = true;
    features.clear();
    std::vector<std::string> known;
    for (const auto* manifest : enabledManifests()) {
      for (const auto& feature : manifest->features) {
        if (features.emplace(feature.name, feature.tier).second) known.push_back(feature.name);
      }
    }
    for (const auto& document : documents) {
      const auto lacking = std::find_if(
          document.operations.begin(), document.operations.end(),
          [&](const auto& operation) { return !operation->feature.empty() && !features.contains(operation->feature); });
      if (lacking == document.operations.end()) continue;
      const contract::Operation operation = **lacking;
      const auto near = text::nearest(operation.feature, known);
      auto* module = found(operation.module);
      const auto reason = operation.file + ":" + std::to_string(operation.line) + ": operation " + operation.id +
                          " needs feature " + operation.feature +
                          ", which no enabled module declares under features in its module.yaml; " +
                          (near.empty() ? "declare it" : "did you mean " + near + "?");
      std::erase_if(documents, [&](const auto& other) { return other.module == operation.module; });
      if (module) refuse(*module, plugin::Refusal(module->file, reason).what());
      settled = false;
      break;
    }
  }
}

void Kernel::Implementation::checkOverrides(const contract::BucketOverrides& overrides) const {
  std::vector<std::string> known;
  const auto where = "limits.override (" + config.origin("limits.override") + "): ";
  for (const auto& document : documents) {
    for (const auto& bucket : document.buckets) {
      known.push_back(bucket->name);
      const auto fault = contract::faultOf(*bucket);
      if (!fault.empty()) throw StartError({where + bucket->name + ": " + fault});
    }
  }
  for (const auto& [name, numbers] : overrides) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = text::nearest(name, known);
    throw StartError({where + "no contract of an enabled module declares the bucket " + name +
                      (near.empty() ? "; `mortise check-config --show` lists them" : "; did you mean " + near + "?")});
  }
}

std::string Kernel::Implementation::assetDirectory() const {
  for (const auto* beside : {"/share/docs", "/../share/mortise/docs"}) {
    std::error_code failure;
    const auto path = options.programDirectory + beside;
    if (fs::is_directory(path, failure)) return path;
  }
  return {};
}

// --- start
// ------------------------------------------------------------------------------------------------------------------------------

void Kernel::Implementation::openServices() {
  const auto& c = config;
  unsigned workerCount = static_cast<unsigned>(c.integer("http.workers"));
  if (workerCount == 0) workerCount = std::max(4u, 2 * cores());
  workers = std::make_unique<WorkerPool>("worker", workerCount, static_cast<std::size_t>(c.integer("http.queue")),
                                         logFailedTask);
  // Hashing is the one thing that costs whole cores for a long time: everything else goes first.
  constexpr int kPasswordNiceness = 10;
  passwords = std::make_unique<WorkerPool>("password", passwordThreads(c),
                                           static_cast<std::size_t>(c.integer("identity.password_queue")),
                                           logFailedTask, kPasswordNiceness);
  cache = services::Cache::open(c.text("cache.url"));
  const auto pool = cache->redisPool();
  const auto store = c.text("limits.store");
  if (pool && store != "memory") {
    limits = services::Limits::inRedis(pool, secrets->derive("limits"));
  } else {
    limits = services::Limits::inMemory();
  }
  slots = std::make_unique<services::Slots>(*limits);
  storage = openStorage({c, *secrets, [this] { return clientUrl(); }, &stopping, &metrics});
  events = std::make_unique<services::Events>(services::EventsOptions{}, pool);
  mailer = services::Mailer::open(c.text("mail.url"), c.text("mail.from"));
  services::HttpClientOptions client;
  client.allowPrivate = c.boolean("http_client.allow_private");
  client.userAgent = "mortise/" MORTISE_VERSION;
  httpClient = std::make_unique<services::HttpClient>(client);
  openJobEngine();

  health = std::make_unique<ops::Health>(std::chrono::seconds(1), &metrics);
  health->add("database", true, std::chrono::milliseconds(2000),
              [this, product = database->product()](std::chrono::milliseconds limit) {
                const bool answers = database->ping(limit);
                return ops::CheckResult{answers, answers ? product : product + " does not answer"};
              });
  if (pool) {
    health->add("redis", false, std::chrono::milliseconds(2000), [this](std::chrono::milliseconds) {
      cache->ping();
      return ops::CheckResult{true, "Redis"};
    });
  }
  // Several servers share one store: its failure must not take all of them out of a load balancer.
  health->add("object_store", false, std::chrono::milliseconds(2000), storage.check);
  metrics.gaugeFrom("mortise_worker_queue", "Requests waiting for a worker", {},
                    [this] { return static_cast<double>(workers->queued()); });
  metrics.gaugeFrom("mortise_workers_busy", "Workers at work", {},
                    [this] { return static_cast<double>(workers->inFlight()); });
  metrics.gaugeFrom("mortise_password_queue", "Requests waiting for a password hash", {},
                    [this] { return static_cast<double>(passwords->queued()); });
  metrics.gaugeFrom("mortise_password_hashes", "Passwords hashed or checked since the start", {},
                    [this] { return static_cast<double>(identity->passwordHashes()); });
  metrics.gaugeFrom("mortise_passwords_busy", "Requests of the password lane at work", {},
                    [this] { return static_cast<double>(passwords->inFlight()); });
  metrics.gaugeFrom("mortise_mail_queue", "Mails not sent yet", {},
                    [this] { return static_cast<double>(mailer->queued()); });
}

plugin::HostServices Kernel::Implementation::hostServices() {
  plugin::HostServices services;
  services.config = &config;
  services.database = database.get();
  services.identity = identity.get();
  services.mailer = mailer.get();
  services.limits = limits.get();
  services.cache = cache.get();
  services.blobs = storage.blobs.get();
  services.objects = storage.objects.get();
  services.events = events.get();
  services.httpClient = httpClient.get();
  services.jobs = jobs.get();
  services.secrets = secrets.get();
  services.audit = audit.get();
  services.metrics = &metrics;
  services.health = health.get();
  services.baseUrl = &baseUrl;
  services.provided = &provided;
  services.server = {{"server.name", "mortise"},
                     {"server.version", MORTISE_VERSION},
                     {"server.node", node},
                     {"server.boot", boot},
                     {"data.dir", config.text("data.dir")},
                     {"http.public_url", config.text("http.public_url")}};
  return services;
}

std::string Kernel::Implementation::upgradeUrl() const {
  const auto& given = config.text("identity.upgrade_url");
  return given.empty() ? config.text("http.public_url") + "/pricing" : given;
}

// Where clients reach this server, without a slash at the end.
std::string Kernel::Implementation::clientUrl() const {
  auto base = config.text("http.public_url");
  while (base.ends_with('/')) base.pop_back();
  if (!base.empty() || !server) return base;
  for (const auto& address : server->addresses()) {
    if (!address.starts_with("unix:")) return "http://" + address;
  }
  return base;
}

std::unique_ptr<plugin::ModuleInstance> Kernel::Implementation::bringUp(const FoundModule& module,
                                                                        const plugin::HostServices& services) {
  provided.requireNeeds(*module.manifest);
  auto library = plugin::Library::open(module.file, *module.manifest);
  auto instance = std::make_unique<plugin::ModuleInstance>(module.manifest, std::move(library), services);
  std::vector<std::shared_ptr<const contract::Bucket>> buckets;
  for (const auto& document : documents) {
    if (document.module == module.manifest->name)
      buckets.insert(buckets.end(), document.buckets.begin(), document.buckets.end());
  }
  instance->host().useBuckets(std::move(buckets));
  instance->create();
  instance->start();
  return instance;
}

void Kernel::Implementation::openJobEngine() {
  services::JobsOptions running;
  running.node = node;
  running.boot = boot;
  // SQLite is one server's own, by the data lock.
  running.shared = database->backend() == db::Backend::postgresql;
  running.lease = std::chrono::milliseconds(config.integer("jobs.lease"));
  running.workers = static_cast<std::size_t>(config.integer("jobs.workers"));
  running.timezone = config.text("jobs.timezone");
  if (!services::TimeZone::find(running.timezone)) {
    log::warning("the system has no time zone data, so triggers count in UTC; install it (Debian: tzdata)",
                 {{"jobs.timezone", running.timezone}});
    running.timezone = "UTC";
  }
  running.metrics = &metrics;
  running.changed = [this] { events->publish(kJobsChanged, node); };
  jobs = std::make_unique<services::Jobs>(*database, std::move(running));
  events->subscribe(kJobsChanged, [this](const services::Event& event) {
    if (event.payload != node) jobs->noticeChanges();
  });
}

void Kernel::Implementation::addKernelJobs() {
  constexpr std::int64_t kMillisecond = 1000;
  const auto hourly = services::Trigger::parse("every: PT1H");
  std::vector<services::JobDefinition> declared;
  std::map<std::string, std::function<std::string(services::JobRun&)>> functions;
  const auto add = [&](const char* id, const char* name, const char* description, std::function<std::string()> work) {
    declared.push_back({"kernel", id, name, description, hourly});
    functions.emplace(declared.back().id(), [work = std::move(work)](services::JobRun&) { return work(); });
  };
  add("clean_identity", "Clean identity", "Removes expired sessions, tokens and setup links",
      [this] { return std::to_string(identity->cleanUp()) + " expired rows removed"; });
  add("clean_job_runs", "Clean job runs", "Removes records of runs that are older than jobs.history", [this] {
    const auto before = nowMicros() - config.integer("jobs.history") * kMillisecond;
    return std::to_string(jobs->purge(before)) + " records of runs removed";
  });
  if (const auto kept = config.integer("audit.retention"); kept > 0) {
    const auto expire = [this, kept] { return audit->expire(nowMicros() - kept * kMillisecond); };
    add("expire_audit", "Expire audit", "Removes audit rows that are older than audit.retention",
        [expire] { return std::to_string(expire()) + " audit rows dropped"; });
    workers->post([expire] { expire(); });  // a server that never lives an hour keeps its word, too
  }
  const auto cleanUploads = [this] { return storage.blobs->cleanUp() + storage.objects->cleanUp(); };
  add("clean_blobs", "Clean blobs", "Removes what uploads left behind that a crash cut off",
      [cleanUploads] { return std::to_string(cleanUploads()) + " leftovers of uploads removed"; });
  workers->post([cleanUploads] { cleanUploads(); });
  scrub = std::make_unique<ScrubJob>(*storage.blobs, provided, metrics,
                                     static_cast<std::uint64_t>(config.integer("blobs.scrub_rate")));
  workers->post([this] { scrub->count(); });
  if (const auto when = config.text("blobs.scrub"); when != kNever) {
    declared.push_back({"kernel", "scrub_blobs", "Scrub blobs", "Reads every blob and compares it with its name",
                        services::Trigger::parse(when, jobs->options().timezone)});
    functions.emplace(declared.back().id(), [this](services::JobRun& run) { return scrub->run(run); });
  }
  jobs->declare("kernel", std::move(declared));
  jobs->serve("kernel",
              [functions = std::move(functions)](services::JobRun& run) { return functions.at(run.job())(run); });
}

void Kernel::Implementation::startModules() {
  const auto services = hostServices();
  for (const auto* manifest : plugin::planStart(enabledManifests()).order) {
    auto* module = found(manifest->name);
    if (!module) continue;
    try {
      auto instance = bringUp(*module, services);
      provided.add(*instance);
      instances.push_back(std::move(instance));
      plugin::openJobs(*jobs, *instances.back());
      log::info("module started", {{"module", manifest->name}, {"version", manifest->version}, {"file", module->file}});
    } catch (const plugin::Refusal& refusal) {
      std::erase_if(documents, [&](const auto& document) { return document.module == manifest->name; });
      refuse(*module, refusal.what());
    } catch (const std::runtime_error& error) {
      std::erase_if(documents, [&](const auto& document) { return document.module == manifest->name; });
      refuse(*module, plugin::Refusal(manifest->path, error.what()).what());
    }
  }
}

std::map<std::string, std::vector<std::string>> Kernel::Implementation::rolesByPermission() const {
  std::map<std::string, std::vector<std::string>> roles{{"kernel.metrics", {}}, {"kernel.audit", {}}};
  for (const auto* manifest : enabledManifests()) {
    for (const auto& permission : manifest->permissions) roles[permission.name] = permission.roles;
  }
  std::vector<std::string> known;
  for (const auto& [name, holders] : roles) known.push_back(name);
  for (const auto& entry : config.list("identity.grant")) {
    const auto equals = entry.find('=');
    const auto name = entry.substr(0, equals);
    const auto found = roles.find(name);
    if (equals == std::string::npos || found == roles.end()) {
      const auto near = text::nearest(name, known);
      throw StartError({"identity.grant (" + config.origin("identity.grant") + "): \"" + entry +
                        "\" should be PERMISSION=ROLE+ROLE with a permission of an enabled module" +
                        (near.empty() ? "" : "; did you mean " + near + "?")});
    }
    found->second.clear();
    for (const auto role : text::split(std::string_view(entry).substr(equals + 1), '+')) {
      if (!text::trim(role).empty()) found->second.emplace_back(text::trim(role));
    }
  }
  return roles;
}

// Values that only their users can judge; checked here so that check-config sees them too.
void Kernel::Implementation::checkValues() const {
  namedSecrets(config);
  const auto zone = config.text("jobs.timezone");
  // Without any zone data the server runs, in UTC; openJobEngine() says so.
  if (!services::TimeZone::find(zone) && services::TimeZone::find("Etc/UTC")) {
    throw StartError({"jobs.timezone (" + config.origin("jobs.timezone") + "): there is no time zone \"" + zone +
                      "\"; use an IANA name like Europe/Berlin"});
  }
  try {
    if (const auto when = config.text("blobs.scrub"); when != kNever) services::Trigger::parse(when);
  } catch (const services::TriggerError& error) {
    throw StartError({"blobs.scrub (" + config.origin("blobs.scrub") + "): " + error.what() + "; or off"});
  }
  if (const auto wrong = storageFault(config); !wrong.empty()) throw StartError({wrong});
  rolesByPermission();
  const auto& upgrade = config.text("identity.upgrade_url");
  const bool isUrl = upgrade.starts_with("https://") || upgrade.starts_with("http://");
  if (!upgrade.empty() && (!isUrl || text::length(upgrade) > kLongestUpgradeUrl)) {
    throw StartError({"identity.upgrade_url (" + config.origin("identity.upgrade_url") +
                      "): should be a URL that begins with https:// or http://, of at most " +
                      std::to_string(kLongestUpgradeUrl) + " characters"});
  }
  try {
    const TrustedProxies proxiesAsGiven(config.list("http.trusted_proxies"));
  } catch (const std::invalid_argument& error) {
    throw StartError({"http.trusted_proxies (" + config.origin("http.trusted_proxies") + "): " + error.what()});
  }
}

void Kernel::Implementation::compileRoutes() {
  auto shared = std::make_shared<dialect::Messages>(catalogue);
  messages = shared;
  dialects = std::make_unique<dialect::Dialects>(messages);
  for (const auto& instance : instances) {
    for (const auto& dialect : instance->manifest().dialects) {
      dialects->addTemplate(dialect.name, dialect.success, dialect.error, dialect.contentType);
    }
  }
  routes = std::make_unique<contract::RouteTable>(documents);
}

void Kernel::Implementation::listen() {
  const auto& c = config;
  proxies = std::make_unique<TrustedProxies>(c.list("http.trusted_proxies"));
  cors = std::make_unique<Cors>(c.list("http.cors_origins"));
  requestLog = std::make_unique<RequestLog>(metrics, routes->operations(), c.boolean("log.access"));

  const auto document = std::make_shared<const std::string>(
      contract::mergedOpenApi(routes->documents(), MORTISE_VERSION,
                              c.text("http.public_url").empty() ? std::string("/") : c.text("http.public_url")));
  const auto table = builtins({*health, metrics, *identity, *audit, storage.localObjects, document,
                               c.text("http.metrics_access") == "open", assetDirectory()});
  std::unordered_map<const contract::Operation*, Target> targets;
  for (const auto& operation : routes->operations()) {
    Target target;
    if (operation->module == "kernel") {
      const auto builtin = table.find(operation->id);
      if (builtin == table.end())
        throw StartError({"kernel.yaml names operation " + operation->id + " that the kernel has no code for"});
      target.builtin = builtin->second;
    } else {
      for (const auto& instance : instances) {
        if (instance->name() == operation->module) target.module = instance.get();
      }
    }
    if (target.builtin || target.module) targets.emplace(operation.get(), std::move(target));
  }
  DispatcherOptions dispatching;
  dispatching.maxBody = static_cast<std::uint64_t>(c.integer("http.max_body"));
  dispatching.maxUpload = static_cast<std::uint64_t>(c.integer("http.max_upload"));
  dispatching.requestTimeoutSeconds = static_cast<int>(c.integer("http.request_timeout") / 1000);
  dispatching.limitsEnabled = c.boolean("limits.enabled");
  dispatching.csrfExemptBearer = c.boolean("identity.csrf_exempt_bearer");
  streams = std::make_unique<StreamWatch>(*identity, checkPermission);
  answering = std::make_unique<Answering>(Answering::Parts{*dialects, *messages, *cors, *proxies, *streams},
                                          c.text("http.public_url"));
  dispatcher = std::make_unique<Dispatcher>(
      DispatcherParts{*routes, *answering, *identity, *limits, *slots, *workers, *passwords, *requestLog}, dispatching,
      std::move(targets));

  metrics.gaugeFrom("mortise_streams_watched", "Open streams and WebSockets of signed-in callers", {},
                    [this] { return static_cast<double>(streams->watched()); });
  metrics.gaugeFrom("mortise_streams_rights_ended", "Streams and WebSockets ended with their caller's rights", {},
                    [this] { return static_cast<double>(streams->ended()); });
  metrics.gaugeFrom("mortise_streams_rights_checks", "Looks at the rights of the callers of open streams", {},
                    [this] { return static_cast<double>(streams->checks()); });
  for (const auto& compiled : routes->documents()) {
    for (const auto& bucket : compiled.buckets) {
      if (bucket->algorithm != contract::Bucket::Algorithm::concurrent) continue;
      metrics.gaugeFrom("mortise_limit_slots", "Slots of a concurrent bucket that this server holds",
                        {{"bucket", bucket->name}},
                        [this, name = bucket->name] { return static_cast<double>(slots->inUse(name)); });
    }
  }

  http::ServerOptions serving;
  serving.listen = c.list("http.listen");
  const auto threads = static_cast<unsigned>(c.integer("http.io_threads"));
  serving.ioThreads = threads > 0 ? threads : std::max(1u, cores() / 2);
  serving.maxConnections = static_cast<std::size_t>(c.integer("http.max_connections"));
  serving.maxConnectionsPerAddress = static_cast<std::size_t>(c.integer("http.max_connections_per_address"));
  serving.streamBuffer = static_cast<std::size_t>(c.integer("http.stream_buffer"));
  serving.headTimeout = serving.firstByteTimeout = std::chrono::milliseconds(c.integer("http.head_timeout"));
  serving.bodyIdleTimeout = std::chrono::milliseconds(c.integer("http.body_timeout"));
  serving.idleTimeout = std::chrono::milliseconds(c.integer("http.idle_timeout"));
  serving.writeTimeout = std::chrono::milliseconds(c.integer("http.write_timeout"));
  serving.spoolDirectory = dataDirectory + "/spool";
  if (log::enabled(log::Level::debug)) serving.loopWarning = std::chrono::milliseconds(5);
  fs::create_directories(serving.spoolDirectory);
  // The data lock is ours: whatever lies there was left by a former life.
  for (const auto& left : fs::directory_iterator(serving.spoolDirectory)) {
    if (left.is_regular_file()) fs::remove(left.path());
  }
  server = std::make_unique<http::Server>(serving, *dispatcher);
  server->start();
  if (auto url = clientUrl(); !url.empty()) baseUrl.publish(std::move(url));
  const auto* counters = &server->counters();
  const auto show = [&](const char* name, const char* help, const std::atomic<std::uint64_t>& value) {
    metrics.gaugeFrom(name, help, {}, [&value] { return static_cast<double>(value.load(std::memory_order_relaxed)); });
  };
  show("mortise_http_connections", "Open connections", counters->connections);
  show("mortise_http_streams", "Open event streams", counters->streams);
  show("mortise_http_websockets", "Open WebSockets", counters->webSockets);
  show("mortise_http_accepted", "Connections accepted since the start", counters->accepted);
  show("mortise_http_connections_refused", "Connections refused since the start", counters->refusedConnections);
  show("mortise_http_dropped_slow", "Clients dropped because they did not read, since the start",
       counters->droppedSlow);
  show("mortise_http_bytes_in", "Bytes received since the start", counters->bytesIn);
  show("mortise_http_bytes_out", "Bytes sent since the start", counters->bytesOut);
  show("mortise_http_spool_waiting_bytes", "Bytes of uploads that wait for the disk", counters->spooling);
}

void Kernel::Implementation::stopModules() {
  if (jobs) jobs->stop(std::chrono::seconds(10));
  while (!instances.empty()) {
    provided.remove(*instances.back());
    instances.back()->stop();
    instances.pop_back();
  }
}

// --- the public face
// --------------------------------------------------------------------------------------------------------------------

Kernel::Kernel(KernelOptions options) : implementation_(std::make_unique<Implementation>(std::move(options))) {
  implementation_->readConfiguration();
  implementation_->checkModules();
  implementation_->checkValues();
}

Kernel::~Kernel() { drainAndStop(); }

const config::Config& Kernel::config() const { return implementation_->config; }
const ModuleSet& Kernel::modules() const { return implementation_->modules; }
const std::vector<std::string>& Kernel::refusals() const { return implementation_->refusals; }

void Kernel::openStores() {
  auto& self = *implementation_;
  if (self.database) return;
  std::error_code failure;
  const bool fresh = fs::create_directories(self.dataDirectory, failure);
  if (failure) throw StartError({"can't make data.dir " + self.dataDirectory + ": " + failure.message()});
  if (fresh) ::chmod(self.dataDirectory.c_str(), 0700);
  try {
    const auto& c = self.config;
    const auto secretFile = c.text("identity.secret_file");
    self.secrets = std::make_unique<services::Secrets>(
        services::Secrets::open(secretFile.empty() ? self.dataDirectory + "/secret" : secretFile, namedSecrets(c)));
    db::Options database;
    database.url = c.text("db.url").empty() ? "sqlite:" + self.dataDirectory + "/mortise.db" : c.text("db.url");
    database.connections = static_cast<std::size_t>(c.integer("db.connections"));
    database.synchronous = c.text("db.synchronous");
    self.database = db::Database::open(database);

    identity::Options identity;
    identity.secret = self.secrets->derive("identity");
    identity.jwtAlgorithm = c.text("identity.jwt_algorithm");
    identity.jwtKeyFile = c.text("identity.jwt_key_file");
    identity.argon2Memory = static_cast<std::size_t>(c.integer("identity.argon2_memory"));
    identity.argon2Passes = static_cast<unsigned>(c.integer("identity.argon2_passes"));
    identity.passwordConcurrency = passwordThreads(c);
    // The lane `password` has a queue of its own. Beside it few may wait, since each holds a worker meanwhile.
    identity.passwordQueue = std::size_t{2} * identity.passwordConcurrency;
    identity.accessLifetime = std::chrono::seconds(c.integer("identity.access_ttl") / 1000);
    identity.refreshLifetime = std::chrono::seconds(c.integer("identity.refresh_ttl") / 1000);
    identity.statelessAccessLifetime = std::chrono::seconds(c.integer("identity.platform_access_ttl") / 1000);
    identity.statelessRefreshLifetime = std::chrono::seconds(c.integer("identity.platform_refresh_ttl") / 1000);
    identity.cookieLifetime = std::chrono::seconds(c.integer("identity.cookie_ttl") / 1000);
    identity.defaultTier = c.text("identity.default_tier");
    identity.upgradeUrl = self.upgradeUrl();
    identity.secureCookies = c.text("http.public_url").starts_with("https://");
    if (self.database->backend() == db::Backend::sqlite)
      identity.revisionFile = self.dataDirectory + "/identity.revision";
    self.identity = std::make_unique<identity::Identity>(*self.database, identity);
    self.audit = std::make_unique<services::Audit>(*self.database);
  } catch (const StartError&) {
    throw;
  } catch (const Problem& problem) {
    throw StartError({problem.code + ": " + problem.noteText});
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
}

db::Database& Kernel::database() { return *implementation_->database; }
identity::Identity& Kernel::identity() { return *implementation_->identity; }

std::vector<std::string> Kernel::migrate() {
  auto& self = *implementation_;
  openStores();
  std::vector<std::string> applied;
  const auto note = [&](const std::string& owner, const db::MigrationReport& report) {
    for (const auto& name : report.applied) applied.push_back(owner + ": " + name);
  };
  try {
    note("kernel", db::migrate(*self.database, "kernel", identity::kernelMigrations()));
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
  for (auto& module : self.modules.all()) {
    if (!module.enabled || !module.refusal.empty() || !module.manifest || module.manifest->migrations.empty()) continue;
    try {
      note(module.manifest->name, db::migrate(*self.database, module.manifest->name, module.manifest->migrations));
    } catch (const std::exception& error) {
      const auto& name = module.manifest->name;
      std::erase_if(self.documents, [&](const auto& document) { return document.module == name; });
      self.refuse(module, plugin::Refusal(module.file, error.what()).what());
    }
  }
  self.migrated = true;
  return applied;
}

void Kernel::start() {
  auto& self = *implementation_;
  openStores();
  self.lock = std::make_unique<DataLock>(self.dataDirectory);
  self.node = nodeIdentity(self.dataDirectory);
  if (!self.migrated) migrate();
  self.started = true;  // from here on there is something to stop
  try {
    self.openServices();
    self.identity->features().declare(self.features);
    for (const auto& name : serviceNames()) self.health->reserve(name);  // the kernel has added its own
    self.startModules();
    self.identity->grant(self.rolesByPermission());
    self.compileRoutes();
    self.addKernelJobs();
    self.jobs->start();
    self.listen();
  } catch (const StartError&) {
    throw;
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
}

std::vector<std::string> Kernel::addresses() const {
  return implementation_->server ? implementation_->server->addresses() : std::vector<std::string>{};
}

std::string Kernel::setupLink() {
  auto& self = *implementation_;
  const auto token = self.identity->makeSetupToken();
  if (token.empty()) return {};
  return self.clientUrl() + "/setup?token=" + token;
}

std::vector<std::string> Kernel::rateLimits() const {
  std::vector<std::string> lines;
  for (const auto& document : implementation_->documents) {
    for (const auto& bucket : document.buckets) {
      auto line = bucket->name + ": " + contract::numbersOf(*bucket);
      if (!bucket->declared.empty()) line += " (limits.override; the contract says " + bucket->declared + ")";
      // Documents of one module may share a bucket.
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::string Kernel::openApi() {
  auto& self = *implementation_;
  const contract::RouteTable table(self.documents);
  return contract::mergedOpenApi(
      table.documents(), MORTISE_VERSION,
      self.config.text("http.public_url").empty() ? "/" : self.config.text("http.public_url"));
}

void Kernel::drainAndStop() {
  auto& self = *implementation_;
  if (!self.started) return;
  self.started = false;
  if (self.server) {
    const auto limit = std::chrono::seconds(self.config.integer("http.drain_seconds"));
    const auto cut = self.server->drain(limit);
    if (cut > 0) log::warning("connections were cut because http.drain_seconds ran out", {{"connections", cut}});
  }
  self.stopping = true;
  if (self.workers) self.workers->stop();  // finishes what is queued; answers still go out
  if (self.passwords) self.passwords->stop();
  if (self.server) self.server->stop();
  self.stopModules();
  if (self.mailer) self.mailer->stop(std::chrono::seconds(5));
  if (self.events) self.events->stop();
  self.server.reset();
  self.dispatcher.reset();
  self.answering.reset();
  self.streams.reset();
  self.slots.reset();  // every request is over: gives back what they held
  self.jobs.reset();
  log::info("stopped");
  log::flush();
}

}  // namespace mortise::kernel
