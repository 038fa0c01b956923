#include "configuration/configuration_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <vector>

#include "preferences/tool_preferences.hpp"
#include "tests/peers_testing.hpp"

namespace agent {
namespace {

using mortise::Transaction;
using mortise::testing::DatabaseTest;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// secrets/1 that writes the purpose before the text, backwards.
mortise::Secrets backwardSecrets() {
  static const mortise_secrets_v1 kTable = [] {
    mortise_secrets_v1 table{};
    table.struct_size = sizeof table;
    table.seal = [](mortise_host*, mortise_str purpose, mortise_str plain, mortise_secret_sink sink, void* context,
                    mortise_error*) -> mortise_status {
      const auto text = mortise::detail::copied(plain);
      const auto out = mortise::detail::copied(purpose) + "|" + std::string(text.rbegin(), text.rend());
      sink(context, mortise::detail::str(out));
      return MORTISE_OK;
    };
    table.unseal = [](mortise_host*, mortise_str purpose, mortise_str sealed, mortise_secret_sink sink, void* context,
                      mortise_error*) -> mortise_status {
      auto text = mortise::detail::copied(sealed);
      const auto head = mortise::detail::copied(purpose) + "|";
      if (!text.starts_with(head)) return MORTISE_DENIED;
      text.erase(0, head.size());
      const std::string out(text.rbegin(), text.rend());
      sink(context, mortise::detail::str(out));
      return MORTISE_OK;
    };
    return table;
  }();
  return {nullptr, &kTable};
}

class AgentConfigurationStore : public DatabaseTest {
 protected:
  AgentConfigurationStore() : DatabaseTest("agent", std::string(AGENT_SOURCE_DIR) + "/migrations") {}

  static LlmConfig defaults() {
    LlmConfig out;
    out.baseUrl = "https://default";
    out.modelName = "m";
    out.apiKey = "sk-default";
    return out;
  }
  std::string column(const char* sql) { return db().queryOne<std::string>(sql).value_or("none"); }

  ConfigurationStore store_{db(), backwardSecrets(), quietLog(), defaults()};
  ToolPreferences preferences_{db()};
};

TEST_P(AgentConfigurationStore, KeepsTheModelAndSealsItsKey) {
  EXPECT_EQ(store_.llm().apiKey, "sk-default");
  auto config = store_.llm();
  config.contextWindow = 2048;
  config.softTriggerRatio = 0.5;
  config.tokenEstimator = TokenEstimator::providerApi;
  store_.put(config, "sk-secret", "u");
  const auto read = store_.llm();
  EXPECT_EQ(read.apiKey, "sk-secret");
  EXPECT_EQ(read.contextWindow, 2048);
  EXPECT_EQ(read.softTriggerRatio, 0.5);
  EXPECT_EQ(read.tokenEstimator, TokenEstimator::providerApi);
  EXPECT_EQ(read.updatedBy, "u");
  EXPECT_THAT(column("SELECT sealed_key FROM agent_llm"), Not(HasSubstr("sk-secret")));
  auto later = store_.llm();
  later.modelName = "other";
  store_.put(later, "", "u");
  EXPECT_EQ(store_.llm().modelName, "other");
  EXPECT_EQ(store_.llm().apiKey, "sk-secret");
  run("UPDATE agent_llm SET sealed_key = 'of another server'");
  EXPECT_EQ(store_.llm().apiKey, "");
}

TEST_P(AgentConfigurationStore, SendsAKeyToNoOtherOrigin) {
  auto config = store_.llm();
  config.baseUrl = "https://models.example/v1";
  store_.put(config, "sk-secret", "u");
  for (const auto* same : {"https://models.example/v2", "HTTPS://MODELS.example:443/", "https://models.example?x"}) {
    config = store_.llm();
    config.baseUrl = same;
    store_.put(config, "", "u");
    EXPECT_EQ(store_.llm().apiKey, "sk-secret") << same;
  }
  for (const auto* other : {"http://models.example/v1", "https://models.example:8443/v1", "https://evil.example/v1",
                            "https://models.example@evil.example/", "https://models.example.evil.example/",
                            "https://sub.models.example/"}) {
    config.baseUrl = "https://models.example/v1";
    store_.put(config, "sk-secret", "u");
    config = store_.llm();
    config.baseUrl = other;
    store_.put(config, "", "u");
    EXPECT_EQ(store_.llm().apiKey, "") << other;
    EXPECT_EQ(column("SELECT COALESCE(sealed_key, 'none') FROM agent_llm"), "none") << other;
    config = store_.llm();
    config.baseUrl = "https://models.example/v1";
    store_.put(config, "", "u");
    EXPECT_EQ(store_.llm().apiKey, "") << "nor back again";
    store_.put(config, "sk-next", "u");
    EXPECT_EQ(store_.llm().apiKey, "sk-next");
  }
}

TEST_P(AgentConfigurationStore, ReplacesAServerWithItsSecrets) {
  const std::string before =
      R"({"url":"https://a.example/mcp","headers":{"Authorization":"Bearer secret"},"env":{"K":"secret"}})";
  store_.put("a", readMcpEntry("a", before), before, 1, "u");
  const std::string after = R"({"url":"https://b.example/mcp"})";
  store_.put("a", readMcpEntry("a", after), after, 2, "u");
  const auto server = store_.mcpServers().at(0);
  EXPECT_EQ(server.entry.url, "https://b.example/mcp");
  EXPECT_THAT(server.entry.headers, IsEmpty()) << "what was given for one server goes to no other";
  EXPECT_THAT(server.entry.env, IsEmpty());
}

TEST_P(AgentConfigurationStore, LeavesTheOperatorsKeyWhereItIs) {
  auto config = store_.llm();
  config.temperature = 0.1;
  store_.put(config, "", "u");
  EXPECT_EQ(column("SELECT COALESCE(sealed_key, 'none') FROM agent_llm"), "none");
  EXPECT_EQ(store_.llm().apiKey, "sk-default");
  auto defaults = AgentConfigurationStore::defaults();
  defaults.apiKey = "sk-next";
  EXPECT_EQ(ConfigurationStore(db(), backwardSecrets(), quietLog(), defaults).llm().apiKey, "sk-next");
  config.baseUrl = "https://of-somebody-else";
  store_.put(config, "", "u");
  EXPECT_EQ(store_.llm().apiKey, "");
}

TEST_P(AgentConfigurationStore, KeepsServersInTheirOrder) {
  for (const std::string name : {"b", "a"}) {
    const auto text = R"({"command":")" + name + R"(","env":{"K":"secret"},"own":1})";
    EXPECT_TRUE(store_.put(name, readMcpEntry(name, text), text, 1, "u"));
  }
  auto servers = store_.mcpServers();
  ASSERT_THAT(servers, SizeIs(2));
  EXPECT_EQ(servers[0].name + servers[1].name, "ba");
  EXPECT_EQ(servers[0].entry.env.at(0).second, "secret");
  const auto sealed = column("SELECT sealed_entry FROM agent_mcp_servers WHERE name = 'a'");
  EXPECT_THAT(sealed, Not(HasSubstr("secret")));
  EXPECT_THAT(std::string(sealed.rbegin(), sealed.rend()), HasSubstr(R"("own":1)")) << "as it was sent";
  const std::string text = R"({"url":"http://x","enabled":false})";
  EXPECT_FALSE(store_.put("b", readMcpEntry("b", text), text, 2, "u"));
  servers = store_.mcpServers();
  EXPECT_EQ(servers[0].name, "b");
  EXPECT_EQ(servers[0].transport, McpTransport::streamableHttp);
  EXPECT_FALSE(servers[0].enabled);
  EXPECT_EQ(servers[0].version, 2);
  EXPECT_TRUE(store_.setMcpServerEnabled("b", true, 3, "v"));
  EXPECT_FALSE(store_.setMcpServerEnabled("c", true, 3, "v"));
  run("UPDATE agent_mcp_servers SET sealed_entry = 'x' WHERE name = 'a'");
  servers = store_.mcpServers();
  EXPECT_TRUE(servers[0].readable && servers[0].enabled);
  EXPECT_FALSE(servers[1].readable);
  EXPECT_TRUE(store_.removeMcpServer("b"));
  EXPECT_FALSE(store_.removeMcpServer("b"));
  EXPECT_EQ(store_.countMcpServers(), 1);

  const auto first = store_.addA2aServer("http://user:secret@x", 1, "u");
  store_.addA2aServer("http://y", 1, "u");
  EXPECT_THAT(column("SELECT sealed_url FROM agent_a2a_servers ORDER BY position LIMIT 1"), Not(HasSubstr("secret")));
  EXPECT_EQ(store_.a2aServers().at(0).baseUrl, "http://user:secret@x");
  EXPECT_TRUE(store_.setA2aServerEnabled(first.id, false, 2, "u"));
  EXPECT_FALSE(store_.a2aServers().at(0).enabled);
  EXPECT_TRUE(store_.hasA2aServer(first.id));
  EXPECT_TRUE(store_.removeA2aServer(first.id));
  EXPECT_EQ(store_.countA2aServers(), 1);
}

TEST_P(AgentConfigurationStore, NumbersChanges) {
  const auto before = store_.version();
  db().transaction([&](Transaction& tx) { EXPECT_EQ(store_.in(tx).beginChange(), before + 1); });
  EXPECT_EQ(store_.version(), before + 1);
}

TEST_P(AgentConfigurationStore, KeepsWhatUsersSwitchOff) {
  preferences_.set("u", ToolKind::mcp, "a", false);
  preferences_.set("u", ToolKind::mcp, "b", false);
  preferences_.set("u", ToolKind::mcp, "b", true);
  preferences_.set("u", ToolKind::a2a, "a", false);
  preferences_.set("v", ToolKind::mcp, "a", false);
  const auto switches = preferences_.of("u", ToolKind::mcp);
  EXPECT_FALSE(isOn(switches, "a"));
  EXPECT_TRUE(isOn(switches, "b"));
  EXPECT_TRUE(isOn(switches, "c"));
  EXPECT_EQ(preferences_.forgetTool(ToolKind::mcp, "a"), 2);
  EXPECT_EQ(preferences_.forgetUser("u"), 2);
  EXPECT_THAT(preferences_.of("u", ToolKind::a2a), IsEmpty());
}

TEST_P(AgentConfigurationStore, FindsPreferencesAlongAnIndexHoweverManyThereAre) {
  database().fill("agent_tool_preferences", mortise::testing::kManyRows,
                  {{"user_id", "'user' || (n % 1000)"},
                   {"type", "CASE WHEN n % 2 = 0 THEN 'mcp' ELSE 'a2a' END"},
                   {"tool_id", "'tool' || (n / 1000)"},
                   {"enabled", "n % 2"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    preferences_.of("user2", ToolKind::mcp);
    preferences_.set("user2", ToolKind::mcp, "tool1", false);
    preferences_.forgetTool(ToolKind::mcp, "tool1");
    preferences_.forgetUser("user2");
  }));
}

TEST_P(AgentConfigurationStore, ReadsServersAlongAnIndexHoweverManyThereAre) {
  database().fill("agent_mcp_servers", mortise::testing::kManyRows,
                  {{"name", "'server' || n"},
                   {"position", "n"},
                   {"enabled", "n % 2"},
                   {"transport", "'stdio'"},
                   {"sealed_entry", R"('agent mcp server server' || n || '|}"x":"dnammoc"{')"},
                   {"version", "n"},
                   {"updated_at", "n"},
                   {"updated_by", "'u'"}});
  database().fill("agent_a2a_servers", mortise::testing::kManyRows,
                  {{"id", "'server' || n"},
                   {"position", "n"},
                   {"enabled", "n % 2"},
                   {"sealed_url", "'agent a2a server server' || n || '|x//:ptth'"},
                   {"version", "n"},
                   {"updated_at", "n"},
                   {"updated_by", "'u'"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    EXPECT_TRUE(store_.mcpServers().back().readable);
    EXPECT_EQ(store_.a2aServers().back().baseUrl, "http://x");
    const std::string text = R"({"url":"http://x"})";
    store_.put("new", readMcpEntry("new", text), text, 1, "u");
    store_.setMcpServerEnabled("server2", true, 2, "u");
    store_.hasMcpServer("server2");
    store_.countMcpServers();
    store_.removeMcpServer("server2");
    const auto server = store_.addA2aServer("http://y", 1, "u");
    store_.setA2aServerEnabled(server.id, false, 2, "u");
    store_.hasA2aServer(server.id);
    store_.countA2aServers();
    store_.removeA2aServer(server.id);
  }));
}

MORTISE_ON_EVERY_DATABASE(AgentConfigurationStore);

}  // namespace
}  // namespace agent
