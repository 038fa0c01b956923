// The kernel's side of one module: its mortise_host, the tables behind lookup(), and everything that the module
// registered through them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/config.h"
#include "mortise/abi/module.h"

namespace mortise::config {
class Config;
}
namespace mortise::db {
class Database;
class JoinedTransaction;
}
namespace mortise::identity {
class Identity;
}
namespace mortise::ops {
class Health;
class Registry;
}  // namespace mortise::ops
namespace mortise::services {
class Audit;
class Blobs;
class Cache;
class Events;
class HttpClient;
class Jobs;
class Limits;
class Mailer;
class Objects;
class Secrets;
namespace limits {
struct Bucket;
}
}  // namespace mortise::services

namespace mortise::plugin {

class BaseUrl;
class CallbackGate;
using CallbackGatePtr = std::shared_ptr<CallbackGate>;
class JobBook;
struct Manifest;
class ProvidedInterfaces;

// The services behind the tables. All outlive every Host. The lookup of a null one returns null.
struct HostServices {
  const config::Config* config = nullptr;  // complete: with the module's own section
  db::Database* database = nullptr;
  identity::Identity* identity = nullptr;
  services::Mailer* mailer = nullptr;
  services::Limits* limits = nullptr;
  services::Cache* cache = nullptr;
  services::Blobs* blobs = nullptr;
  services::Objects* objects = nullptr;
  services::Events* events = nullptr;
  services::HttpClient* httpClient = nullptr;
  services::Jobs* jobs = nullptr;
  services::Secrets* secrets = nullptr;
  services::Audit* audit = nullptr;
  ops::Registry* metrics = nullptr;
  ops::Health* health = nullptr;
  const ProvidedInterfaces* provided = nullptr;  // interfaces of other modules
  std::map<std::string, std::string, std::less<>>
      server;                        // config/1 server(): "http.public_url", "server.name", "server.version"
  const BaseUrl* baseUrl = nullptr;  // config/1 server("http.base_url")
};

class Host;

// What a module lets `mortise doctor` try.
struct Trial {
  std::string name;
  bool required = false;  // the module is of no use without it
  std::chrono::milliseconds limit{0};
  enum class Outcome : std::uint8_t { works, absent, fails };
  struct Result {
    Outcome outcome = Outcome::fails;
    std::string text;
  };
  std::function<Result(std::chrono::milliseconds limit)> run;  // [worker]
};

// What mortise_host::kernel points to.
struct HostFace {
  Host* host = nullptr;
  std::shared_ptr<db::JoinedTransaction> transaction;  // set in a host that db/1 join() made
};

class Host {
 public:
  Host(std::shared_ptr<const Manifest> manifest, const HostServices& services);
  ~Host();  // takeBack()
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  mortise_host* raw() { return &raw_; }
  static const HostFace& face(const mortise_host& host) { return *static_cast<const HostFace*>(host.kernel); }
  static Host& of(mortise_host* host) { return *face(*host).host; }
  // A host of this module, valid as long as `face`, which refers to this Host.
  mortise_host rawFor(HostFace& face);

  const Manifest& manifest() const { return *manifest_; }
  const std::string& moduleName() const;
  const HostServices& services() const { return services_; }
  const CallbackGatePtr& gate() const { return gate_; }
  JobBook& jobs() { return *jobs_; }  // jobs/1
  // Set when the module begins to stop: running jobs and outbound requests check it.
  const std::atomic<bool>& stopping() const { return stopping_; }
  void beginStop() noexcept { stopping_.store(true); }

  // limits/1: the buckets of the module's compiled contracts. [start]
  void useBuckets(std::vector<std::shared_ptr<const services::limits::Bucket>> buckets);
  const services::limits::Bucket* bucket(
      std::string_view name) const;  // "login_email", or with the module's name before it

  // config/1: the i-th value of an option; null when there is none.
  const mortise_value* option(std::string_view name, std::size_t index) const;
  bool hasOption(std::string_view name) const;
  const mortise_value* serverValue(std::string_view name) const;

  // health/1: a check that the module added. It ends before the module's stop(), or by takeBack().
  void keepCheck(std::string name);
  void endChecks() noexcept;

  // health/1: what the module lets `mortise doctor` try. They may run as long as the module is created.
  void keepTrial(Trial trial) { trials_.push_back(std::move(trial)); }
  const std::vector<Trial>& trials() const { return trials_; }

  // Resources that the module holds. `forget` runs when the module has stopped without releasing one. Objects that
  // `forget` owns are freed by release(), or with this Host: the module may use its handle until its destroy() has
  // returned.
  std::uint64_t hold(const char* what, std::function<void()> forget);
  void release(std::uint64_t id) noexcept;
  // Closes the gate, then releases everything that the module left open (each is logged). Idempotent. [start]
  void takeBack() noexcept;

 private:
  struct Held {
    const char* what;
    std::function<void()> forget;
  };
  struct Option {
    std::vector<std::string> texts;
    std::vector<mortise_value> values;
  };
  static const void* lookup(mortise_host* host, mortise_str name) noexcept;
  const void* find(std::string_view name);
  void readOptions();

  const std::shared_ptr<const Manifest> manifest_;
  const HostServices services_;
  HostFace face_{this, nullptr};
  mortise_host raw_{};
  CallbackGatePtr gate_;
  std::unique_ptr<JobBook> jobs_;
  std::atomic<bool> stopping_{false};
  std::map<std::string, Option, std::less<>> options_;
  std::map<std::string, Option, std::less<>> server_;
  std::vector<std::shared_ptr<const services::limits::Bucket>> buckets_;
  std::mutex mutex_;
  std::vector<std::string> checks_;
  std::set<std::string, std::less<>> warned_;
  std::map<std::uint64_t, Held> held_;
  std::map<std::uint64_t, Held> spent_;  // released, but their handles are still valid
  std::uint64_t nextHeld_ = 1;
  std::vector<Trial> trials_;
};

}  // namespace mortise::plugin
