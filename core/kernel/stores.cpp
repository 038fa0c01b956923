#include "core/kernel/stores.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/base/problem.hpp"
#include "core/db/migrations.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/start_error.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {
namespace {

[[noreturn]] void refuseWithoutData(const config::Config& config) {
  throw StartError({"there is no Mortise database here: " + describeData(config) +
                    "; name the server's configuration (--config FILE), or make a new database with mortise migrate"});
}

// Only SQLite can say so before it is opened: opening makes the file.
bool isMissingFile(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:";
  return url.starts_with(kSqlite) && !std::filesystem::exists(url.substr(kSqlite.size()));
}

std::unique_ptr<db::Database> openDatabase(const Plan& plan, WithoutDatabase without) {
  const auto& config = plan.config();
  db::Options options;
  options.url = databaseUrl(config);
  options.connections = static_cast<std::size_t>(config.integer("db.connections"));
  options.synchronous = config.text("db.synchronous");
  const bool refuses = without == WithoutDatabase::refuse;
  if (refuses && isMissingFile(options.url)) refuseWithoutData(config);
  auto database = db::Database::open(options);
  if (refuses && !db::wasMigrated(*database)) refuseWithoutData(config);
  return database;
}

identity::Options identityOptions(const Plan& plan, const services::Secrets& secrets, db::Backend backend) {
  const auto& config = plan.config();
  const auto seconds = [&](const char* option) { return std::chrono::seconds(config.integer(option) / 1000); };
  identity::Options options;
  options.secret = secrets.derive("identity");
  options.jwtAlgorithm = config.text("identity.jwt_algorithm");
  options.jwtKeyFile = config.text("identity.jwt_key_file");
  options.argon2Memory = static_cast<std::size_t>(config.integer("identity.argon2_memory"));
  options.argon2Passes = static_cast<unsigned>(config.integer("identity.argon2_passes"));
  options.passwordConcurrency = passwordThreads(config);
  // The lane `password` has its own queue. Beside it few callers may wait, since each occupies a worker meanwhile.
  options.passwordQueue = std::size_t{2} * options.passwordConcurrency;
  options.accessLifetime = seconds("identity.access_ttl");
  options.refreshLifetime = seconds("identity.refresh_ttl");
  options.statelessAccessLifetime = seconds("identity.platform_access_ttl");
  options.statelessRefreshLifetime = seconds("identity.platform_refresh_ttl");
  options.cookieLifetime = seconds("identity.cookie_ttl");
  options.defaultTier = config.text("identity.default_tier");
  options.upgradeUrl = upgradeUrl(config);
  options.secureCookies = publicUrl(config).starts_with("https://");
  if (backend == db::Backend::sqlite) options.revisionFile = plan.dataDirectory() + "/identity.revision";
  return options;
}

// A path that an operator wrote and that names nothing is a slip as long as there is data: a new secret would sign out
// all users and make what is sealed unreadable. A new database may get a new secret.
void checkSecretFile(const Plan& plan, db::Database& database) {
  const auto file = plan.config().text("identity.secret_file");
  if (file.empty() || std::filesystem::exists(file) || !db::wasMigrated(database)) return;
  throw StartError({"identity.secret_file (" + plan.config().origin("identity.secret_file") + ") names " + file +
                    ", which does not exist, though the database has data; correct the path or restore the file"});
}

services::Secrets openSecrets(const Plan& plan, db::Database& database) {
  checkSecretFile(plan, database);
  return services::Secrets::open(secretFile(plan.config()), namedSecrets(plan.config()));
}

template <class Open>
std::unique_ptr<Stores> opened(const Open& open) {
  try {
    return open();
  } catch (const StartError&) {
    throw;
  } catch (const Problem& problem) {
    throw StartError({problem.code + ": " + problem.noteText});
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
}

}  // namespace

void makeDataDirectory(const std::string& directory) {
  std::error_code failure;
  const bool isNew = std::filesystem::create_directories(directory, failure);
  if (failure) throw StartError({"can't make data.dir " + directory + ": " + failure.message()});
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return;
  if (::chmod(directory.c_str(), 0700) == 0) {
    if (!isNew) log::info("data.dir is for its owner alone now", {{"directory", directory}});
  } else {
    log::warning("other users of this machine can look into data.dir",
                 {{"directory", directory}, {"error", std::strerror(errno)}});
  }
}

Stores::Stores(const Plan& plan, WithoutDatabase without)
    : database(openDatabase(plan, without)),
      secrets(openSecrets(plan, *database)),
      identity(*database, identityOptions(plan, secrets, database->backend())),
      audit(*database) {}

std::unique_ptr<Stores> Stores::open(const Plan& plan, WithoutDatabase without) {
  if (without == WithoutDatabase::makeOne) makeDataDirectory(plan.dataDirectory());
  return opened([&] { return std::make_unique<Stores>(plan, without); });
}

}  // namespace mortise::kernel
