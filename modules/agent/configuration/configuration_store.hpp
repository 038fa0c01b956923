// What administrators set for the agent, in the database. Every server reads it anew.
#pragma once

#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/secrets.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "configuration/a2a_server.hpp"
#include "configuration/agent_limits.hpp"
#include "configuration/llm_config.hpp"
#include "configuration/mcp_server.hpp"

namespace agent {

// Keys, addresses and whole entries of servers are sealed in their rows. What was sealed with another master secret reads
// as empty, and is logged. Every function throws db::Error. [worker] [start]
class ConfigurationStore {
 public:
  explicit ConfigurationStore(const mortise::Host& host);
  // For tests: `defaults` until an administrator sets something.
  ConfigurationStore(mortise::Db db, mortise::Secrets secrets, mortise::Log log, LlmConfig defaults);
  // The same as a part of a transaction.
  ConfigurationStore in(const mortise::Transaction& tx) const;

  // Of the last change of anything but preferences.
  std::int64_t version() const;
  // Begins a change, and returns its number: no other transaction changes anything until this one ends. First of all in a
  // transaction.
  std::int64_t beginChange() const;

  LlmConfig llm() const;
  // `config`: from llm(), changed. `key`: is sealed; empty: the stored one stays while the address is of the origin that
  // it was given for, else none is stored: no other server may get it.
  void put(LlmConfig config, std::string_view key, std::string_view userId) const;
  AgentLimits limits() const;
  void put(AgentLimits limits, std::string_view userId) const;

  // In the order in which they were added.
  std::vector<McpServer> mcpServers() const;
  // Adds it, or replaces the one of that name. `entry`: the JSON object as it was sent. True: it is a new one.
  bool put(std::string_view name, const McpEntry& entry, std::string_view text, std::int64_t version,
           std::string_view userId) const;
  // False: there is none.
  bool setMcpServerEnabled(std::string_view name, bool enabled, std::int64_t version, std::string_view userId) const;
  bool removeMcpServer(std::string_view name) const;
  std::int64_t countMcpServers() const;

  std::vector<A2aServer> a2aServers() const;
  A2aServer addA2aServer(std::string_view baseUrl, std::int64_t version, std::string_view userId) const;
  bool setA2aServerEnabled(std::string_view id, bool enabled, std::int64_t version, std::string_view userId) const;
  bool removeA2aServer(std::string_view id) const;
  std::int64_t countA2aServers() const;

  bool hasMcpServer(std::string_view name) const;
  bool hasA2aServer(std::string_view id) const;

 private:
  std::string sealed(std::string_view purpose, std::string_view about, std::string_view plain) const;
  std::string opened(std::string_view purpose, std::string_view about, std::string_view sealed) const;

  mortise::Db db_;
  mortise::Secrets secrets_;
  mortise::Log log_;
  LlmConfig defaults_;
};

}  // namespace agent
