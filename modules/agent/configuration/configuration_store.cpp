#include "configuration/configuration_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <stdexcept>
#include <utility>

#include "web_text.hpp"

namespace agent {
namespace {

namespace db = mortise::db;

constexpr std::string_view kModelKey = "agent model key";
constexpr std::string_view kMcpEntry = "agent mcp server";
constexpr std::string_view kA2aUrl = "agent a2a server";

LlmConfig defaultsFrom(const mortise::Config& config) {
  LlmConfig out;
  out.baseUrl = config.text("model_base_url");
  if (partsOf(out.baseUrl).hasUser || out.baseUrl.find('?') != std::string::npos) {
    throw std::runtime_error(
        "agent.model_base_url: it holds a user, a password or a query, and every user is shown it; set "
        "agent.model_api_key");
  }
  out.modelName = config.text("model_name");
  out.apiKey = config.text("model_api_key");
  return out;
}

// What is sealed for one row opens in no other.
std::string purposeOf(std::string_view purpose, std::string_view about) {
  return std::string(purpose).append(" ").append(about);
}

}  // namespace

ConfigurationStore::ConfigurationStore(const mortise::Host& host)
    : ConfigurationStore(host.db(), host.secrets(), host.log(), defaultsFrom(host.config())) {}

ConfigurationStore::ConfigurationStore(mortise::Db database, mortise::Secrets secrets, mortise::Log log,
                                       LlmConfig defaults)
    : db_(database), secrets_(secrets), log_(log), defaults_(std::move(defaults)) {}

ConfigurationStore ConfigurationStore::in(const mortise::Transaction& tx) const {
  return {db_.in(tx), secrets_, log_, defaults_};
}

std::string ConfigurationStore::sealed(std::string_view purpose, std::string_view about, std::string_view plain) const {
  return secrets_.seal(purposeOf(purpose, about), plain);
}

std::string ConfigurationStore::opened(std::string_view purpose, std::string_view about,
                                       std::string_view sealed) const {
  auto plain = secrets_.unseal(purposeOf(purpose, about), sealed);
  if (plain) return *std::move(plain);
  log_.warning("a setting of the agent was sealed with another master secret; set it again",
               {{"setting", purpose}, {"name", about}});
  return {};
}

std::int64_t ConfigurationStore::version() const {
  return db_.queryOne<std::int64_t>("SELECT version FROM agent_configuration WHERE id = 1").value_or(0);
}

std::int64_t ConfigurationStore::beginChange() const {
  db_.execute("UPDATE agent_configuration SET version = version + 1 WHERE id = 1");
  return version();
}

LlmConfig ConfigurationStore::llm() const {
  auto config = db::find<LlmConfig>(db_, defaults_.id);
  if (!config) return defaults_;
  if (config->sealedKey) {
    config->apiKey = opened(kModelKey, "", *config->sealedKey);
  } else if (areOfOneOrigin(config->baseUrl, defaults_.baseUrl)) {
    config->apiKey = defaults_.apiKey;  // the operator's, and for the operator's server only
  }
  return *std::move(config);
}

void ConfigurationStore::put(LlmConfig config, std::string_view key, std::string_view userId) const {
  if (!key.empty()) {
    config.sealedKey = sealed(kModelKey, "", key);
  } else if (!areOfOneOrigin(config.baseUrl, llm().baseUrl)) {
    config.sealedKey.reset();
  }
  config.updatedAt = mortise::now();
  config.updatedBy = userId;
  db::upsert(db_, config);
}

AgentLimits ConfigurationStore::limits() const {
  return db::find<AgentLimits>(db_, AgentLimits().id).value_or(AgentLimits());
}

void ConfigurationStore::put(AgentLimits limits, std::string_view userId) const {
  limits.updatedAt = mortise::now();
  limits.updatedBy = userId;
  db::upsert(db_, limits);
}

std::vector<McpServer> ConfigurationStore::mcpServers() const {
  auto servers = db::rows<McpServer>(db_, "ORDER BY position");
  for (auto& server : servers) {
    const auto text = opened(kMcpEntry, server.name, server.sealedEntry);
    try {
      server.entry = readMcpEntry(server.name, text);
    } catch (const mortise::Problem&) {
      server.readable = false;
    }
  }
  return servers;
}

bool ConfigurationStore::put(std::string_view name, const McpEntry& entry, std::string_view text, std::int64_t version,
                             std::string_view userId) const {
  McpServer server;
  server.name = name;
  server.enabled = entry.enabled;
  server.transport = entry.transport;
  server.sealedEntry = sealed(kMcpEntry, name, text);
  server.version = version;
  server.updatedAt = mortise::now();
  server.updatedBy = userId;
  const bool known = hasMcpServer(name);
  if (!known)
    server.position =
        db_.queryOne<std::int64_t>("SELECT COALESCE(MAX(position), 0) + 1 FROM agent_mcp_servers").value_or(1);
  db::upsert(db_, server);
  return !known;
}

bool ConfigurationStore::setMcpServerEnabled(std::string_view name, bool enabled, std::int64_t version,
                                             std::string_view userId) const {
  return db_.execute(
             "UPDATE agent_mcp_servers SET enabled = :enabled, version = :version, updated_at = :updated_at, "
             "updated_by = :updated_by WHERE name = :name",
             {{"enabled", enabled},
              {"version", version},
              {"updated_at", mortise::now()},
              {"updated_by", userId},
              {"name", name}}) > 0;
}

bool ConfigurationStore::removeMcpServer(std::string_view name) const { return db::remove<McpServer>(db_, name); }

std::int64_t ConfigurationStore::countMcpServers() const { return db::count<McpServer>(db_); }

bool ConfigurationStore::hasMcpServer(std::string_view name) const {
  return db::exists<McpServer>(db_, "WHERE name = :name", {{"name", name}});
}

std::vector<A2aServer> ConfigurationStore::a2aServers() const {
  auto servers = db::rows<A2aServer>(db_, "ORDER BY position");
  for (auto& server : servers) server.baseUrl = opened(kA2aUrl, server.id, server.sealedUrl);
  return servers;
}

A2aServer ConfigurationStore::addA2aServer(std::string_view baseUrl, std::int64_t version,
                                           std::string_view userId) const {
  A2aServer server;
  server.id = mortise::makeUuid();
  server.position =
      db_.queryOne<std::int64_t>("SELECT COALESCE(MAX(position), 0) + 1 FROM agent_a2a_servers").value_or(1);
  server.sealedUrl = sealed(kA2aUrl, server.id, baseUrl);
  server.version = version;
  server.updatedAt = mortise::now();
  server.updatedBy = userId;
  server.baseUrl = baseUrl;
  db::insert(db_, server);
  return server;
}

bool ConfigurationStore::setA2aServerEnabled(std::string_view id, bool enabled, std::int64_t version,
                                             std::string_view userId) const {
  return db_.execute(
             "UPDATE agent_a2a_servers SET enabled = :enabled, version = :version, updated_at = :updated_at, "
             "updated_by = :updated_by WHERE id = :id",
             {{"enabled", enabled},
              {"version", version},
              {"updated_at", mortise::now()},
              {"updated_by", userId},
              {"id", id}}) > 0;
}

bool ConfigurationStore::removeA2aServer(std::string_view id) const { return db::remove<A2aServer>(db_, id); }

std::int64_t ConfigurationStore::countA2aServers() const { return db::count<A2aServer>(db_); }

bool ConfigurationStore::hasA2aServer(std::string_view id) const {
  return db::exists<A2aServer>(db_, "WHERE id = :id", {{"id", id}});
}

}  // namespace agent
