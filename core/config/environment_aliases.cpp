#include "core/config/environment_aliases.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace mortise::config {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Alias {
  std::string_view variable;
  std::string_view option;
  std::string_view form;  // {} is replaced by the variable's value
};

// The variables of the agent platform that correspond to an option.
constexpr std::array kAliases{
    Alias{"MINIO_ENDPOINT", "blobs.s3_endpoint", "{}"},
    Alias{"MINIO_ACCESS_KEY", "blobs.s3_access_key", "{}"},
    Alias{"MINIO_SECRET_KEY", "blobs.s3_secret_key", "{}"},
    Alias{"MINIO_REGION", "blobs.s3_region", "{}"},
    Alias{"MINIO_SECURE", "blobs.s3_secure", "{}"},
    Alias{"MINIO_BUCKET_NAME", "blobs.url", "s3://{}"},
    Alias{"JWT_ALGORITHM", "identity.jwt_algorithm", "{}"},
    Alias{"JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "identity.platform_access_ttl", "{}m"},
    Alias{"JWT_REFRESH_TOKEN_EXPIRE_DAYS", "identity.platform_refresh_ttl", "{}d"},
    Alias{"WECHAT_APP_ID", "auth.wechat_app_id", "{}"},
    Alias{"WECHAT_APP_SECRET", "auth.wechat_app_secret", "{}"},
    Alias{"WECHAT_REDIRECT_URI", "auth.wechat_redirect_uri", "{}"},
    Alias{"WECHAT_FRONTEND_REDIRECT_URI", "auth.wechat_frontend_url", "{}"},
    Alias{"SKILLS_ROOT_DIR", "skills.root_dir", "{}"},
    Alias{"SKILL_BLOCKED_COMMAND_PATTERNS", "skills.blocked_commands", "{}"},
};
// Variables that form one option together, and one with its own format.
constexpr std::string_view kDatabase = "SQLALCHEMY_DATABASE_URL";
constexpr std::string_view kRedisHost = "REDIS_HOST";
constexpr std::array<std::string_view, 3> kRedisParts{"REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD"};

std::string textOf(const Environment& environment, std::string_view variable) {
  for (const auto& [name, text] : environment) {
    if (name == variable) return text;
  }
  return {};
}

std::string redisUrl(const Environment& environment) {
  const auto host = textOf(environment, kRedisHost);
  if (host.empty()) return {};
  const auto port = textOf(environment, "REDIS_PORT");
  const auto number = textOf(environment, "REDIS_DB");
  const auto password = textOf(environment, "REDIS_PASSWORD");
  return "redis://" + (password.empty() ? "" : ":" + text::percentEncode(password) + "@") + host + ":" +
         (port.empty() ? "6379" : port) + "/" + (number.empty() ? "0" : number);
}

// postgresql+asyncpg://user@host/db and sqlite+aiosqlite:////path name a Python driver: drop it.
std::string databaseUrl(const std::string& url) {
  const auto scheme = url.substr(0, url.find(':'));
  const auto rest = url.substr(scheme.size());
  const auto kind = scheme.substr(0, scheme.find('+'));
  constexpr std::string_view kThreeSlashes = ":///";
  if (kind == "sqlite" && rest.starts_with(kThreeSlashes)) return "sqlite:" + rest.substr(kThreeSlashes.size());
  return kind + rest;
}

}  // namespace

bool isEnvironmentAlias(std::string_view variable) {
  return variable == kDatabase || variable == kRedisHost ||
         std::find(kRedisParts.begin(), kRedisParts.end(), variable) != kRedisParts.end() ||
         std::any_of(kAliases.begin(), kAliases.end(), [&](const Alias& alias) { return alias.variable == variable; });
}

std::vector<AliasedSetting> aliasedSettings(const Environment& environment) {
  std::vector<AliasedSetting> settings;
  for (const auto& alias : kAliases) {
    const auto text = textOf(environment, alias.variable);
    if (text.empty()) continue;
    std::string value(alias.form);
    value.replace(value.find("{}"), 2, text);
    settings.push_back({std::string(alias.option), std::move(value), std::string(alias.variable)});
  }
  if (auto url = redisUrl(environment); !url.empty())
    settings.push_back({"cache.url", std::move(url), std::string(kRedisHost)});
  if (const auto database = textOf(environment, kDatabase); !database.empty())
    settings.push_back({"db.url", databaseUrl(database), std::string(kDatabase)});
  return settings;
}

}  // namespace mortise::config
