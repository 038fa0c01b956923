// What the client of MCP is made of, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "a2a/agent_card.hpp"
#include "a2a/client.hpp"
#include "json_reading.hpp"
#include "mcp/client.hpp"
#include "mcp/http_exchange.hpp"
#include "mcp/http_transport.hpp"
#include "mcp/message.hpp"
#include "mcp/sse_transport.hpp"
#include "mcp/tool_result.hpp"

namespace agent::mcp {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(McpMessages, AreToldApart) {
  Batch batch;
  ASSERT_TRUE(
      batch.read(R"([{"id":1,"result":{}},{"id":"x","method":"ping"},{"method":"notifications/progress","params":{}},
                             {"id":null,"error":{"code":-32700,"message":"bad"}},{"id":2,"error":{"code":-1,"message":"m","data":[1]}},7,{},{"id":3}])"));
  const auto& all = batch.messages();
  ASSERT_THAT(all, SizeIs(5));
  EXPECT_TRUE(all[0].answers(1));
  EXPECT_FALSE(all[0].answers(11));
  EXPECT_EQ(all[1].kind, Incoming::Kind::request);
  EXPECT_EQ(all[1].id, R"("x")");
  EXPECT_EQ(all[2].kind, Incoming::Kind::notification);
  EXPECT_EQ(all[3].id, "null");
  EXPECT_EQ(all[4].code(), -1);
  EXPECT_EQ(all[4].message(), "m");
  EXPECT_EQ(all[4].data(), "[1]");
  EXPECT_FALSE(batch.read("nonsense"));
  EXPECT_FALSE(batch.read(std::string(65, '[') + std::string(65, ']')));
  EXPECT_EQ(requestText(7, "tools/list", mortise::json::object()),
            R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}})");
  EXPECT_EQ(errorText("\"x\"", -32601, "no"), R"({"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"no"}})");
}

TEST(McpPlaces, AreOfTheSameOrigin) {
  const std::string base = "https://Host:8443/mcp/sse?key=1#x";
  EXPECT_EQ(endpointAddress(base, "/message?s=1"), "https://host:8443/message?s=1");
  EXPECT_EQ(endpointAddress(base, "message"), "https://Host:8443/mcp/message");
  EXPECT_EQ(endpointAddress(base, "https://host:8443/m"), "https://host:8443/m");
  EXPECT_EQ(endpointAddress("http://h", "m"), "http://h/m");
  EXPECT_EQ(endpointAddress("http://h:80/sse", "/m"), "http://h/m");
  EXPECT_EQ(endpointAddress("https://h/sse", "https://h:443/m"), "https://h:443/m");
  EXPECT_THROW(endpointAddress("https://h/sse", "https://h:80/m"), Failure);
  for (const char* other : {"", "https://host/m", "http://host:8443/m", "//other/m", "https://host:8443@other/m"})
    EXPECT_THROW(endpointAddress(base, other), Failure) << other;
}

TEST(McpPlaces, TurnUserInformationIntoAHeader) {
  const HttpPlace place("https://us%65r:p%40ss@host/x@y", {});
  EXPECT_EQ(place.url, "https://host/x@y");
  EXPECT_THAT(place.headers, ElementsAre(std::pair<std::string, std::string>("Authorization", "Basic dXNlcjpwQHNz")));
  EXPECT_THAT(HttpPlace("https://a:b@host", {{"authorization", "Bearer t"}}).headers, SizeIs(1));
  EXPECT_THAT(HttpPlace("https://host/a@b", {}).headers, IsEmpty());
}

TEST(McpResults, BecomeTextAndData) {
  EXPECT_EQ(toolResult(R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})").data, R"("a\nb")");
  const auto parts = toolResult(
      R"({"content":[{"type":"image","data":"AAAA","mimeType":"image/png"},{"type":"audio","data":"AA==","mimeType":"audio/wav"},
      {"type":"resource_link","name":"n","uri":"file:///x"},{"type":"resource","resource":{"uri":"u","text":"inside"}},
      {"type":"resource","resource":{"uri":"u","blob":"AAAA"}},{"type":"new","x":1}]})");
  EXPECT_EQ(parts.data, R"("[image image/png, 3 bytes]\n[audio audio/wav, 1 bytes]\n[resource n file:///x]\ninside\n)"
                        R"([resource u application/octet-stream, 3 bytes]\n{\"type\":\"new\",\"x\":1}")");
  const auto structured = toolResult(R"({"content":[{"type":"text","text":"5"}],"structuredContent":{"sum":5}})");
  EXPECT_EQ(structured.data, R"({"text":"5","structured_content":{"sum":5}})");
  EXPECT_EQ(structured.content, R"({"result":{"text":"5","structured_content":{"sum":5}}})");
  const auto failed = toolResult(R"({"content":[{"type":"text","text":"broke"}],"isError":true})");
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.message, "broke");
  EXPECT_TRUE(toolResult("{}").success);
  EXPECT_EQ(toolResult("{}").data, R"("The tool succeeded and gave nothing back")");
  EXPECT_EQ(toolResult(R"({"isError":true})").message, "The tool failed");
  EXPECT_FALSE(toolResult("nonsense").success);
  const auto large = toolResult(R"({"content":[{"type":"text","text":")" + std::string(2 << 20, 'x') + "\"}]}");
  EXPECT_LT(large.data.size(), (1U << 20) + 100);
}

// ---- the client, with a server of the test's own words -------------------------------------------------------------------

// Answers each request by `answer(method, params)`: messages to hand back, in which ID stands for the request's number.
class Scripted final : public Transport {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& method, const std::string& text)>;
  Scripted(Script script, std::vector<std::string>* sent) : script_(std::move(script)), sent_(sent) {}
  void speak(Era, std::string_view) override {}
  void send(const Outgoing& message, const Waiting&) override {
    sent_->push_back(message.text);
    for (const auto& [name, value] : message.headers) sent_->push_back(name + ": " + value);
    if (message.kind != Outgoing::Kind::request) return;
    const auto begin = message.text.find("\"id\":") + 5;
    const auto id = message.text.substr(begin, message.text.find(',', begin) - begin);
    for (auto text : script_(message.method, message.text)) {
      if (const auto at = text.find("ID"); at != std::string::npos) text.replace(at, 2, id);
      waiting_.push_back(std::move(text));
    }
  }
  std::string receive(const Waiting& waiting) override {
    if (waiting_.empty()) {
      waiting.check();
      throw Failure(Failure::Cause::timedOut, "it did not answer in time");
    }
    auto out = std::move(waiting_.front());
    waiting_.pop_front();
    return out;
  }
  void settle(const Waiting&) override {}
  bool cancelsBySettling() const override { return false; }

 private:
  Script script_;
  std::vector<std::string>* sent_;
  std::deque<std::string> waiting_;
};
class ScriptedConnector final : public Connector {
 public:
  ScriptedConnector(Scripted::Script script, std::vector<std::string>* sent, KnownForms* forms = nullptr)
      : script_(std::move(script)), sent_(sent), forms_(forms) {}
  std::unique_ptr<Transport> connect() override { return std::make_unique<Scripted>(script_, sent_); }
  std::optional<Form> form() const override { return forms_ == nullptr ? std::nullopt : forms_->of("http://a"); }
  void setForm(std::optional<Form> form) override {
    if (forms_ != nullptr) forms_->set("http://a", form);
  }

 private:
  Scripted::Script script_;
  std::vector<std::string>* sent_;
  KnownForms* forms_;
};

class McpClient : public testing::Test {
 protected:
  Client clientOf(Scripted::Script script, Questions questions = Questions::none) {
    return Client(std::make_unique<ScriptedConnector>(std::move(script), &sent_), "1.1", questions);
  }
  static Waiting soon() { return Waiting::atMost(milliseconds(2000)); }
  static std::string result(const std::string& value) { return R"({"jsonrpc":"2.0","id":ID,"result":)" + value + "}"; }
  static std::string error(int code, const std::string& data = "null") {
    return R"({"jsonrpc":"2.0","id":ID,"error":{"code":)" + std::to_string(code) + R"(,"message":"m","data":)" + data +
           "}}";
  }
  // A server of 2025-06-18 with what `more` answers besides.
  static Scripted::Script legacy(Scripted::Script more) {
    return [more = std::move(more)](const std::string& method, const std::string& text) -> std::vector<std::string> {
      if (method == "server/discover") return {error(-32601)};
      if (method == "initialize") return {result(R"({"protocolVersion":"2025-06-18","capabilities":{}})")};
      return more(method, text);
    };
  }
  static Scripted::Script modern(Scripted::Script more) {
    return [more = std::move(more)](const std::string& method, const std::string& text) -> std::vector<std::string> {
      if (method == "server/discover")
        return {result(R"({"resultType":"complete","supportedVersions":["2026-07-28"]})")};
      return more(method, text);
    };
  }

  std::vector<std::string> sent_;
};

TEST_F(McpClient, RemembersHowAServerSpoke) {
  KnownForms forms;
  bool isModern = false;
  const auto server = [&](const std::string& method, const std::string&) -> std::vector<std::string> {
    if (method == "server/discover")
      return {isModern ? result(R"({"resultType":"complete","supportedVersions":["2026-07-28"]})") : error(-32601)};
    if (method == "initialize")
      return {isModern ? error(-32601) : result(R"({"protocolVersion":"2025-06-18","capabilities":{}})")};
    return {};
  };
  const auto opened = [&] {
    sent_.clear();
    Client client(std::make_unique<ScriptedConnector>(server, &sent_, &forms), "1.1");
    client.open(soon());
    return client.version();
  };
  EXPECT_EQ(opened(), "2025-06-18");
  EXPECT_THAT(sent_, SizeIs(3)) << "asked in the newer form, then in the older one";
  EXPECT_EQ(opened(), "2025-06-18");
  ASSERT_THAT(sent_, SizeIs(2));
  EXPECT_THAT(sent_[0], HasSubstr(R"("method":"initialize")"));
  isModern = true;
  EXPECT_EQ(opened(), "2026-07-28") << "what is remembered wrongly is found out anew";
  EXPECT_EQ(opened(), "2026-07-28");
  EXPECT_THAT(sent_, SizeIs(1));
  isModern = false;
  EXPECT_EQ(opened(), "2025-06-18");
}

TEST_F(McpClient, WaitsForAModernServerThatIsSlowToBegin) {
  int asked = 0;
  auto client = clientOf([&](const std::string& method, const std::string&) -> std::vector<std::string> {
    if (method == "initialize") return {error(-32022, R"({"supported":["2026-07-28"],"requested":"2025-11-25"})")};
    if (method != "server/discover" || ++asked == 1) return {};
    return {result(R"({"resultType":"complete","supportedVersions":["2026-07-28"]})")};
  });
  client.open(soon());
  EXPECT_EQ(client.version(), "2026-07-28");
  EXPECT_EQ(asked, 2);
}

TEST(McpKnownForms, AreOfAPlaceWithoutItsQuery) {
  KnownForms forms;
  EXPECT_EQ(forms.of("https://a.example/mcp"), std::nullopt);
  forms.set("https://a.example/mcp?key=1", Form::legacy);
  EXPECT_EQ(forms.of("https://a.example/mcp#x"), Form::legacy);
  EXPECT_EQ(forms.of("https://a.example/other"), std::nullopt) << "one origin may have several servers";
  forms.set("https://a.example/mcp", Form::firstRevision);
  EXPECT_EQ(forms.of("https://a.example/mcp"), Form::firstRevision);
  forms.set("https://a.example/mcp", std::nullopt);
  EXPECT_EQ(forms.of("https://a.example/mcp"), std::nullopt);
  for (int i = 0; i < 3000; ++i) forms.set("https://" + std::to_string(i) + ".example", Form::modern);
  EXPECT_EQ(forms.of("https://2999.example"), Form::modern);
}

TEST_F(McpClient, FindsOutTheEra) {
  const auto nothing = [](const std::string&, const std::string&) { return std::vector<std::string>(); };
  auto old = clientOf(legacy(nothing));
  old.open(soon());
  EXPECT_EQ(old.version(), "2025-06-18");
  EXPECT_THAT(
      sent_.at(1),
      HasSubstr(
          R"("method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mortise","version":"1.1"}}})"));
  EXPECT_EQ(sent_.at(2), R"({"jsonrpc":"2.0","method":"notifications/initialized","params":{}})");
  sent_.clear();
  auto fresh = clientOf(modern(nothing));
  fresh.open(soon());
  EXPECT_EQ(fresh.version(), "2026-07-28");
  EXPECT_THAT(sent_, SizeIs(1));
  EXPECT_THAT(sent_[0], HasSubstr(R"("params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"));

  // Forms are offered only where somebody is asked.
  EXPECT_THAT(sent_[0], HasSubstr(R"("io.modelcontextprotocol/clientCapabilities":{}})"));
  sent_.clear();
  auto asking = clientOf(legacy(nothing), Questions::heard);
  asking.open(soon());
  EXPECT_THAT(sent_.at(1), HasSubstr(R"("capabilities":{"elicitation":{}},)"));

  // A server that is silent, one that knows older revisions by the newer error, and one that knows none of ours.
  auto silent = clientOf([&](const std::string& method, const std::string& text) {
    return method == "server/discover" ? std::vector<std::string>() : legacy(nothing)(method, text);
  });
  silent.open(soon());
  EXPECT_EQ(silent.era(), Era::legacy);
  auto both = clientOf([&](const std::string& method, const std::string& text) {
    return method == "server/discover" ? std::vector{error(-32022, R"({"supported":["2025-06-18"]})")}
                                       : legacy(nothing)(method, text);
  });
  both.open(soon());
  EXPECT_EQ(both.era(), Era::legacy);
  auto later = clientOf([&](const std::string&, const std::string&) {
    return std::vector{error(-32022, R"({"supported":["2030-01-01"]})")};
  });
  EXPECT_THROW(later.open(soon()), Failure);
  auto odd = clientOf([&](const std::string& method, const std::string&) {
    return std::vector{method == "initialize" ? result(R"({"protocolVersion":"1999-01-01"})") : error(-32601)};
  });
  EXPECT_THROW(odd.open(soon()), Failure);
}

TEST_F(McpClient, FollowsPagesAndLeavesOutWhatCanNotBeOffered) {
  auto client = clientOf(modern([](const std::string&, const std::string& text) -> std::vector<std::string> {
    if (text.find(R"("cursor":"2")") == std::string::npos)
      return {result(
          R"({"tools":[{"name":"a","title":"A"},{"name":""},{"nameless":1},{"name":"marked","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}}],"nextCursor":"2"})")};
    return {result(
        R"({"tools":[{"name":"b","description":"B","inputSchema":{"type":"object","properties":{"x":{"type":"object","x-mcp-header":"X"}}}},{"name":"c"}],"nextCursor":"2"})")};
  }));
  client.open(soon());
  const auto tools = client.tools(soon());
  ASSERT_THAT(tools, SizeIs(3));
  EXPECT_EQ(tools[0].name + tools[0].description, "aA");
  EXPECT_THAT(tools[1].headerArguments, ElementsAre(std::pair<std::string, std::string>("r", "Mcp-Param-Region")));
  EXPECT_EQ(tools[2].name, "c");
}

TEST_F(McpClient, AnswersServersAndHearsOfChanges) {
  auto client = clientOf(legacy([](const std::string& method, const std::string&) -> std::vector<std::string> {
    if (method == "tools/list") return {result(R"({"tools":[{"name":"t"}]})")};
    return {
        R"({"jsonrpc":"2.0","id":"p","method":"ping"})",
        R"({"jsonrpc":"2.0","id":7,"method":"roots/list"})",
        R"([{"jsonrpc":"2.0","id":8,"method":"sampling/createMessage","params":{}},{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}])",
        R"({"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{"message":"Sure?"}})",
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":ID,"progress":1,"total":2}})",
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":99,"progress":1}})",
        R"({"jsonrpc":"2.0","id":999,"result":{"content":[]}})",
        result(R"({"content":[]})")};
  }));
  client.open(soon());
  const auto tools = client.tools(soon());
  EXPECT_FALSE(client.toolsChanged());
  std::vector<std::string> progress;
  sent_.clear();
  client.call(tools.at(0), "{}", {.progress = [&](std::string_view text) { progress.emplace_back(text); }}, soon());
  EXPECT_THAT(progress, ElementsAre("1/2"));
  EXPECT_TRUE(client.toolsChanged());
  EXPECT_FALSE(client.toolsChanged());
  ASSERT_THAT(sent_, SizeIs(5));
  EXPECT_EQ(sent_[4], R"({"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"Method not found"}})");
  EXPECT_EQ(sent_[1], R"({"jsonrpc":"2.0","id":"p","result":{}})");
  EXPECT_EQ(sent_[2], R"({"jsonrpc":"2.0","id":7,"result":{"roots":[]}})");
  EXPECT_EQ(sent_[3], R"({"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"Method not found"}})");
}

TEST_F(McpClient, SendsMarkedArgumentsAndRepeatsWithInput) {
  int round = 0;
  auto client = clientOf(modern([&](const std::string&, const std::string&) -> std::vector<std::string> {
    if (++round == 1)
      return {result(
          R"({"resultType":"input_required","requestState":"s","inputRequests":{"r":{"method":"roots/list"},"q":{"method":"elicitation/create","params":{"message":"Sure?"}}}})")};
    if (round == 2) return {result(R"({"resultType":"complete","content":[]})")};
    if (round == 3) return {result(R"({"resultType":"surprise"})")};
    return {result(R"({"resultType":"input_required","inputRequests":{"s":{"method":"sampling/createMessage"}}})")};
  }));
  client.open(soon());
  const Tool tool{
      .name = "t",
      .headerArguments = {{"region", "Mcp-Param-Region"}, {"n", "Mcp-Param-N"}, {"none", "Mcp-Param-None"}}};
  sent_.clear();
  client.call(tool, R"({"region":"eu","n":5,"none":null})",
              {.asking = {.ask = [](std::string_view) { return std::optional<std::string>("yes"); }}}, soon());
  EXPECT_EQ(sent_.at(1), "Mcp-Param-Region: eu");
  EXPECT_EQ(sent_.at(2), "Mcp-Param-N: 5");
  EXPECT_THAT(
      sent_.at(3),
      HasSubstr(R"("inputResponses":{"r":{"roots":[]},"q":{"action":"accept","content":{}}},"requestState":"s")"));
  EXPECT_THROW(client.call(tool, "{}", {}, soon()), Failure);
  EXPECT_THROW(client.call(tool, "{}", {}, soon()), Failure);
}

TEST_F(McpClient, CountsNoTimeInWhichAPersonIsAsked) {
  const std::string ask = R"({"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"Sure?"}})";
  const auto slow = [](std::string_view) {
    std::this_thread::sleep_for(milliseconds(2100));
    return std::optional<std::string>("yes");
  };
  auto old = clientOf(legacy([&](const std::string&, const std::string&) -> std::vector<std::string> {
                        return {ask, result(R"({"content":[]})")};
                      }),
                      Questions::heard);
  old.open(soon());
  EXPECT_EQ(old.call({.name = "t"}, "{}", {.asking = {.ask = slow}}, soon()).text, R"({"content":[]})");
  int round = 0;
  auto fresh = clientOf(
      modern([&](const std::string&, const std::string&) -> std::vector<std::string> {
        if (++round == 2) return {result(R"({"resultType":"complete","content":[]})")};
        return {result(
            R"({"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{"message":"Sure?"}}}})")};
      }),
      Questions::heard);
  fresh.open(soon());
  EXPECT_THAT(fresh.call({.name = "t"}, "{}", {.asking = {.ask = slow}}, soon()).text, HasSubstr("complete"));
}

TEST_F(McpClient, RefusesToOpenAddressesForAnybody) {
  auto client = clientOf(
      legacy([&](const std::string&, const std::string&) -> std::vector<std::string> {
        return {
            R"({"jsonrpc":"2.0","id":4,"method":"elicitation/create","params":{"mode":"url","url":"https://x.example","message":"Open"}})",
            result(R"({"content":[]})")};
      }),
      Questions::heard);
  client.open(soon());
  bool isAsked = false;
  const auto ask = [&](std::string_view) {
    isAsked = true;
    return std::optional<std::string>("yes");
  };
  client.call({.name = "t"}, "{}", {.asking = {.ask = ask}}, soon());
  EXPECT_FALSE(isAsked);
  EXPECT_EQ(sent_.back(),
            R"({"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"Only forms are filled in here"}})");
}

// ---- exchanges of HTTP, with a client of the test's own ------------------------------------------------------------------

// Answers with four events; keeps what it was asked.
struct SentTo {
  std::string url;
  bool publicOnly = false;
  bool hasCredentials = false;
};
std::vector<SentTo>& sentTo() {
  static std::vector<SentTo> all;
  return all;
}
mortise::HttpClient eventfulClient() {
  static const mortise_http_client_v1 kTable{
      sizeof(mortise_http_client_v1), [](mortise_host*, const mortise_http_request* request,
                                         mortise_http_response_sink sink, void* context, mortise_error*) {
        SentTo sent{mortise::Text(request->url).string(), request->public_only != 0, false};
        for (std::size_t i = 0; i < request->fields_count; ++i)
          sent.hasCredentials |= mortise::Text(request->fields[i].name).string() == "Authorization";
        sentTo().push_back(std::move(sent));
        constexpr std::string_view kEvent = "data: {}\n\n";
        for (int i = 0; i < 4; ++i) request->piece(request->context, {kEvent.data(), kEvent.size()});
        mortise_http_response response{};
        response.struct_size = sizeof response;
        response.status = 200;
        response.url = request->url;
        sink(context, &response);
        return MORTISE_OK;
      }};
  return {nullptr, &kTable};
}

TEST(HttpExchanges, EndWhileTheirServerGoesOn) {
  HttpExchange exchange(eventfulClient(), {.url = "http://x"}, 1000);
  bool stopped = false;
  const auto waiting = Waiting::atMost(milliseconds(5000), [&] { return stopped; });
  EXPECT_TRUE(exchange.next(waiting));
  EXPECT_TRUE(exchange.finished(waiting));
  stopped = true;
  EXPECT_THROW(exchange.next(waiting), Failure);
}

TEST(A2aClients, GoToPrivateAddressesOfTheirAdministratorsOnly) {
  const auto ask = [](const std::string& url) {
    sentTo().clear();
    a2a::AgentCard card;
    card.url = url;
    a2a::Client(eventfulClient(), card, "http://u:p@10.0.0.1:80/base")
        .ask("hi", Waiting::atMost(milliseconds(5000)), {});
    return sentTo().at(0);
  };
  const auto own = ask("http://10.0.0.1:80/rpc");
  EXPECT_FALSE(own.publicOnly);
  EXPECT_TRUE(own.hasCredentials);
  EXPECT_FALSE(ask("http://10.0.0.1/rpc").publicOnly);
  for (const char* url : {"http://10.0.0.2:80/rpc", "http://10.0.0.1:81/rpc", "https://10.0.0.1:80/rpc",
                          "http://10.0.0.1:80@10.0.0.2/rpc"}) {
    const auto other = ask(url);
    EXPECT_TRUE(other.publicOnly) << url;
  }
  EXPECT_FALSE(ask("http://10.0.0.2:80/rpc").hasCredentials);
}

TEST_F(McpClient, CancelsWhatNobodyWaitsFor) {
  auto client = clientOf(legacy([](const std::string&, const std::string&) { return std::vector<std::string>(); }));
  client.open(soon());
  sent_.clear();
  EXPECT_THROW(client.call({.name = "t"}, "{}", {}, soon()), Failure);
  ASSERT_THAT(sent_, SizeIs(2));
  EXPECT_THAT(sent_[1], HasSubstr(R"("method":"notifications/cancelled","params":{"requestId":3,)"));
}

}  // namespace
}  // namespace agent::mcp

namespace agent::a2a {
namespace {

using testing::ElementsAre;

TEST(A2aCards, AreOfTwoGenerations) {
  const auto old = readCard(
      R"({"name":"n","description":"d","url":"http://x/a","defaultInputModes":["text/plain",1],"capabilities":{"streaming":true,"push_notifications":true}})");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->url, "http://x/a");
  EXPECT_EQ(old->generation, Generation::old);
  EXPECT_THAT(old->inputModes, ElementsAre("text/plain"));
  EXPECT_TRUE(old->streaming && old->pushNotifications);
  const auto fresh = readCard(
      R"({"name":"n","capabilities":{"pushNotifications":true},"supportedInterfaces":[{"url":"http://x/r","protocolBinding":"HTTP+JSON","protocolVersion":"1.0"},
      {"url":"http://x/old","protocolBinding":"JSONRPC","protocolVersion":"0.3"},{"url":"http://x/new","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->url, "http://x/new");
  EXPECT_EQ(fresh->generation, Generation::one);
  EXPECT_TRUE(fresh->pushNotifications);
  const auto other = readCard(
      R"({"name":"n","url":"http://x/grpc","preferredTransport":"GRPC","additionalInterfaces":[{"url":"http://x/rpc","transport":"JSONRPC"}]})");
  EXPECT_EQ(other->url, "http://x/rpc");
  EXPECT_EQ(readCard(R"({"name":"n"})")->url, "");
  EXPECT_FALSE(readCard("[]"));
  EXPECT_FALSE(readCard(R"({"description":"nameless"})"));
}

TEST(A2aCards, AreShownWithoutCredentials) {
  EXPECT_EQ(shortName("https://user:secret@host:1/a/b/?key=secret"), "host:1/a/b");
  EXPECT_EQ(shownAddress("https://user:secret@host:1/a/b?key=secret#x"), "https://host:1/a/b");
}

}  // namespace
}  // namespace agent::a2a
