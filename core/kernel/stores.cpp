#include "core/kernel/stores.hpp"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <system_error>

#include "core/base/problem.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/start_error.hpp"

namespace mortise::kernel {
namespace {

services::Secrets openSecrets(const Plan& plan) {
  const auto file = plan.config().text("identity.secret_file");
  return services::Secrets::open(file.empty() ? plan.dataDirectory() + "/secret" : file, namedSecrets(plan.config()));
}

std::unique_ptr<db::Database> openDatabase(const Plan& plan) {
  const auto& config = plan.config();
  db::Options options;
  options.url =
      config.text("db.url").empty() ? "sqlite:" + plan.dataDirectory() + "/mortise.db" : config.text("db.url");
  options.connections = static_cast<std::size_t>(config.integer("db.connections"));
  options.synchronous = config.text("db.synchronous");
  return db::Database::open(options);
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
  // The lane `password` has a queue of its own. Beside it few may wait, since each holds a worker meanwhile.
  options.passwordQueue = std::size_t{2} * options.passwordConcurrency;
  options.accessLifetime = seconds("identity.access_ttl");
  options.refreshLifetime = seconds("identity.refresh_ttl");
  options.statelessAccessLifetime = seconds("identity.platform_access_ttl");
  options.statelessRefreshLifetime = seconds("identity.platform_refresh_ttl");
  options.cookieLifetime = seconds("identity.cookie_ttl");
  options.defaultTier = config.text("identity.default_tier");
  options.upgradeUrl = upgradeUrl(config);
  options.secureCookies = config.text("http.public_url").starts_with("https://");
  if (backend == db::Backend::sqlite) options.revisionFile = plan.dataDirectory() + "/identity.revision";
  return options;
}

void makeDataDirectory(const std::string& directory) {
  std::error_code failure;
  const bool isNew = std::filesystem::create_directories(directory, failure);
  if (failure) throw StartError({"can't make data.dir " + directory + ": " + failure.message()});
  if (isNew) ::chmod(directory.c_str(), 0700);
}

}  // namespace

Stores::Stores(const Plan& plan)
    : secrets(openSecrets(plan)),
      database(openDatabase(plan)),
      identity(*database, identityOptions(plan, secrets, database->backend())),
      audit(*database) {}

std::unique_ptr<Stores> Stores::open(const Plan& plan) {
  makeDataDirectory(plan.dataDirectory());
  try {
    return std::make_unique<Stores>(plan);
  } catch (const StartError&) {
    throw;
  } catch (const Problem& problem) {
    throw StartError({problem.code + ": " + problem.noteText});
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
}

}  // namespace mortise::kernel
