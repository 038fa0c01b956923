// The parts of the browser's client that need no browser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "browser/cdp_client.hpp"
#include "browser/console.hpp"
#include "browser/keys.hpp"
#include "browser/message_splitter.hpp"
#include "browser/tabs.hpp"
#include "json_text.hpp"
#include "tools/browser_box.hpp"

namespace agent::browser {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document out;
  EXPECT_TRUE(parseJson(text, out)) << text;
  return out;
}

TEST(BrowserMessages, AreWholeWhereverTheBytesAreCut) {
  const std::string bytes("{\"a\":1}\0{}\0\0tail", 16);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    MessageSplitter splitter(100);
    std::vector<std::string> seen;
    const auto keep = [&](std::string_view message) { seen.emplace_back(message); };
    EXPECT_TRUE(splitter.add(std::string_view(bytes).substr(0, cut), keep));
    EXPECT_TRUE(splitter.add(std::string_view(bytes).substr(cut), keep));
    EXPECT_THAT(seen, ElementsAre("{\"a\":1}", "{}", ""));
  }
}

TEST(BrowserMessages, AreRefusedWhenTheyAreTooLong) {
  MessageSplitter splitter(4);
  const auto ignore = [](std::string_view) {};
  EXPECT_TRUE(splitter.add("123", ignore));
  EXPECT_TRUE(splitter.add("4", ignore));
  EXPECT_FALSE(splitter.add("5", ignore));
}

TEST(BrowserMessages, HaveNoHalvesOfCharacters) {
  EXPECT_EQ(withWholeSurrogates(R"("\ud83d\ude00 \ud83d x \ude00 \\ud83d \n \u4e2d")"),
            R"("\ud83d\ude00 \ufffd x \ufffd \\ud83d \n \u4e2d")");
  EXPECT_EQ(withWholeSurrogates(R"("\ud8)"), R"("\ud8)");
}

TEST(BrowserKeys, AreThoseOfKeyboards) {
  const auto enter = keyOf("Enter");
  ASSERT_TRUE(enter);
  EXPECT_EQ(enter->text, "\r");
  EXPECT_EQ(enter->virtualCode, 13);
  const auto copy = keyOf("ctrl+C");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->modifiers, 2U);
  EXPECT_EQ(copy->text, "") << "a command types nothing";
  EXPECT_EQ(copy->code, "KeyC");
  const auto capital = keyOf("Shift+a");
  ASSERT_TRUE(capital);
  EXPECT_EQ(capital->text, "A");
  EXPECT_EQ(keyOf("Control++")->name, "+");
  EXPECT_EQ(keyOf("+")->text, "+");
  EXPECT_EQ(keyOf("中")->text, "中");
  EXPECT_EQ(keyOf("F12")->virtualCode, 123);
  EXPECT_EQ(keyOf("Control+Shift+ArrowLeft")->modifiers, 10U);
  EXPECT_EQ(keyOf("Shift")->modifiers, 8U);
  for (const auto* none : {"", "Foo", "Hyper+a", "F13", "Control+"}) EXPECT_FALSE(keyOf(none)) << none;
}

TEST(BrowserAddresses, AreOpenedOrNot) {
  EXPECT_EQ(addressToOpen(" https://a.example/x "), "https://a.example/x");
  EXPECT_EQ(addressToOpen("a.example/x?y=1:2"), "https://a.example/x?y=1:2");
  EXPECT_EQ(addressToOpen("localhost:8000/a"), "http://localhost:8000/a");
  EXPECT_EQ(addressToOpen("127.0.0.1"), "http://127.0.0.1");
  EXPECT_EQ(addressToOpen("file:///home/ubuntu/a.html"), "file:///home/ubuntu/a.html");
  EXPECT_EQ(addressToOpen("About:Blank"), "about:blank");
  for (const auto* none : {"", "  ", "javascript:alert(1)", "chrome://settings", "JavaScript:alert(1)",
                           "view-source:http://a", "/etc/passwd"})
    EXPECT_EQ(addressToOpen(none), "") << none;
}

TEST(BrowserConsole, ShowsValuesAsPeopleReadThem) {
  Console console;
  console.addCall(parsed(R"({"type":"log","args":[{"type":"string","value":"hello"},{"type":"number","value":3},
    {"type":"undefined"},{"type":"object","description":"Object","preview":{"properties":[
      {"name":"a","type":"number","value":"1"},{"name":"b","type":"string","value":"x"}],"overflow":true}},
    {"type":"object","subtype":"array","description":"Array","preview":{"subtype":"array","properties":[{"name":"0","value":"1"}]}}]})"));
  console.addCall(parsed(R"({"type":"warning","args":[{"type":"string","value":"careful"}]})"));
  console.addException(parsed(R"({"exceptionDetails":{"text":"Uncaught","url":"http://a/b.js","lineNumber":4,
    "exception":{"type":"object","subtype":"error","description":"Error: late"}}})"));
  console.addEntry(parsed(R"({"entry":{"level":"error","text":"404","url":"http://a/x"}})"));
  EXPECT_THAT(console.newest(10), ElementsAre("hello 3 undefined {a: 1, b: \"x\", …} [1]", "[warn] careful",
                                              "[error] Error: late (http://a/b.js:5)", "[error] 404 (http://a/x)"));
  EXPECT_THAT(console.newest(1), ElementsAre("[error] 404 (http://a/x)"));
}

TEST(BrowserConsole, KeepsTheNewestLines) {
  Console console;
  for (std::size_t i = 0; i < Console::kFlood; ++i) console.add(std::to_string(i));
  EXPECT_FALSE(console.flooded());
  console.add(std::string(1 << 20, 'x'));
  EXPECT_TRUE(console.flooded());
  const auto lines = console.newest(100000);
  EXPECT_EQ(lines.size(), Console::kMaxLines);
  EXPECT_LT(lines.back().size(), 3000U);
  console.reset();
  EXPECT_FALSE(console.flooded());
}

// The tabs with what they sent, as "session method".
struct Sent {
  std::vector<std::string> all;
  Tabs tabs{[this](std::string_view session, std::string_view method, const std::string&) {
              all.push_back(std::string(session) + " " + std::string(method));
            },
            1000};
  void event(const std::string& session, const std::string& method, const std::string& params) {
    tabs.onEvent(session, method, parsed(params));
  }
  void open(const std::string& name, const std::string& opener = {}) {
    event("", "Target.attachedToTarget",
          R"({"sessionId":"s-)" + name + R"(","targetInfo":{"targetId":")" + name +
              R"(","type":"page","url":"http://)" + name + R"(")" +
              (opener.empty() ? "" : R"(,"openerId":")" + opener + "\"") + "}}");
  }
  std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), what));
  }
};

TEST(BrowserTabs, FollowTheNewestAndGoBackToItsOpener) {
  Sent sent;
  sent.open("a");
  sent.open("b");
  sent.open("c", "a");
  EXPECT_EQ(sent.tabs.current().target, "c");
  EXPECT_EQ(sent.tabs.takeNotes().size(), 1U);
  sent.event("", "Target.detachedFromTarget", R"({"sessionId":"s-c"})");
  EXPECT_EQ(sent.tabs.current().target, "a");
  sent.event("", "Target.detachedFromTarget", R"({"sessionId":"s-a"})");
  EXPECT_EQ(sent.tabs.current().target, "b");
  sent.event("", "Target.detachedFromTarget", R"({"sessionId":"s-b"})");
  EXPECT_EQ(sent.tabs.current().target, "");
}

TEST(BrowserTabs, CloseTheOldestBeyondTheirNumber) {
  Sent sent;
  sent.open("a");
  for (int i = 0; i < 20; ++i) {
    sent.tabs.beginCall();
    sent.open("t" + std::to_string(i), "a");
  }
  EXPECT_EQ(sent.tabs.all().size(), Tabs::kMaxTabs);
  EXPECT_EQ(sent.tabs.current().target, "t19");
  EXPECT_EQ(sent.count(" Target.closeTarget"), 21 - Tabs::kMaxTabs);
}

TEST(BrowserTabs, CloseAStormWithAllItsWindows) {
  Sent sent;
  sent.open("a");
  sent.open("kept", "a");
  sent.tabs.beginCall();
  for (int i = 0; i < 50; ++i) sent.open("t" + std::to_string(i), i % 2 == 0 ? "kept" : "t" + std::to_string(i - 1));
  EXPECT_EQ(sent.tabs.all().size(), 2U);
  EXPECT_EQ(sent.tabs.current().target, "kept");
  EXPECT_EQ(sent.count(" Target.closeTarget"), 50U);
  EXPECT_THAT(sent.tabs.takeNotes().back(), HasSubstr("window after window"));
}

TEST(BrowserTabs, AnswerDialogsUntilThereAreTooMany) {
  Sent sent;
  sent.open("a");
  const auto* const dialog = R"({"type":"alert","message":"again"})";
  for (std::size_t i = 1; i < Tabs::kMaxDialogs; ++i) sent.event("s-a", "Page.javascriptDialogOpening", dialog);
  EXPECT_EQ(sent.count("s-a Page.handleJavaScriptDialog"), Tabs::kMaxDialogs - 1);
  EXPECT_EQ(sent.count("s-a Runtime.terminateExecution"), 0U);
  sent.event("s-a", "Page.javascriptDialogOpening", dialog);
  EXPECT_EQ(sent.count("s-a Runtime.terminateExecution"), 1U);
  EXPECT_EQ(sent.count("s-a Page.handleJavaScriptDialog"), Tabs::kMaxDialogs);
  EXPECT_EQ(sent.tabs.takeNotes().size(), 2U) << "the same is said once";
}

TEST(BrowserTabs, LeaveDialogsToAPerson) {
  Sent sent;
  sent.open("a");
  sent.tabs.leaveDialogs(true);
  sent.event("s-a", "Page.javascriptDialogOpening", R"({"type":"confirm","message":"?"})");
  EXPECT_EQ(sent.count("s-a Page.handleJavaScriptDialog"), 0U);
  sent.tabs.leaveDialogs(false);
  EXPECT_EQ(sent.count("s-a Page.handleJavaScriptDialog"), 1U) << "nobody is left to answer it";
}

TEST(BrowserTabs, BoundDownloadsTogether) {
  Sent sent;
  sent.event("", "Browser.downloadWillBegin", R"({"guid":"1","suggestedFilename":"a"})");
  sent.event("", "Browser.downloadWillBegin", R"({"guid":"2","suggestedFilename":"b"})");
  sent.event("", "Browser.downloadProgress", R"({"guid":"1","state":"inProgress","receivedBytes":600,"totalBytes":0})");
  EXPECT_EQ(sent.count(" Browser.cancelDownload"), 0U);
  sent.event("", "Browser.downloadProgress", R"({"guid":"2","state":"inProgress","receivedBytes":600,"totalBytes":0})");
  EXPECT_EQ(sent.count(" Browser.cancelDownload"), 1U);
  sent.event("", "Browser.downloadProgress", R"({"guid":"2","state":"canceled","receivedBytes":600})");
  sent.event("", "Browser.downloadProgress",
             R"({"guid":"1","state":"completed","receivedBytes":700,"filePath":"/d/a"})");
  EXPECT_THAT(sent.tabs.takeNotes(), ElementsAre(HasSubstr("b was ended"), "Downloaded: /d/a (700 bytes)."));
  EXPECT_FALSE(sent.tabs.downloads());
}

// A client, and what is at the other end of its pipes.
struct Ends {
  Ends() {
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    EXPECT_EQ(pipe2(down.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(up.data(), O_CLOEXEC), 0);
    in = sandbox::Fd(down[0]);
    out = sandbox::Fd(up[1]);
    client = std::make_unique<CdpClient>(
        sandbox::Fd(up[0]), sandbox::Fd(down[1]),
        [this](std::string_view, std::string_view method, const rapidjson::Value&) { events.emplace_back(method); });
  }
  void say(std::string text) const {
    text += '\0';
    ASSERT_EQ(write(out.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string hear() const {
    std::string heard;
    for (char c = 0; read(in.get(), &c, 1) == 1 && c != '\0';) heard += c;
    return heard;
  }
  static Fault::Kind kindOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const Fault& fault) {
      return fault.kind();
    }
    ADD_FAILURE() << "no fault";
    return Fault::Kind::closed;
  }
  sandbox::Fd in;
  sandbox::Fd out;
  std::vector<std::string> events;
  std::unique_ptr<CdpClient> client;
};

TEST(CdpClientCalls, GetTheirOwnAnswers) {
  Ends ends;
  std::thread browser([&] {
    const auto first = parsed(ends.hear());
    EXPECT_EQ(textMember(first, "method"), "A.b");
    EXPECT_EQ(textMember(first, "sessionId"), "s");
    ends.say("no json at all");
    ends.say(R"({"method":"Page.event","params":{}})");
    ends.say(R"({"id":77,"result":{"other":1}})");
    ends.say(R"({"id":1,"result":{"text":"half \ud800"}})");
    ends.hear();
    ends.say(R"({"id":2,"error":{"code":-32000,"message":"Not allowed"}})");
  });
  const auto answer = ends.client->call({"s", "A.b", "{}", 10s}, {});
  EXPECT_EQ(textMember(answer, "text"), "half \xEF\xBF\xBD");
  EXPECT_EQ(Ends::kindOf([&] { ends.client->call({"", "A.c", "{}", 10s}, {}); }), Fault::Kind::refused);
  browser.join();
  EXPECT_THAT(ends.events, ElementsAre("Page.event"));
}

TEST(CdpClientCalls, EndByTimeByTheCallerAndByTheBrowser) {
  Ends ends;
  EXPECT_EQ(Ends::kindOf([&] { ends.client->call({"", "A.b", "{}", 50ms}, {}); }), Fault::Kind::late);
  EXPECT_EQ(Ends::kindOf([&] {
              ends.client->call({"", "A.b", "{}", 60s}, [] { return true; });
            }),
            Fault::Kind::stopped);
  std::thread browser([&] {
    for (int i = 0; i < 3; ++i) ends.hear();
    ends.out.reset();
  });
  EXPECT_EQ(Ends::kindOf([&] { ends.client->call({"", "A.b", "{}", 60s}, {}); }), Fault::Kind::closed);
  browser.join();
  EXPECT_FALSE(ends.client->isOpen());
  EXPECT_EQ(Ends::kindOf([&] { ends.client->call({"", "A.b", "{}", 60s}, {}); }), Fault::Kind::closed);
}

TEST(CdpClientCalls, EndWhenTheBrowserNeitherReadsNorIsQuiet) {
  Ends ends;
  const std::string large = R"({"text":")" + std::string(1 << 20, 'x') + "\"}";
  for (int i = 0; i < 20; ++i) ends.client->send("", "A.b", large);
  EXPECT_FALSE(ends.client->isOpen()) << "what nobody reads is not kept without end";

  Ends loud;
  std::string flood;
  for (std::uint64_t i = 0; i < CdpClient::kMaxEvents + 10; ++i)
    flood += std::string("{\"method\":\"A.b\",\"params\":{}}\0", 29);
  std::size_t at = 0;
  // The client closes its end in the middle of it.
  signal(SIGPIPE, SIG_IGN);
  while (at < flood.size()) {
    const auto size = write(loud.out.get(), flood.data() + at, flood.size() - at);
    if (size < 0) break;
    at += static_cast<std::size_t>(size);
  }
  for (int i = 0; i < 6000 && loud.client->isOpen(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(loud.client->isOpen());
}

}  // namespace
}  // namespace agent::browser
