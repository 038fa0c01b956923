#include "core/kernel/examination.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/memory_source.hpp"
#include "core/base/temporary_file.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/created_modules.hpp"
#include "core/kernel/data_lock.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/parts.hpp"
#include "core/kernel/start_error.hpp"
#include "core/kernel/stores.hpp"
#include "core/ops/health.hpp"
#include "core/plugin/host.hpp"
#include "core/services/http_client/http_client.hpp"

namespace mortise::kernel {
namespace {

namespace fs = std::filesystem;
using plugin::Trial;
using State = Finding::State;
using Outcome = Trial::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uintmax_t kLittleRoom = std::uintmax_t{256} << 20;
constexpr std::uintmax_t kNoRoom = std::uintmax_t{16} << 20;

std::string sized(std::uintmax_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += (all.empty() ? "" : "; ") + line;
  return all;
}

// Runs all at once, each within its limit, and reports them in their order. `prefix`: of the names. True: one of them
// hangs, in a thread that goes on.
bool tryAll(const std::vector<Trial>& trials, const std::string& prefix, const ReportFinding& report) {
  struct Outcomes {
    std::mutex mutex;
    std::map<std::string, Outcome, std::less<>> byName;
  };
  const auto outcomes = std::make_shared<Outcomes>();
  auto health = std::make_unique<ops::Health>(milliseconds(0));
  for (const auto& trial : trials) {
    health->add(trial.name, trial.required, trial.limit, [trial, outcomes](milliseconds limit) {
      auto result = trial.run(limit);
      const std::lock_guard lock(outcomes->mutex);
      outcomes->byName[trial.name] = result.outcome;
      return ops::CheckResult{result.outcome != Outcome::fails, std::move(result.text)};
    });
  }
  bool hangs = false;
  for (const auto& check : health->run().checks) {
    hangs = hangs || check.timedOut;
    auto state = check.required ? State::failed : State::warning;
    if (check.healthy) {
      const std::lock_guard lock(outcomes->mutex);
      state = outcomes->byName[check.name] == Outcome::absent ? State::note : State::ok;
    }
    report({state, prefix + check.name, check.detail});
  }
  if (hangs) static_cast<void>(health.release());  // its end would wait
  return hangs;
}

// Leaves them to a thread that hangs, until the process ends.
template <class... Objects>
void leave(std::unique_ptr<Objects>&... objects) {
  (static_cast<void>(objects.release()), ...);
}

Trial trial(std::string name, milliseconds limit, std::function<Trial::Result(milliseconds)> run) {
  return {std::move(name), true, limit, std::move(run)};
}

std::string whyUnmade(const std::exception& error) {
  const auto* start = dynamic_cast<const StartError*>(&error);
  return start == nullptr ? error.what() : joined(start->lines());
}

void reportMigrations(const std::string& name, db::Database& database, std::string_view owner,
                      const std::vector<db::Migration>& migrations, const ReportFinding& report) {
  try {
    const auto waiting = db::pending(database, owner, migrations);
    if (waiting.empty()) return report({State::ok, name, "all " + std::to_string(migrations.size()) + " are applied"});
    report({State::warning, name,
            std::to_string(waiting.size()) + " not applied yet (" + joined(waiting) +
                "): the server does it when it starts, or mortise migrate"});
  } catch (const std::exception& error) {
    report({State::failed, name, error.what()});
  }
}

// There is a database, and not the secret that it goes with: whoever opens the stores makes another one. (With a database
// that is not there yet, or that no server has migrated, nothing has been sealed.) Throws when the database can't be asked.
bool lacksSecret(const config::Config& config) {
  if (fs::exists(secretFile(config))) return false;
  constexpr std::string_view kSqlite = "sqlite:";
  const auto url = databaseUrl(config);
  if (url.starts_with(kSqlite)) return fs::exists(url.substr(kSqlite.size()));
  db::Options options;
  options.url = url;
  options.connections = 1;
  return db::wasMigrated(*db::Database::open(options));
}

Trial::Result tryDatabase(db::Database& database, milliseconds limit) {
  const auto product = database.product();
  if (auto trouble = database.trouble(limit); !trouble.empty()) return {Outcome::fails, product + ": " + trouble};
  const auto connection = database.lease(db::Access::write, limit / 2);
  connection->begin();
  connection->execute("UPDATE mortise_migrations SET name = name", {});
  connection->rollback();
  return {Outcome::works, product + ", written to and rolled back"};
}

Trial::Result tryCache(services::Cache& cache) {
  if (!cache.redisPool()) return {Outcome::works, "in memory"};
  const auto time = cache.ping();
  return {Outcome::works, "Redis, written to in " + std::to_string(time.count()) + " µs"};
}

// The same bytes out that went in.
void requireSame(ByteSource& source, const std::string& bytes) {
  std::string read(bytes.size() + 1, '\0');
  read.resize(source.read(0, read));
  if (read != bytes) throw std::runtime_error("other bytes were read than had been written");
}

Trial::Result tryStorage(Storage& storage, milliseconds limit) {
  if (auto check = storage.check(limit); !check.healthy) return {Outcome::fails, std::move(check.detail)};
  const auto bytes = "mortise doctor " + uuid4();
  const auto name = "doctor/" + uuid4();
  MemorySource source(bytes);
  storage.objects->put({}, name, source, "text/plain");
  try {
    requireSame(*storage.objects->open({}, name), bytes);
  } catch (...) {
    storage.objects->remove({}, name);
    throw;
  }
  storage.objects->remove({}, name);
  const auto blob = storage.blobs->put("doctor", bytes);
  try {
    requireSame(*storage.blobs->openForReading(blob.key), bytes);
  } catch (...) {
    storage.blobs->remove(blob.key);
    throw;
  }
  storage.blobs->remove(blob.key);
  return {Outcome::works, std::string(storage.localObjects != nullptr ? "a local folder" : "an S3 store") +
                              ", written, read and removed"};
}

Trial::Result tryMail(services::Mailer& mailer) {
  if (!mailer.configured()) return {Outcome::absent, "no mails are sent; mail.url names a relay"};
  mailer.probe();
  return {Outcome::works, "a mail would be taken"};
}

// What the running server says of itself. Throws what keeps it from that.
void reportStatus(const std::string& address, const ReportFinding& report) {
  services::HttpClientOptions options;
  options.allowPrivate = true;
  services::HttpClient client(options);
  services::HttpRequest request;
  request.url = "http://" + address + "/api/status";
  request.timeout = seconds(15);
  const auto response = client.perform(request);
  json::Document document;
  json::ParseError error;
  const json::Value* list = nullptr;
  if (json::parse(response.body, document, error) && document.IsObject()) list = json::member(document, "data");
  if (response.status != 200 || list == nullptr || !list->IsArray())
    throw std::runtime_error("/api/status answers " + std::to_string(response.status) + " without a list of services");
  report({State::ok, "server", "runs at " + address});
  for (const auto& one : list->GetArray()) {
    if (!one.IsObject() || json::textMember(one, "status") == "ok") continue;
    report({State::warning, "server: " + std::string(json::textMember(one, "service")),
            "the running server finds it in error; its log says why"});
  }
}

}  // namespace

void examineConfiguration(const Plan& plan, const ReportFinding& report) {
  for (const auto& note : plan.notes()) report({State::warning, "configuration", note});
  for (const auto& line : plan.modules().missingModules()) report({State::failed, "configuration", line});
  if (plan.notes().empty() && plan.modules().missingModules().empty())
    report({State::ok, "configuration", describeData(plan.config())});
  const auto& directory = plan.dataDirectory();
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    return report({State::failed, "data.dir",
                   directory + ": " + std::error_code(errno, std::generic_category()).message() +
                       "; mortise serve or mortise migrate makes it"});
  }
  try {
    TemporaryFile(directory).write("probe");
  } catch (const std::system_error& error) {
    return report({State::failed, "data.dir", directory + ": nothing can be written: " + error.code().message()});
  }
  struct statvfs room {};
  const auto free =
      ::statvfs(directory.c_str(), &room) == 0 ? std::uintmax_t{room.f_bavail} * room.f_frsize : kLittleRoom;
  const auto text = directory + " takes writes, " + sized(free) + " are free";
  if (free < kLittleRoom) {
    return report({free < kNoRoom ? State::failed : State::warning, "data.dir", text + "; make room"});
  }
  if ((status.st_mode & 077) != 0)
    return report({State::warning, "data.dir", text + "; others may look into it: chmod 700 " + directory});
  report({State::ok, "data.dir", text});
}

void examineServer(const Plan& plan, const ReportFinding& report) {
  try {
    if (!DataLock::isHeld(plan.dataDirectory())) return report({State::note, "server", "none runs on these data"});
  } catch (const StartError& error) {
    return report({State::note, "server", "it can't be seen whether one runs: " + joined(error.lines())});
  }
  for (auto address : plan.config().list("http.listen")) {
    if (address.starts_with("unix:") || address.ends_with(":0")) continue;
    for (const auto& [any, own] : {std::pair("0.0.0.0:", "127.0.0.1:"), std::pair("[::]:", "[::1]:")}) {
      if (address.starts_with(any)) address = own + address.substr(std::string_view(any).size());
    }
    try {
      return reportStatus(address, report);
    } catch (const std::exception& error) {
      return report(
          {State::failed, "server", "one runs on these data, but does not answer at " + address + ": " + error.what()});
    }
  }
  report({State::note, "server", "one runs on these data; http.listen names no port to ask it at"});
}

void examineServices(const Plan& plan, const ReportFinding& report) {
  const auto& config = plan.config();
  try {
    if (lacksSecret(config)) {
      return report(
          {State::failed, "secret",
           secretFile(config) +
               " is not there; restore it from a backup: a server that starts without it makes another one, which "
               "signs everybody out and can't read what was sealed"});
    }
  } catch (const std::exception& error) {
    return report({State::failed, "database", whyUnmade(error)});
  }
  std::unique_ptr<Stores> stores;
  try {
    stores = Stores::open(plan, WithoutDatabase::refuse);
  } catch (const std::exception& error) {
    return report({State::failed, "database", whyUnmade(error)});
  }
  std::unique_ptr<Parts> parts;
  try {
    parts = std::make_unique<Parts>(plan, *stores, uuid4(), PartsOf::command);
  } catch (const std::exception& error) {
    return report({State::failed, "services", whyUnmade(error)});
  }
  reportMigrations("migrations", *stores->database, "kernel", identity::kernelMigrations(), report);
  const bool hangs =
      tryAll({trial("database", seconds(10), [&](milliseconds limit) { return tryDatabase(*stores->database, limit); }),
              trial("cache", seconds(10), [&](milliseconds) { return tryCache(*parts->cache); }),
              trial("storage", seconds(30), [&](milliseconds limit) { return tryStorage(parts->storage, limit); }),
              trial("mail", seconds(30), [&](milliseconds) { return tryMail(*parts->mailer); })},
             "", report);
  if (hangs) leave(parts, stores);
}

void examineModule(const Plan& plan, const ModuleFile& module, const ReportFinding& report) {
  const auto name = module.name();
  const auto subject = "module " + name;
  if (!module.mayStart()) return report({State::failed, subject, module.whyNot()});
  std::unique_ptr<Stores> stores;
  std::unique_ptr<Parts> parts;
  std::unique_ptr<CreatedModules> created;
  try {
    if (lacksSecret(plan.config())) throw StartError({"there is no secret"});
    stores = Stores::open(plan, WithoutDatabase::refuse);
    stores->identity.features().declare(plan.features());
    parts = std::make_unique<Parts>(plan, *stores, uuid4(), PartsOf::command);
  } catch (const std::exception&) {
    return report({State::note, subject, "not tried: the data and services that it works with can't be opened"});
  }
  try {
    created = std::make_unique<CreatedModules>(plan, *stores, *parts, name);
  } catch (const std::exception& error) {
    return report({State::failed, subject, whyUnmade(error)});
  }
  report({State::ok, subject, "version " + module.manifest->version + " can be loaded"});
  const auto& migrations = module.manifest->migrations;
  if (!migrations.empty()) reportMigrations(subject + ": migrations", *stores->database, name, migrations, report);
  if (tryAll(created->module().host().trials(), name + ": ", report)) leave(created, parts, stores);
}

}  // namespace mortise::kernel
