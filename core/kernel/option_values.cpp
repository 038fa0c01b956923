#include "core/kernel/option_values.hpp"

#include <grp.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/text.hpp"
#include "core/db/database.hpp"
#include "core/http/listener.hpp"
#include "core/identity/jwt.hpp"
#include "core/kernel/client_address.hpp"
#include "core/kernel/cors.hpp"
#include "core/kernel/origin.hpp"
#include "core/kernel/secret_value.hpp"
#include "core/kernel/start_error.hpp"
#include "core/kernel/storage.hpp"
#include "core/services/cache/cache.hpp"
#include "core/services/jobs/time_zone.hpp"
#include "core/services/jobs/trigger.hpp"
#include "core/services/jobs/trigger_error.hpp"
#include "core/services/mail/mail.hpp"

namespace mortise::kernel {
namespace {

// Short enough for mortise_error.details with its other members.
constexpr std::size_t kMaxUpgradeUrl = 300;

}  // namespace

contract::BucketOverrides bucketOverrides(const config::Config& config) {
  contract::BucketOverrides overrides;
  overrides.allOff = !config.boolean("limits.enabled");
  for (const auto& entry : config.list("limits.override")) {
    const auto where = "limits.override (" + config.origin("limits.override") + "): ";
    try {
      const auto [name, numbers] = contract::readOverride(entry);
      if (!overrides.byName.emplace(name, numbers).second) throw std::runtime_error(name + " is given twice");
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

std::map<std::string, std::vector<std::string>> grants(std::span<const plugin::Manifest* const> modules,
                                                       const config::Config& config) {
  std::map<std::string, std::vector<std::string>> roles{{"kernel.metrics", {}}, {"kernel.audit", {}}};
  for (const auto* manifest : modules) {
    for (const auto& permission : manifest->permissions) roles[permission.name] = permission.roles;
  }
  std::vector<std::string> known;
  for (const auto& [name, holders] : roles) known.push_back(name);
  for (const auto& entry : config.list("identity.grant")) {
    const auto equals = entry.find('=');
    const auto name = entry.substr(0, equals);
    const auto granted = roles.find(name);
    if (equals == std::string::npos || granted == roles.end()) {
      const auto near = text::nearest(name, known);
      throw StartError({"identity.grant (" + config.origin("identity.grant") + "): \"" + entry +
                        "\" should be PERMISSION=ROLE+ROLE with a permission of an enabled module" +
                        (near.empty() ? "" : "; did you mean " + near + "?")});
    }
    granted->second.clear();
    for (const auto role : text::split(std::string_view(entry).substr(equals + 1), '+')) {
      if (!text::trim(role).empty()) granted->second.emplace_back(text::trim(role));
    }
  }
  return roles;
}

std::string databaseUrl(const config::Config& config) {
  const auto& url = config.text("db.url");
  return url.empty() ? "sqlite:" + config.text("data.dir") + "/" + kDatabaseFile : url;
}

std::string secretFile(const config::Config& config) {
  const auto& file = config.text("identity.secret_file");
  return file.empty() ? config.text("data.dir") + "/" + kSecretFile : file;
}

std::string describeData(const config::Config& config) {
  const auto url = databaseUrl(config);
  return "data.dir " + config.text("data.dir") + " (" + config.origin("data.dir") + "), database " +
         (url.starts_with("sqlite:") ? url : "of db.url (" + config.origin("db.url") + ")");
}

std::string publicUrl(const config::Config& config) {
  auto url = config.text("http.public_url");
  while (url.ends_with('/')) url.pop_back();
  const auto origin = originPart(url);
  if (const auto normal = normalOrigin(origin)) url.replace(0, origin.size(), *normal);
  return url;
}

http::SocketFile socketFile(const config::Config& config) {
  http::SocketFile file;
  const auto& mode = config.text("http.socket_mode");
  const auto [end, failure] = std::from_chars(mode.data(), mode.data() + mode.size(), file.mode, 8);
  if (failure != std::errc{} || end != mode.data() + mode.size() || file.mode > 0777) {
    throw StartError({"http.socket_mode (" + config.origin("http.socket_mode") + "): \"" + mode +
                      "\" should be the octal mode of a file, such as 0660"});
  }
  const auto& group = config.text("http.socket_group");
  if (group.empty()) return file;
  std::string room(1 << 16, '\0');
  struct group entry {};
  struct group* match = nullptr;
  gid_t number = 0;
  const auto read = std::from_chars(group.data(), group.data() + group.size(), number);
  if (::getgrnam_r(group.c_str(), &entry, room.data(), room.size(), &match) == 0 && match != nullptr) {
    file.group = entry.gr_gid;
  } else if (read.ec == std::errc{} && read.ptr == group.data() + group.size() && number != static_cast<gid_t>(-1)) {
    file.group = number;
  } else {
    throw StartError(
        {"http.socket_group (" + config.origin("http.socket_group") + "): there is no group \"" + group + "\""});
  }
  return file;
}

std::string defaultLanguage(const config::Config& config) {
  const auto& language = config.text("http.default_language");
  return language == "contract" ? std::string() : language;
}

std::string upgradeUrl(const config::Config& config) {
  const auto& url = config.text("identity.upgrade_url");
  return url.empty() ? publicUrl(config) + "/pricing" : url;
}

unsigned passwordThreads(const config::Config& config) {
  const auto threads = static_cast<unsigned>(config.integer("identity.password_concurrency"));
  return threads > 0 ? threads : std::max(2u, std::thread::hardware_concurrency()) - 1;
}

namespace {

// Runs what the part that uses the option does with it, short of opening anything.
template <class Read>
void check(const config::Config& config, const char* option, const Read& read) {
  try {
    read();
  } catch (const std::exception& error) {
    const std::string_view reason = error.what();
    const auto said = std::string(option) + ": ";
    throw StartError({std::string(option) + " (" + config.origin(option) +
                      "): " + std::string(reason.starts_with(said) ? reason.substr(said.size()) : reason)});
  }
}

void checkConnections(const config::Config& config) {
  check(config, "db.url", [&] { db::Database::checkUrl(databaseUrl(config)); });
  check(config, "cache.url", [&] { services::Cache::checkUrl(config.text("cache.url")); });
  check(config, "mail.url", [&] { services::Mailer::checkUrl(config.text("mail.url")); });
  check(config, "http.listen", [&] {
    for (const auto& address : config.list("http.listen")) http::Listener::checkAddress(address);
  });
  // The shared secret of HS256 is the server's own and no setting.
  if (const auto algorithm = config.text("identity.jwt_algorithm"); algorithm != "HS256") {
    check(config, "identity.jwt_key_file",
          [&] { const identity::JwtKey key(algorithm, {}, config.text("identity.jwt_key_file")); });
  }
}

}  // namespace

void checkValues(const config::Config& config) {
  checkConnections(config);
  namedSecrets(config);
  const auto zone = config.text("jobs.timezone");
  // Without time zone data the server runs in UTC; JobEngine logs that.
  if (!services::TimeZone::find(zone) && services::TimeZone::find("Etc/UTC")) {
    throw StartError({"jobs.timezone (" + config.origin("jobs.timezone") + "): there is no time zone \"" + zone +
                      "\"; use an IANA name like Europe/Berlin"});
  }
  check(config, "blobs.scrub", [&] {
    try {
      if (const auto when = config.text("blobs.scrub"); when != kNever) services::Trigger::parse(when);
    } catch (const services::TriggerError& error) {
      throw std::invalid_argument(std::string(error.what()) + "; or off");
    }
  });
  if (const auto wrong = storageFault(config); !wrong.empty()) throw StartError({wrong});
  const auto& upgrade = config.text("identity.upgrade_url");
  const bool isUrl = upgrade.starts_with("https://") || upgrade.starts_with("http://");
  if (!upgrade.empty() && (!isUrl || text::length(upgrade) > kMaxUpgradeUrl)) {
    throw StartError({"identity.upgrade_url (" + config.origin("identity.upgrade_url") +
                      "): should be a URL that begins with https:// or http://, of at most " +
                      std::to_string(kMaxUpgradeUrl) + " characters"});
  }
  const auto& address = config.text("http.public_url");
  const auto origin = normalOrigin(originPart(address));
  const bool isWeb = origin && (origin->starts_with("https://") || origin->starts_with("http://"));
  if (!address.empty() && (!isWeb || address.find_first_of("?# ") != std::string::npos)) {
    throw StartError({"http.public_url (" + config.origin("http.public_url") + "): \"" + address +
                      "\" should be https://host or http://host, with a port or a path at most"});
  }
  socketFile(config);
  check(config, "http.cors_origins", [&] { const Cors cors(config.list("http.cors_origins")); });
  check(config, "http.trusted_proxies", [&] { const TrustedProxies proxies(config.list("http.trusted_proxies")); });
}

}  // namespace mortise::kernel
