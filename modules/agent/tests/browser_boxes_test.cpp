// The box of tools `browser` over real boxes: what the model gets, what events show, and what a hostile page can't do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "boxes_testing.hpp"
#include "browser_testing.hpp"
#include "json_text.hpp"
#include "tools/browser_box.hpp"

namespace agent {
namespace {

using browser::fromBase64;
using browser::pngImage;
using testing::AllOf;
using testing::HasSubstr;

constexpr auto kWorkspace = 256ULL << 20;
const std::string kSite = "http://127.0.0.1:8123";

class BrowserTools : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!browser::lackingChromium().empty()) return;
    sandbox::LocalOptions options;
    options.browser = true;
    options.workspaceBytes = kWorkspace;
    options.cpuPercent = 400;
    boxes_ = new sandbox::Boxes(options);
    if (!boxes_->lacking().empty()) return;
    // The site is inside the box: it has no network.
    const auto box = boxes_->open("one");
    std::ostringstream site;
    site << std::ifstream(AGENT_SOURCE_DIR "/tests/browser_site.py").rdbuf();
    box->write({.path = "/home/ubuntu/site.py", .text = site.str()});
    box->execute("site", "~", "exec python3 site.py 8123", {});
  }
  static void TearDownTestSuite() {
    delete boxes_;
    boxes_ = nullptr;
  }
  void SetUp() override {
    if (const auto why = browser::lackingChromium(); !why.empty()) GTEST_SKIP() << why;
    if (const auto why = boxes_->lacking(); !why.empty()) GTEST_SKIP() << why;
    box = boxes_->open("one");
  }
  ToolResult call(std::string_view function, std::string_view arguments = "{}") {
    ToolContext context;
    context.sessionId = "one";
    auto result = tools.call(function, arguments, context);
    for (const auto* text : {&result.data, &result.content}) {
      rapidjson::Document document;
      EXPECT_FALSE(document.Parse(text->data(), text->size()).HasParseError()) << *text;
    }
    return result;
  }
  ToolResult open(const std::string& path) { return call("browser_navigate", R"({"url":")" + kSite + path + "\"}"); }
  static std::string member(const std::string& json, const char* name) {
    rapidjson::Document document;
    EXPECT_TRUE(parseJson(json, document));
    return textMember(document, name);
  }
  std::string run(const std::string& command) const { return box->execute("main", "~", command, {}).output; }

  static inline sandbox::Boxes* boxes_ = nullptr;
  BrowserTools() : tools(*(boxes_ != nullptr ? boxes_->driver.get() : nullptr)) {}
  BrowserBox tools;
  std::shared_ptr<sandbox::Sandbox> box;
};

TEST_F(BrowserTools, WorkInABox) {
  const auto opened = open("/login");
  ASSERT_TRUE(opened.success) << opened.message;
  EXPECT_THAT(opened.data,
              AllOf(HasSubstr(R"("interactive_elements":["0:<input>User</input>")"), HasSubstr("\"title\":\"Login\"")));
  EXPECT_TRUE(call("browser_input", R"({"index":0,"text":"ada","press_enter":false})").success);
  const auto entered = call("browser_input", R"({"index":"1","text":"s3cret","press_enter":true})");
  EXPECT_TRUE(entered.success);
  EXPECT_THAT(entered.message, HasSubstr("The page is now " + kSite + "/welcome"));
  EXPECT_THAT(call("browser_view").data, HasSubstr("# Welcome, ada"));
  EXPECT_EQ(call("browser_console_exec", R"({"javascript":"document.cookie"})").data, R"({"result":"user=ada"})");
  EXPECT_THAT(call("browser_scroll_down", "{}").data, HasSubstr("pixels_below"));
  EXPECT_THAT(call("browser_console_view", R"({"max_lines":5})").data, HasSubstr("logs"));
  EXPECT_TRUE(call("browser_press_key", R"({"key":"Control+a"})").success);
  EXPECT_TRUE(call("browser_move_mouse", R"({"coordinate_x":10,"coordinate_y":"20"})").success);
  EXPECT_TRUE(call("browser_click", R"({"coordinate_x":10.5,"coordinate_y":20})").success);

  EXPECT_EQ(call("browser_click", R"({"index":77})").message,
            "Not possible: there is no element with this index; view the page again");
  EXPECT_THAT(call("browser_press_key", R"({"key":"Any"})").message, HasSubstr("no key Any"));
  EXPECT_THAT(call("browser_navigate", R"({"url":"chrome://crash"})").message, HasSubstr("only addresses"));
  EXPECT_THAT(call("browser_navigate", R"({"url":"http://127.0.0.1:1"})").message, HasSubstr("can't be opened"));
}

TEST_F(BrowserTools, ShowPictures) {
  const auto result = open("/colours");
  const auto picture = member(result.content, "screenshot");
  const std::string kind = "data:image/png;base64,";
  ASSERT_THAT(picture, HasSubstr(kind));
  const auto image = pngImage(fromBase64(picture.substr(kind.size())));
  EXPECT_GT(image.count({255, 0, 0}), image.pixels.size() * 48 / 100);
  EXPECT_GT(image.count({0, 0, 255}), image.pixels.size() * 48 / 100);
}

TEST_F(BrowserTools, MoveFilesBetweenPagesAndTheWorkspace) {
  open("/downloads");
  EXPECT_THAT(call("browser_click", R"({"index":0})").message,
              HasSubstr("Downloaded: /home/ubuntu/Downloads/file.txt (6 bytes)"));
  EXPECT_EQ(box->read({.path = "/home/ubuntu/Downloads/file.txt"}).text, "fruit\n");
  open("/upload");
  EXPECT_THAT(call("browser_click", R"({"index":0})").message, HasSubstr("the index 1 "));
  EXPECT_EQ(call("browser_input", R"({"index":1,"text":"/home/ubuntu/none","press_enter":false})").message,
            "There is no /home/ubuntu/none");
  EXPECT_TRUE(call("browser_input", R"({"index":1,"text":"Downloads/file.txt","press_enter":false})").success);
  EXPECT_EQ(call("browser_console_exec", R"({"javascript":"out.textContent"})").data,
            R"({"result":"file.txt: fruit\n"})");
}

TEST_F(BrowserTools, KeepLargeDownloadsOutOfTheWorkspace) {
  open("/downloads");
  std::string said = call("browser_click", R"({"index":1})").message;
  for (int i = 0; i < 30 && said.find("was ended") == std::string::npos; ++i) said += call("browser_view").message;
  EXPECT_THAT(said, HasSubstr("big.bin was ended"));
  EXPECT_EQ(run("echo alive"), "alive\n") << "the box has not ended for its files";
  // The browser takes away what it had got so far, a moment after it was told to end.
  run("until [ $(du -sb ~/Downloads | cut -f1) -lt " + std::to_string(kWorkspace / 2) + " ]; do sleep 0.1; done");
}

TEST_F(BrowserTools, HaveNeitherPortsNorRights) {
  open("/");
  // Only the site and what the box itself has listen; the browser opened nothing.
  EXPECT_EQ(run("awk '$4==\"0A\"{print $2}' /proc/net/tcp /proc/net/tcp6"), "0100007F:1FBB\n");
  EXPECT_EQ(run("cat /proc/[0-9]*/status 2>/dev/null | grep -h ^CapEff | sort -u"), "CapEff:\t0000000000000000\n");
}

TEST_F(BrowserTools, GoOnWhenCommandsEndTheBrowser) {
  open("/form");
  run("pkill -9 chromium");
  EXPECT_THAT(call("browser_view").data, HasSubstr("\"title\":\"Form\""));
  run("pkill -9 chromium");
  const auto result = call("browser_press_key", R"({"key":"a"})");
  EXPECT_TRUE(result.success || result.message.find("started again") != std::string::npos) << result.message;
  EXPECT_THAT(call("browser_restart", R"({"url":")" + kSite + R"(/chinese"})").data, HasSubstr("中文页面"));
  EXPECT_TRUE(call("browser_input", R"({"index":0,"text":"李白","press_enter":false})").success);
  EXPECT_THAT(call("browser_view").data, HasSubstr("欢迎 李白"));
}

TEST_F(BrowserTools, AreMadeWhereBoxesHaveABrowser) {
  TaskFacts facts;
  facts.hasBox = true;
  facts.hasBrowser = true;
  EXPECT_NE(BrowserBoxMaker(*boxes_->driver).make(facts), nullptr);
  facts.hasBox = false;
  EXPECT_EQ(BrowserBoxMaker(*boxes_->driver).make(facts), nullptr);
  facts.hasBox = true;
  const sandbox::Boxes without;
  const auto all = without.driver->capabilities();
  facts.hasBrowser = all.at(2).available;
  EXPECT_EQ(BrowserBoxMaker(*without.driver).make(facts), nullptr);
  EXPECT_FALSE(all.at(2).available);
  EXPECT_THAT(all.at(2).detail, HasSubstr("agent.sandbox_browser"));
}

}  // namespace
}  // namespace agent
