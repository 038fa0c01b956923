// The remote driver against a sandbox service over real HTTP, with real boxes behind it.
#include "sandbox/remote_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "boxes_testing.hpp"
#include "loopback_server_testing.hpp"
#include "sandbox_peer_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tools/file_box.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ARemoteSandbox : public WithBoxes {
 protected:
  void SetUp() override {
    WithBoxes::SetUp();
    if (IsSkipped()) return;
    peer = std::make_unique<SandboxPeer>(driver(), session);
    remote = std::make_unique<RemoteDriver>(mortise::peers::CurlExchange::client(), RemoteAddresses{peer->address()});
    far = remote->open("session-one");
  }
  void TearDown() override {
    peer = nullptr;
    WithBoxes::TearDown();
  }
  std::unique_ptr<SandboxPeer> peer;
  std::unique_ptr<RemoteDriver> remote;
  std::shared_ptr<Sandbox> far;
};

TEST_F(ARemoteSandbox, HasFiles) {
  EXPECT_EQ(far->write({.path = "a/x.txt", .text = "one\ntwo\n\xe6\x97\xa5\n"}), 12U);
  EXPECT_EQ(far->read({.path = "a/x.txt"}).text, "one\ntwo\n\xe6\x97\xa5\n");
  EXPECT_EQ(far->read({.path = "a/x.txt", .startLine = 1, .endLine = 2}).text, "two\n");
  const auto cut = far->read({.path = "a/x.txt", .most = 5});
  EXPECT_TRUE(cut.cut);
  EXPECT_EQ(cut.text, "one\nt");
  EXPECT_FALSE(far->read({.path = "a/x.txt", .most = 0}).cut);
  EXPECT_EQ(far->replace("a/x.txt", "o", "0"), 2);
  const auto found = far->search("a/x.txt", "^tw");
  EXPECT_THAT(found.lines, ElementsAre("tw0"));
  EXPECT_THAT(found.numbers, ElementsAre(1));
  EXPECT_THAT(far->find("~", "**/*.txt"), ElementsAre("/home/ubuntu/a/x.txt"));
  EXPECT_TRUE(far->exists("a/x.txt"));
  far->remove("a/x.txt");
  EXPECT_FALSE(far->exists("a/x.txt"));
  EXPECT_EQ(refusalOf([&] { far->read({.path = "a/x.txt"}); }), "404 file_missing");
  EXPECT_EQ(refusalOf([&] { far->read({.path = "a"}); }), "422 file_unreadable");
  EXPECT_EQ(refusalOf([&] { far->write({.path = "/usr/x", .text = "x"}); }), "403 file_denied");
}

TEST_F(ARemoteSandbox, IsToldWhoAsksAsRoot) {
  FileBox tools(*remote);
  ToolContext context;
  context.sessionId = "session-one";
  const auto asked = [&](std::string_view function, const std::string& arguments) {
    const auto before = peer->asked().size();
    EXPECT_TRUE(tools.call(function, arguments, context).success) << function;
    return peer->asked().at(before);
  };
  const std::vector<std::pair<std::string, std::string>> rows{
      {"write_file", R"({"filepath":"/home/ubuntu/x","content":"one")"},
      {"read_file", R"({"filepath":"/home/ubuntu/x")"},
      {"replace_in_file", R"({"filepath":"/home/ubuntu/x","old_str":"o","new_str":"0")"},
      {"search_in_file", R"({"filepath":"/home/ubuntu/x","regex":"0")"}};
  for (const auto& [function, arguments] : rows) {
    EXPECT_THAT(asked(function, arguments + "}"), HasSubstr(R"("sudo":false)")) << function;
    EXPECT_THAT(asked(function, arguments + R"(,"sudo":true})"), HasSubstr(R"("sudo":true)")) << function;
    EXPECT_THAT(peer->asked().back(), AllOf(HasSubstr("/read-file"), HasSubstr(R"("sudo":true)")))
        << "what the event shows";
  }
}

TEST_F(ARemoteSandbox, TakesAndGivesBytes) {
  std::string sent;
  for (int i = 0; i < 500000; ++i) sent.push_back(static_cast<char>(i * 31 + i / 257));
  std::size_t at = 0;
  far->upload("up load/\xe6\x97\xa5.bin", [&] {
    const auto piece = sent.substr(at, 100000);
    at += piece.size();
    return piece;
  });
  std::string got;
  far->download("up load/\xe6\x97\xa5.bin", [&](std::string_view piece) {
    got += piece;
    return true;
  });
  EXPECT_TRUE(got == sent);
  std::size_t some = 0;
  far->download("up load/\xe6\x97\xa5.bin", [&](std::string_view piece) {
    some += piece.size();
    return false;
  });
  EXPECT_GT(some, 0U);
  EXPECT_EQ(refusalOf([&] { far->download("nothing", [](std::string_view) { return true; }); }), "404 file_missing");
}

TEST_F(ARemoteSandbox, HasShells) {
  const auto done = far->execute("main", "~", "echo hi; exit 3", {});
  EXPECT_EQ(done.shellId, "main");
  EXPECT_EQ(done.exitCode, 3);
  EXPECT_EQ(done.output, "hi\n");
  EXPECT_FALSE(done.running);
  const auto output = far->output("main");
  EXPECT_EQ(output.output, "hi\n");
  ASSERT_EQ(output.records.size(), 1U);
  EXPECT_EQ(output.records[0].prompt, "ubuntu@sandbox:~ $");
  EXPECT_EQ(far->kill("main"), std::nullopt);
  EXPECT_TRUE(far->execute("main", "~", "read x; echo got $x; sleep 60", {}).running);
  far->input("main", "Ada", true);
  EXPECT_EQ(far->wait("main", 1s, {}), std::nullopt);
  EXPECT_THAT(far->output("main").output, HasSubstr("got Ada"));
  EXPECT_EQ(far->kill("main"), 143);
  EXPECT_EQ(far->wait("main", 1s, {}), 143);
  EXPECT_EQ(refusalOf([&] { far->output("other"); }), "404 shell_missing");
  EXPECT_EQ(refusalOf([&] { far->input("main", "x", true); }), "422 sandbox_argument");
  // Another session on the same service has shells of its own.
  EXPECT_EQ(refusalOf([&] { remote->open("session-two")->output("main"); }), "404 shell_missing");
}

TEST_F(ARemoteSandbox, SaysWhetherItIsReady) {
  EXPECT_TRUE(remote->capabilities().at(1).available);
  peer->setState("STARTING");
  EXPECT_FALSE(remote->capabilities().at(1).available);
  EXPECT_THAT(remote->capabilities().at(1).detail, HasSubstr("app does not run"));
}

TEST_F(ARemoteSandbox, IsNotTrustedToAnswerWell) {
  const auto refused = [&](int status, const std::string& body) {
    peer->answerWith(status, body);
    return refusalOf([&] { far->read({.path = "x"}); });
  };
  EXPECT_EQ(refused(200, "no json"), "503 sandbox_unavailable");
  EXPECT_EQ(refused(200, "[]"), "503 sandbox_unavailable");
  EXPECT_EQ(refused(500, R"({"code":500,"msg":"broken","data":{}})"), "503 sandbox_unavailable");
  EXPECT_EQ(refused(502, "<html>"), "503 sandbox_unavailable");
  EXPECT_EQ(refused(200, R"({"code":200,"data":{"content":7}})"), "no refusal");
  EXPECT_EQ(refused(200, R"({"code":200,"data":null})"), "no refusal");
  EXPECT_EQ(refused(200, std::string(17 << 20, 'x')), "503 sandbox_unavailable") << "too large";
  peer->answerWith(200, std::string(R"({"code":200,"data":{"content":")") + std::string(30000, 'x') + "\"}}");
  EXPECT_EQ(far->read({.path = "x"}).text.size(), 10000U);
  peer->answerWith(200, R"({"code":200,"data":{"matches":["a",5],"line_numbers":["x"]}})");
  EXPECT_EQ(far->search("x", "a").numbers.size(), 2U);
}

TEST(ARemoteDriver, EndsTheServiceOfASession) {
  std::string head;
  {
    testing_peers::LoopbackServer service([&](int fd) {
      head = testing_peers::readUntil(fd, "\r\n\r\n");
      testing_peers::answerWith(fd, R"({"code":200,"msg":"success","data":{}})");
    });
    RemoteDriver remote(mortise::peers::CurlExchange::client(), {"http://" + service.listed() + "/{session}"});
    remote.remove("one");
  }
  EXPECT_THAT(head, testing::StartsWith("POST /one/api/supervisor/shutdown HTTP/1.1\r\n"));
}

TEST(ARemoteDriver, WithoutAServiceSaysSo) {
  RemoteDriver remote(mortise::peers::CurlExchange::client(), {"127.0.0.1:1"});
  EXPECT_FALSE(remote.capabilities().at(0).available);
  EXPECT_THAT(remote.capabilities().at(0).detail, HasSubstr("agent.sandbox_address"));
  EXPECT_EQ(refusalOf([&] { remote.open("one")->exists("x"); }), "503 sandbox_unavailable");
  RemoteDriver many(mortise::peers::CurlExchange::client(), {"http://127.0.0.1:1/{session}"});
  EXPECT_TRUE(many.capabilities().at(0).available) << "whose sandboxes can't be asked before there is a session";
  many.remove("one");
}

}  // namespace
}  // namespace agent::sandbox
