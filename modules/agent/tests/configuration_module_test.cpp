// The module in a real kernel: what administrators set for the agent, and what users switch off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/module_harness.hpp>

#include <string>
#include <vector>

namespace {

using mortise::testing::Answer;
using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLlm = "/api/app-config/llm";
constexpr const char* kAgent = "/api/app-config/agent";
constexpr const char* kMcp = "/api/app-config/mcp-servers";
constexpr const char* kA2a = "/api/app-config/a2a-servers";
constexpr const char* kUserMcp = "/api/user/tools/mcp";
constexpr const char* kUserA2a = "/api/user/tools/a2a";

std::string ok(const std::string& data) { return R"({"code":200,"msg":"success","data":)" + data + "}"; }
std::string refused(int code, const std::string& msg) {
  return R"({"code":)" + std::to_string(code) + R"(,"msg":")" + msg + R"(","data":{}})";
}
std::string faulty(const std::string& type, const std::string& loc, const std::string& msg) {
  const auto list = R"([{"type":")" + type + R"(","loc":)" + loc + R"(,"msg":")" + msg + R"("}])";
  return R"({"code":422,"msg":")" + msg + R"(","data":{"errors":)" + list + R"(},"detail":)" + list + "}";
}

class AgentConfiguration : public ::testing::Test {
 protected:
  static Answer inEnglish(const Client& client, const std::string& method, const std::string& path,
                          const std::string& body = {}) {
    return client.request(method, path, body, {"Accept-Language: en"});
  }
  Answer add(const std::string& servers) const { return admin_.post(kMcp, R"({"mcpServers":)" + servers + "}"); }
  // Of the only A2A server.
  std::string a2aId() const {
    const auto body = admin_.get(kA2a).body;
    const auto at = body.find(R"("id":")") + 6;
    return body.substr(at, body.find('"', at) - at);
  }
  std::string trail(const std::string& target) const {
    return admin_.get("/api/v1/admin/audit-log?target=" + target).body;
  }

  ModuleHarness harness_{"agent",
                         {{"http_client.allow_private", "true"},
                          {"limits.enabled", "false"},
                          {"agent.sandbox", "off"},
                          {"agent.model_api_key", "sk-operator"}}};
  Client admin_ = harness_.admin();
  Client user_ = harness_.as(std::vector<std::string>{});
  Client anonymous_ = harness_.anonymous();
};

constexpr const char* kDefaults =
    R"({"base_url":"https://api.deepseek.com","model_name":"deepseek-reasoner","temperature":0.7,"max_tokens":8192,"context_window":null,)"
    R"("context_overflow_guard_enabled":false,"overflow_retry_cap":2,"soft_trigger_ratio":0.85,"hard_trigger_ratio":0.95,)"
    R"("reserved_output_tokens":4096,"reserved_output_tokens_cap_ratio":0.25,"token_estimator":"hybrid","token_safety_factor":1.15,)"
    R"("unknown_model_context_window":32768})";

TEST_F(AgentConfiguration, IsForAdministratorsToChangeAndForUsersToRead) {
  for (const char* path : {kLlm, kAgent, kMcp, kA2a, kUserMcp, kUserA2a}) {
    EXPECT_EQ(user_.get(path).status, 200) << path;
    EXPECT_EQ(anonymous_.get(path).status, 401) << path;
    EXPECT_EQ(anonymous_.get(path).headers.at("www-authenticate"), "Bearer");
  }
  for (const char* path :
       {kLlm, kAgent, kMcp, kA2a, "/api/app-config/mcp-servers/x/delete", "/api/app-config/mcp-servers/x/enabled",
        "/api/app-config/a2a-servers/x/delete", "/api/app-config/a2a-servers/x/enabled"}) {
    EXPECT_EQ(user_.post(path, "{}").status, 403) << path;
    EXPECT_EQ(anonymous_.post(path, "{}").status, 401) << path;
  }
  EXPECT_EQ(user_.post(kLlm, "{}").body, refused(403, "无权限访问"));
  EXPECT_EQ(admin_.del(kLlm).status, 405);
}

TEST_F(AgentConfiguration, ReadsTheDefaultsOfTheModel) { EXPECT_EQ(user_.get(kLlm).body, ok(kDefaults)); }

TEST_F(AgentConfiguration, KeepsWhatAChangeOfTheModelLeavesOut) {
  const auto changed = admin_.post(
      kLlm,
      R"({"base_url":" https://m.example.com/v1 ","api_key":" sk-secret ","model_name":"m","temperature":0,"context_window":4096})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_THAT(
      changed.body,
      HasSubstr(
          R"("data":{"base_url":"https://m.example.com/v1","model_name":"m","temperature":0,"max_tokens":8192,"context_window":4096,)"));
  EXPECT_THAT(changed.body, Not(HasSubstr("secret")));
  EXPECT_THAT(changed.body, Not(HasSubstr("api_key")));
  const auto again = admin_.post(kLlm, R"({"api_key":"  ","max_tokens":1,"token_estimator":"char"})");
  EXPECT_THAT(
      again.body,
      HasSubstr(
          R"("base_url":"https://m.example.com/v1","model_name":"m","temperature":0,"max_tokens":1,"context_window":4096,)"));
  EXPECT_THAT(again.body, HasSubstr(R"("token_estimator":"char")"));
  EXPECT_EQ(user_.get(kLlm).body, again.body);
  EXPECT_THAT(admin_.post(kLlm, R"({"context_window":null})").body, HasSubstr(R"("context_window":null)"));
  const auto audited = trail("model");
  EXPECT_THAT(audited, HasSubstr(R"("address_changed":true,"key_changed":true)"));
  EXPECT_THAT(audited, HasSubstr(R"("address_changed":false,"key_changed":false)"));
  EXPECT_THAT(audited, Not(HasSubstr("secret")));
}

TEST_F(AgentConfiguration, TellsThatTheOperatorsKeyStaysWithTheOperatorsServer) {
  EXPECT_EQ(admin_.post(kLlm, R"({"temperature":0})").status, 200);
  EXPECT_THAT(trail("model"), HasSubstr(R"("address_changed":false,"key_changed":false)"));
  EXPECT_EQ(admin_.post(kLlm, R"({"base_url":"https://m.example.com"})").status, 200);
  EXPECT_THAT(trail("model"), HasSubstr(R"("address_changed":true,"key_changed":true)"));
}

TEST(AgentOptions, NameNoPasswordInTheModelsAddress) {
  for (const char* url : {"https://user:secret@m.example.com", "https://secret@m.example.com/v1", "https://@[::1]:8080",
                          "https://m.example.com/v1?key=secret"}) {
    try {
      const ModuleHarness harness{"agent", {{"agent.sandbox", "off"}, {"agent.model_base_url", url}}};
      ADD_FAILURE() << url;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("agent.model_base_url: it holds a user, a password or a query"));
    }
  }
}

TEST_F(AgentConfiguration, RefusesWhatBreaksARuleOfTheModel) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"base_url":"ftp://x"})", "body/base_url"},
      {R"({"base_url":"http://"})", "body/base_url"},
      {R"({"base_url":"x.example.com"})", "body/base_url"},
      {R"({"base_url":"https://user:secret@x.example.com/v1"})", "body/base_url"},
      {R"({"base_url":"https://secret@x.example.com"})", "body/base_url"},
      {R"({"base_url":"https://:secret@[::1]:8080/v1"})", "body/base_url"},
      {R"({"base_url":"https://x.example.com/v1?key=secret"})", "body/base_url"},
      {R"({"base_url":"https://x.example.com?key=secret"})", "body/base_url"},
      {R"({"base_url":"https://x.example.com/v1#secret"})", "body/base_url"},
      {R"({"temperature":-1})", "body/temperature"},
      {R"({"max_tokens":-1})", "body/max_tokens"},
      {R"({"context_window":1023})", "body/context_window"},
      {R"({"overflow_retry_cap":11})", "body/overflow_retry_cap"},
      {R"({"overflow_retry_cap":-1})", "body/overflow_retry_cap"},
      {R"({"soft_trigger_ratio":0})", "body/soft_trigger_ratio"},
      {R"({"soft_trigger_ratio":1.1})", "body/soft_trigger_ratio"},
      {R"({"hard_trigger_ratio":0})", "body/hard_trigger_ratio"},
      {R"({"context_overflow_guard_enabled":"yes"})", "body/context_overflow_guard_enabled"},
      {R"({"hard_trigger_ratio":1.1})", "body/hard_trigger_ratio"},
      {R"({"hard_trigger_ratio":0.85})", "body/hard_trigger_ratio"},
      {R"({"soft_trigger_ratio":0.95})", "body/hard_trigger_ratio"},
      {R"({"reserved_output_tokens":-1})", "body/reserved_output_tokens"},
      {R"({"reserved_output_tokens_cap_ratio":0})", "body/reserved_output_tokens_cap_ratio"},
      {R"({"reserved_output_tokens_cap_ratio":1.1})", "body/reserved_output_tokens_cap_ratio"},
      {R"({"token_estimator":"x"})", "body/token_estimator"},
      {R"({"token_safety_factor":0.9})", "body/token_safety_factor"},
      {R"({"unknown_model_context_window":1023})", "body/unknown_model_context_window"},
      {R"({"model_name":" "})", "body/model_name"}};
  for (const auto& [body, field] : rows) {
    const auto answer = admin_.post(kLlm, body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_EQ(answer.field, field) << body;
  }
  EXPECT_EQ(
      inEnglish(admin_, "POST", kLlm, R"({"hard_trigger_ratio":0.5})").body,
      faulty("greater_than", R"(["body","hard_trigger_ratio"])", "hard_trigger_ratio: must be greater than 0.85"));
  EXPECT_EQ(user_.get(kLlm).body, ok(kDefaults));
}

TEST_F(AgentConfiguration, TakesWhatIsJustWithinTheRulesOfTheModel) {
  for (const std::string member :
       {R"("max_tokens":0)", R"("context_window":1024)", R"("context_overflow_guard_enabled":true)",
        R"("overflow_retry_cap":0)", R"("overflow_retry_cap":10)", R"("hard_trigger_ratio":1)",
        R"("soft_trigger_ratio":0.01)", R"("soft_trigger_ratio":0.99)", R"("reserved_output_tokens":0)",
        R"("reserved_output_tokens_cap_ratio":1)", R"("token_estimator":"char")", R"("token_estimator":"provider_api")",
        R"("token_estimator":"hybrid")", R"("token_safety_factor":1)", R"("unknown_model_context_window":1024)",
        R"("base_url":"http://127.0.0.1:1/v1")"}) {
    const auto answer = admin_.post(kLlm, "{" + member + "}");
    EXPECT_EQ(answer.status, 200) << member << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(member));
    EXPECT_EQ(user_.get(kLlm).body, answer.body);
  }
}

TEST_F(AgentConfiguration, SetsTheLimitsOfTasks) {
  EXPECT_EQ(user_.get(kAgent).body, ok(R"({"max_iterations":100,"max_retries":3,"max_search_results":10})"));
  EXPECT_EQ(admin_.post(kAgent, R"({"max_iterations":999,"max_retries":2})").body,
            ok(R"({"max_iterations":999,"max_retries":2,"max_search_results":10})"));
  EXPECT_EQ(admin_.post(kAgent, R"({"max_search_results":29})").body,
            ok(R"({"max_iterations":999,"max_retries":2,"max_search_results":29})"));
  EXPECT_EQ(user_.get(kAgent).body, ok(R"({"max_iterations":999,"max_retries":2,"max_search_results":29})"));
  for (const char* body : {R"({"max_iterations":0})", R"({"max_iterations":1000})", R"({"max_retries":1})",
                           R"({"max_retries":10})", R"({"max_search_results":1})", R"({"max_search_results":30})"})
    EXPECT_EQ(admin_.post(kAgent, body).status, 422) << body;
  const auto least = R"({"max_iterations":1,"max_retries":9,"max_search_results":2})";
  EXPECT_EQ(admin_.post(kAgent, least).body, ok(least));
}

TEST_F(AgentConfiguration, AddsReplacesSwitchesAndDeletesMcpServers) {
  EXPECT_EQ(user_.get(kMcp).body, ok(R"({"mcp_servers":[]})"));
  EXPECT_EQ(
      add(R"({"b":{"url":"https://b.example.com/mcp","headers":{"Authorization":"Bearer b-secret"},"enabled":false},
                    "a":{"command":"secret-program","env":{"KEY":"a-secret"},"enabled":false,"own":{"x":1}}})")
          .body,
      ok("null"));
  const auto two =
      R"({"mcp_servers":[{"server_name":"b","enabled":false,"transport":"streamable_http","tools":[],"error":null},)"
      R"({"server_name":"a","enabled":false,"transport":"stdio","tools":[],"error":null}]})";
  EXPECT_EQ(user_.get(kMcp).body, ok(two));
  EXPECT_EQ(add(R"({"b":{"type":"sse","url":"https://c.example.com/sse","enabled":false}})").status, 200);
  EXPECT_THAT(user_.get(kMcp).body, HasSubstr(R"([{"server_name":"b","enabled":false,"transport":"sse")"));
  EXPECT_EQ(admin_.post(std::string(kMcp) + "/a/enabled", R"({"enabled":true})").body, ok("null"));
  EXPECT_THAT(
      user_.get(kMcp).body,
      HasSubstr(
          R"({"server_name":"a","enabled":true,"transport":"stdio","tools":[],"error":"it runs a program, for which this server has no box (agent.sandbox is off))"));
  EXPECT_EQ(admin_.post(std::string(kMcp) + "/a/delete").body, ok("null"));
  EXPECT_EQ(admin_.post(std::string(kMcp) + "/a/delete").body, refused(404, "MCP 服务器不存在"));
  EXPECT_EQ(inEnglish(admin_, "POST", std::string(kMcp) + "/a/enabled", R"({"enabled":true})").body,
            refused(404, "There is no such MCP server"));
  EXPECT_THAT(user_.get(kMcp).body, Not(HasSubstr(R"("server_name":"a")")));
  const auto audited = trail("mcp_server:a") + trail("mcp_server:b");
  for (const char* action :
       {"agent.mcp_server_added", "agent.mcp_server_replaced", "agent.mcp_server_switched", "agent.mcp_server_deleted"})
    EXPECT_THAT(audited, HasSubstr(action));
  EXPECT_THAT(audited, Not(HasSubstr("secret")));
}

TEST_F(AgentConfiguration, TellsTheTransportOfAnMcpServer) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"command":"x"})", "stdio"},
      {R"({"url":"http://x/mcp"})", "streamable_http"},
      {R"({"url":"http://x/mcp","command":"x"})", "streamable_http"},
      {R"({"transport":"sse","url":"http://x/mcp"})", "sse"},
      {R"({"type":"stdio","command":"x","url":"http://x"})", "stdio"},
      {R"({"transport":"streamable-http","url":"http://x"})", "streamable_http"},
      {R"({"transport":"streamableHttp","url":"http://x"})", "streamable_http"},
      {R"({"transport":"http","url":"http://x"})", "streamable_http"},
      {R"({"transport":null,"type":" SSE ","url":"http://x"})", "sse"}};
  for (const auto& [entry, transport] : rows) {
    const auto off = entry.substr(0, entry.size() - 1) + R"(,"enabled":false})";
    EXPECT_EQ(add(R"({"x":)" + off + "}").status, 200) << entry;
    EXPECT_THAT(user_.get(kMcp).body, HasSubstr(R"("transport":")" + transport + "\"")) << entry;
  }
}

TEST_F(AgentConfiguration, RefusesWhatIsNoMcpServer) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"x":{}})", "body/mcpServers/x/url"},
      {R"({"x":{"transport":"sse","command":"x"}})", "body/mcpServers/x/url"},
      {R"({"x":{"transport":"stdio","url":"http://x"}})", "body/mcpServers/x/command"},
      {R"({"x":{"transport":"stdio","command":"  "}})", "body/mcpServers/x/command"},
      {R"({"x":{"transport":"smoke","url":"http://x"}})", "body/mcpServers/x/transport"},
      {R"({"x":{"url":"ftp://x"}})", "body/mcpServers/x/url"},
      {R"({"x":{"url":"http:///x"}})", "body/mcpServers/x/url"},
      {R"({"x":{"url":"http://a b"}})", "body/mcpServers/x/url"},
      {R"({"x":{"url":"http://x","headers":{"a b":"c"}}})", "body/mcpServers/x/headers"},
      {R"({"x":{"url":"http://x","headers":{"a":"c\r\nd: e"}}})", "body/mcpServers/x/headers"},
      {R"({"x":{"command":"x","env":{"A=B":"c"}}})", "body/mcpServers/x/env"},
      {R"({"a b":{"command":"x"}})", "body/mcpServers/a b"},
      {R"({"":{"command":"x"}})", "body/mcpServers/"},
      {R"({"x":{"command":"x","args":[1]}})", "body/mcpServers/x/args/0"},
      {R"({"x":{"command":"x","enabled":"yes"}})", "body/mcpServers/x/enabled"},
      {R"({"x":{"command":"x","own":")" + std::string(49200, 'y') + "\"}}", "body/mcpServers/x"},
      {"{\"" + std::string(65, 'n') + R"(":{"command":"x"}})", "body/mcpServers/" + std::string(64, 'n')}};
  for (const auto& [servers, field] : rows) {
    const auto answer = add(servers);
    EXPECT_EQ(answer.status, 422) << servers.substr(0, 200);
    EXPECT_EQ(answer.field, field) << answer.body.substr(0, 300);
  }
  EXPECT_EQ(admin_.post(kMcp, "{}").field, "body/mcpServers");
  EXPECT_EQ(inEnglish(admin_, "POST", kMcp, R"({"mcpServers":{"x":{"transport":"smoke","url":"http://x"}}})").body,
            faulty("literal_error", R"(["body","mcpServers","x","transport"])",
                   "mcpServers.x.transport: must be 'stdio', 'sse' or 'streamable_http'"));
  EXPECT_EQ(user_.get(kMcp).body, ok(R"({"mcp_servers":[]})"));
}

TEST_F(AgentConfiguration, NamesMcpServersByLettersDigitsAndThreeSigns) {
  for (const auto& name : {std::string("aZ09_.-"), std::string(64, 'n'), std::string("x")}) {
    EXPECT_EQ(add("{\"" + name + R"(":{"url":"http://x"}})").status, 200) << name;
    EXPECT_THAT(user_.get(kMcp).body,
                HasSubstr(R"({"server_name":")" + name + R"(","enabled":true,"transport":"streamable_http",)"))
        << "what it is by default";
    EXPECT_EQ(admin_.post(std::string(kMcp) + "/" + name + "/delete").status, 200);
  }
  for (const char* name : {"a b", "a/b", "ä", "a:b", "a@b", ""})
    EXPECT_EQ(add("{\"" + std::string(name) + R"(":{"url":"http://x"}})").status, 422) << name;
}

TEST_F(AgentConfiguration, TakesAllServersOfARequestOrNone) {
  EXPECT_EQ(add(R"({"x":{"command":"x"},"y":{}})").status, 422);
  EXPECT_EQ(user_.get(kMcp).body, ok(R"({"mcp_servers":[]})"));
  std::string many = "{";
  for (int i = 0; i < 100; ++i)
    many += (i == 0 ? "\"s" : ",\"s") + std::to_string(i) + R"(":{"command":"x","enabled":false})";
  EXPECT_EQ(add(many + "}").status, 200);
  const auto full = inEnglish(admin_, "POST", kMcp, R"({"mcpServers":{"one-more":{"command":"x"}}})");
  EXPECT_EQ(full.status, 422);
  EXPECT_EQ(full.body, refused(422, "There is no room for more than 100 servers"));
  EXPECT_THAT(user_.get(kMcp).body, Not(HasSubstr("one-more")));
  EXPECT_EQ(add(R"({"s7":{"url":"http://x","enabled":false}})").status, 200);
}

TEST_F(AgentConfiguration, TellsWhyAnMcpServerHasNoTools) {
  EXPECT_EQ(add(R"({"closed":{"url":"http://user:secret@127.0.0.1:9/mcp"}})").status, 200);
  EXPECT_EQ(
      user_.get(kMcp).body,
      ok(R"({"mcp_servers":[{"server_name":"closed","enabled":true,"transport":"streamable_http","tools":[],"error":"there is no connection to it"}]})"));
}

TEST_F(AgentConfiguration, AddsSwitchesAndDeletesA2aServers) {
  EXPECT_EQ(user_.get(kA2a).body, ok(R"({"a2a_servers":[]})"));
  EXPECT_EQ(admin_.post(kA2a, R"({"base_url":" http://user:secret@127.0.0.1:9/agents/x/ "})").body, ok("null"));
  const auto id = a2aId();
  const auto item = [&](const char* enabled) {
    return ok(R"({"a2a_servers":[{"id":")" + id +
              R"(","name":"127.0.0.1:9/agents/x","description":"http://127.0.0.1:9/agents/x","input_modes":[],)"
              R"("output_modes":[],"streaming":false,"push_notifications":false,"enabled":)" +
              enabled + "}]}");
  };
  EXPECT_EQ(user_.get(kA2a).body, item("true"));
  const auto path = std::string(kA2a) + "/" + id;
  EXPECT_EQ(admin_.post(path + "/enabled", R"({"enabled":false})").body, ok("null"));
  EXPECT_EQ(user_.get(kA2a).body, item("false"));
  EXPECT_EQ(admin_.post(kA2a, R"({"base_url":"http://127.0.0.1:9/agents/x"})").status, 200);
  EXPECT_EQ(admin_.post(path + "/delete").body, ok("null"));
  EXPECT_EQ(admin_.post(path + "/delete").body, refused(404, "A2A 服务器不存在"));
  EXPECT_EQ(inEnglish(admin_, "POST", path + "/enabled", R"({"enabled":true})").body,
            refused(404, "There is no such A2A server"));
  for (const char* body :
       {R"({"base_url":"ftp://x"})", R"({"base_url":"x"})", R"({"base_url":""})", R"({"base_url":null})", "{}"}) {
    EXPECT_EQ(admin_.post(kA2a, body).status, 422) << body;
    EXPECT_EQ(admin_.post(kA2a, body).field, "body/base_url");
  }
  EXPECT_THAT(trail("a2a_server:" + id), HasSubstr(R"({"address":"http://127.0.0.1:9/agents/x"})"));
}

TEST_F(AgentConfiguration, KeepsWhatEachUserSwitchesOff) {
  add(R"({"a":{"command":"x"},"b":{"command":"x","enabled":false}})");
  admin_.post(kA2a, R"({"base_url":"http://127.0.0.1:9"})");
  const auto id = a2aId();
  const auto mcp = [](const char* a, const char* b) {
    return ok(
        std::string(
            R"({"tools":[{"tool_id":"a","tool_name":"a","description":null,"enabled_global":true,"enabled_user":)") +
        a + R"(},{"tool_id":"b","tool_name":"b","description":null,"enabled_global":false,"enabled_user":)" + b +
        "}]}");
  };
  EXPECT_EQ(user_.get(kUserMcp).body, mcp("true", "true"));
  EXPECT_EQ(user_.post(std::string(kUserMcp) + "/a/enabled", R"({"enabled":false})").body, ok("null"));
  EXPECT_EQ(user_.get(kUserMcp).body, mcp("false", "true"));
  EXPECT_EQ(admin_.get(kUserMcp).body, mcp("true", "true"));
  EXPECT_EQ(user_.post(std::string(kUserMcp) + "/a/enabled", R"({"enabled":true})").status, 200);
  EXPECT_EQ(user_.get(kUserMcp).body, mcp("true", "true"));
  EXPECT_EQ(user_.post(std::string(kUserMcp) + "/none/enabled", R"({"enabled":true})").body,
            refused(404, "MCP 服务器不存在"));
  EXPECT_EQ(user_.post(std::string(kUserMcp) + "/a/enabled", "{}").field, "body/enabled");

  EXPECT_EQ(user_.post(std::string(kUserA2a) + "/" + id + "/enabled", R"({"enabled":false})").body, ok("null"));
  EXPECT_EQ(
      user_.get(kUserA2a).body,
      ok(R"({"tools":[{"tool_id":")" + id +
         R"(","tool_name":"127.0.0.1:9","description":"http://127.0.0.1:9","enabled_global":true,"enabled_user":false}]})"));
  EXPECT_EQ(inEnglish(user_, "POST", std::string(kUserA2a) + "/none/enabled", R"({"enabled":true})").body,
            refused(404, "There is no such A2A server"));

  // What is deleted and added again begins anew.
  user_.post(std::string(kUserMcp) + "/a/enabled", R"({"enabled":false})");
  admin_.post(std::string(kMcp) + "/a/delete");
  add(R"({"a":{"command":"x"}})");
  EXPECT_THAT(
      user_.get(kUserMcp).body,
      HasSubstr(R"("tool_id":"a","tool_name":"a","description":null,"enabled_global":true,"enabled_user":true)"));
}

}  // namespace
