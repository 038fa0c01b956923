// The browser of a box with a real Chromium, on friendly and hostile pages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/problem.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "browser_testing.hpp"

namespace agent::browser {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Chrome : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (lackingChromium().empty()) site_ = new Site();
  }
  static void TearDownTestSuite() {
    delete site_;
    site_ = nullptr;
  }
  void SetUp() override {
    if (const auto why = lackingChromium(); !why.empty()) GTEST_SKIP() << why;
    BrowserOptions options;
    options.program = chromiumProgram();
    options.home = home_.path();
    options.downloadBytes = 32 << 20;
    browser = std::make_unique<Browser>(options, [this](const StartOrder& order) { return starter(order); });
  }
  View open(const std::string& path) const { return browser->navigate(site_->at(path), {}); }
  View view() const { return browser->view({}); }
  std::string text(const std::string& id) const {
    return browser->execute("document.getElementById('" + id + "').textContent", {});
  }
  void click(const View& view, const std::string& part) const {
    const auto index = indexOf(view, part);
    ASSERT_GE(index, 0) << part << " in " << testing::PrintToString(view.elements);
    browser->click({.index = index}, {});
  }
  void type(const View& view, const std::string& part, const std::string& text, bool enter = false) const {
    const auto index = indexOf(view, part);
    ASSERT_GE(index, 0) << part << " in " << testing::PrintToString(view.elements);
    browser->input({.index = index}, text, enter, [](std::string_view path) { return std::string(path); }, {});
  }
  std::vector<std::string> notes() const { return browser->takeNotes(browser->address()); }
  static std::string refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const mortise::Problem& problem) {
      EXPECT_EQ(problem.code(), "browser_refused");
      for (const auto& [name, value] : problem.params()) {
        if (name == "reason") return value;
      }
    }
    return "no refusal";
  }

  static inline Site* site_ = nullptr;
  mortise::peers::TempDirectory home_{"browser-home"};
  DirectStarter starter{home_.path()};
  std::unique_ptr<Browser> browser;
};

TEST_F(Chrome, ReadsWhatTheWindowShows) {
  const auto opened = open("/");
  EXPECT_EQ(opened.title, "Start");
  EXPECT_THAT(opened.elements, ElementsAre("0:<a>Log in</a>", "1:<a>Window</a>"));
  EXPECT_GT(opened.below, 1000);
  const auto seen = view();
  EXPECT_EQ(
      seen.content,
      "# Fruit\n\nWe sell **fresh** fruit & more.\n\n- Apples\n- Pears\n  - Green ones\n\n| Name | Price |\n|---|---|\n"
      "| Apple | 3 |\n\n[Log in](" +
          site_->at("/login") + ") [Window](" + site_->at("/window") + ")\n\n```\na\n  b\n```");
  EXPECT_EQ(browser->address(), site_->at("/"));
}

TEST_F(Chrome, LogsInByTyping) {
  const auto form = open("/login");
  EXPECT_THAT(form.elements, ElementsAre("0:<input>User</input>", "1:<input>Password (password)</input>",
                                         "2:<button>Log in</button>"));
  type(form, "User", "ada");
  type(form, "Password", "s3cret", true);
  EXPECT_THAT(view().content, HasSubstr("# Welcome, ada"));
}

TEST_F(Chrome, FindsWhatCanBeUsedAndUsesIt) {
  const auto form = open("/form");
  EXPECT_THAT(form.elements,
              ElementsAre("0:<button>First</button>", "1:<select>0: Red (chosen) | 1: Green | 2: Blue</select>",
                          "2:<input>(date)</input>", "3:<input>Agree (checkbox, off)</input>",
                          "4:<textarea>Note: old text</textarea>", "5:<div>old rich</div>"));
  browser->click({.index = 0}, {});
  EXPECT_EQ(text("out"), "clicked");
  EXPECT_EQ(browser->choose(1, 1, {}), "Green");
  EXPECT_EQ(text("out"), "colour Green");
  EXPECT_THAT(refusal([&] { browser->choose(1, 2, {}); }), HasSubstr("can not be chosen"));
  EXPECT_THAT(refusal([&] { browser->choose(1, 9, {}); }), HasSubstr("0 to 2"));
  EXPECT_THAT(refusal([&] { browser->choose(0, 0, {}); }), HasSubstr("no list"));
  type(form, "(date)", "2026-02-03");
  EXPECT_EQ(text("out"), "day 2026-02-03");
  EXPECT_THAT(refusal([&] { type(form, "(date)", "tomorrow"); }), HasSubstr("no value"));
  browser->click({.index = 3}, {});
  EXPECT_EQ(browser->execute("yes.checked", {}), "true");
  type(form, "Note", "new\nlines");
  EXPECT_EQ(text("out"), "note new\nlines");
  type(form, "Note", "");
  EXPECT_EQ(text("out"), "note ");
  type(form, "old rich", "new rich");
  EXPECT_EQ(text("rich"), "new rich");
  EXPECT_THAT(refusal([&] { type(form, "First", "x"); }), HasSubstr("takes no text"));
  EXPECT_THAT(refusal([&] { browser->click({.index = 99}, {}); }), HasSubstr("no element with this index"));
  EXPECT_THAT(refusal([&] { browser->click({}, {}); }), HasSubstr("index, or both coordinates"));
  browser->press(*keyOf("Control+b"), {});
  EXPECT_EQ(text("out"), "key b");
}

TEST_F(Chrome, MeasuresAnElementAgainBeforeItClicks) {
  const auto form = open("/form");
  browser->execute("first.style.marginLeft='300px'", {});
  click(form, "First");
  EXPECT_EQ(text("out"), "clicked") << "where it is now";
  browser->execute(
      "const o=document.createElement('div');o.style='position:fixed;inset:0';o.textContent='Cookies?';"
      "document.body.append(o);out.textContent='-'",
      {});
  EXPECT_THAT(refusal([&] { click(form, "First"); }), HasSubstr("covered by <div> Cookies?"));
  browser->execute("first.remove()", {});
  EXPECT_THAT(refusal([&] { click(form, "First"); }), HasSubstr("view the page again"));
  open("/");
  EXPECT_THAT(refusal([&] { browser->click({.index = 40}, {}); }), HasSubstr("view the page again"));
}

TEST_F(Chrome, ScrollsAndClicksAtPlaces) {
  open("/form");
  auto rest = browser->scroll(true, false, {});
  EXPECT_GT(rest.above, 100);
  rest = browser->scroll(true, true, {});
  EXPECT_EQ(rest.below, 0);
  EXPECT_THAT(view().elements, Contains(HasSubstr("Last")));
  rest = browser->scroll(false, false, {});
  EXPECT_GT(rest.below, 100);
  rest = browser->scroll(false, true, {});
  EXPECT_EQ(rest.above, 0);
  browser->moveMouse({20, 20}, {});
  browser->click({.at = Point{20, 20}}, {});
  EXPECT_EQ(text("out"), "clicked");
}

TEST_F(Chrome, ReadsTheConsoleAndRunsScripts) {
  open("/console");
  EXPECT_THAT(browser->console(10, {}), ElementsAre("hello {a: 1, b: \"x\"} [1, 2]", "[warn] careful",
                                                    "[error] bad \xEF\xBF\xBD half", HasSubstr("thrown late")));
  EXPECT_THAT(browser->console(1, {}).size(), 1U);
  EXPECT_EQ(browser->execute("1 + 1", {}), "2");
  EXPECT_EQ(browser->execute("({a: [1, {b: 2}]})", {}), R"({"a":[1,{"b":2}]})");
  EXPECT_EQ(browser->execute("await new Promise(r => setTimeout(() => r('waited'), 10))", {}), "waited");
  EXPECT_EQ(browser->execute("document.body.tagName + '\\ud800'", {}), "BODY\xEF\xBF\xBD");
  EXPECT_THAT(browser->execute("document.body", {}), HasSubstr("body"));
  EXPECT_THAT(refusal([&] { browser->execute("nothing.at.all", {}); }), HasSubstr("nothing is not defined"));
  EXPECT_LT(browser->execute("'x'.repeat(10000000)", {}).size(), 11000U);
}

TEST_F(Chrome, DownloadsIntoTheWorkspaceAndTakesFilesFromIt) {
  const auto page = open("/downloads");
  click(page, "Small");
  EXPECT_THAT(notes(), ElementsAre("Downloaded: " + home_.path() + "/Downloads/file.txt (6 bytes)."));
  std::string content;
  std::getline(std::ifstream(home_.path() + "/Downloads/file.txt"), content);
  EXPECT_EQ(content, "fruit");

  const auto upload = open("/upload");
  click(upload, "Choose");
  const auto asked = notes();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_THAT(asked[0], HasSubstr("browser_input with the index 1 "));
  browser->input({.index = 1}, home_.path() + "/Downloads/file.txt", false,
                 [](std::string_view path) { return std::string(path); }, {});
  EXPECT_EQ(text("out"), "file.txt: fruit\n");
}

TEST_F(Chrome, ShowsPicturesWithTheRightColours) {
  open("/colours");
  const auto picture = browser->screenshot(1 << 20, {});
  const auto image = pngImage(fromBase64(picture));
  ASSERT_GT(image.pixels.size(), 1000000U);
  const auto half = image.pixels.size() / 2;
  EXPECT_NEAR(static_cast<double>(image.count({255, 0, 0})), static_cast<double>(half), image.height * 2.0);
  EXPECT_NEAR(static_cast<double>(image.count({0, 0, 255})), static_cast<double>(half), image.height * 2.0);
  // A page that packs badly is made smaller until it fits.
  browser->execute(
      "const c=document.createElement('canvas');c.width=1200;c.height=900;c.style='position:fixed;left:0;top:0';"
      "document.body.append(c);const x=c.getContext('2d'),d=x.createImageData(1200,900);"
      "for(let i=0;i<d.data.length;i++)d.data[i]=i%4==3?255:Math.random()*256;x.putImageData(d,0,0);1",
      {});
  const auto noise = browser->screenshot(1 << 20, {});
  ASSERT_FALSE(noise.empty());
  EXPECT_LE(noise.size(), 1U << 20);
  EXPECT_LT(pngImage(fromBase64(noise)).width, image.width);
  browser->execute("scrollTo(0, 100000)", {});
}

TEST_F(Chrome, WritesAndReadsChinese) {
  const auto page = open("/chinese");
  EXPECT_EQ(page.title, "中文页面");
  type(page, "姓名", "张三丰");
  EXPECT_EQ(text("out"), "欢迎 张三丰");
  EXPECT_THAT(view().content, HasSubstr("# 你好，世界"));
}

TEST_F(Chrome, AnswersDialogsAndFollowsWindows) {
  click(open("/dialogs"), "Ask");
  EXPECT_EQ(text("out"), "true Ada");
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("(confirm) was confirmed: Really?"), HasSubstr("Name?")));
  click(open("/"), "Window");
  EXPECT_EQ(browser->address(), site_->at("/window"));
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("new window")));
  const auto window = view();
  EXPECT_THAT(window.content, HasSubstr("A window of its own"));
  browser->execute("window.close()", {});
  EXPECT_EQ(view().title, "Start");
}

TEST_F(Chrome, SeesFramesAndShadowTrees) {
  const auto page = open("/frame");
  EXPECT_THAT(page.elements, Contains(HasSubstr("Shadow")));
  click(page, "First");
  EXPECT_EQ(browser->execute("frames[0].document.getElementById('out').textContent", {}), "clicked");
  type(page, "Note", "in a frame");
  EXPECT_EQ(browser->execute("frames[0].document.getElementById('out').textContent", {}), "note in a frame");
}

TEST_F(Chrome, IsNotMisledByWhatPagesOverwrite) {
  const auto page = open("/pollute");
  EXPECT_THAT(page.elements, Contains(HasSubstr("Press")));
  EXPECT_THAT(view().content, HasSubstr("Still here"));
}

TEST_F(Chrome, EndsScriptsThatDoNotEnd) {
  EXPECT_EQ(open("/loop").title, "Loop");
  EXPECT_THAT(notes(), Contains(HasSubstr("script was stopped")));
  EXPECT_THAT(refusal([&] { browser->execute("while (true);", {}); }), Not("no refusal"));
  EXPECT_EQ(browser->execute("1", {}), "1");
  click(open("/click-loop"), "Hang");
  EXPECT_EQ(view().title, "Click");
  EXPECT_EQ(open("/").title, "Start");
}

TEST_F(Chrome, EndsAlertsWithoutEnd) {
  // The script is stopped, or the page ended, whichever comes first.
  const auto why = refusal([&] { open("/alerts"); });
  EXPECT_TRUE(why == "no refusal" || why.find("crashed") != std::string::npos) << why;
  EXPECT_THAT(notes(), Contains(HasSubstr("dialog after dialog")));
  EXPECT_EQ(open("/").title, "Start");
}

TEST_F(Chrome, ClosesAStormOfWindows) {
  starter.more = {"--disable-popup-blocking"};
  const auto page = open("/storm");
  EXPECT_EQ(refusal([&] { click(page, "Storm"); }), "no refusal");
  EXPECT_EQ(browser->execute("document.title", {}), "Storm");
  EXPECT_THAT(notes(), Contains(HasSubstr("window after window")));
  click(view(), "One");
  EXPECT_EQ(view().title, "Window") << "one window is no storm";
}

TEST_F(Chrome, OutlivesACrashOfAPage) {
  open("/");
  EXPECT_THAT(refusal([&] { browser->navigate("chrome://crash", {}); }), HasSubstr("crash"));
  EXPECT_THAT(refusal([&] { view(); }), HasSubstr("crashed"));
  EXPECT_EQ(open("/form").title, "Form");
  EXPECT_EQ(starter.starts, 1) << "the browser itself lived on";
}

TEST_F(Chrome, EndsADownloadThatIsTooLarge) {
  const auto page = open("/downloads");
  click(page, "Big");
  std::vector<std::string> said;
  for (int i = 0; i < 20 && testing::PrintToString(said).find("was ended") == std::string::npos; ++i) {
    browser->execute("0", {});
    for (const auto& note : notes()) said.push_back(note);
  }
  EXPECT_THAT(said, Contains(HasSubstr("big.bin was ended")));
  browser->navigate(site_->at("/big?known"), {});
  for (int i = 0; i < 20; ++i) browser->execute("0", {});
  EXPECT_THAT(notes(), Contains(HasSubstr("was ended")));
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(home_.path() + "/Downloads")) bytes += file.file_size();
  EXPECT_LT(bytes, 100U << 20);
}

TEST_F(Chrome, GetsRidOfPagesThatKeepTheBrowserBusy) {
  // Such a page may still answer, or it is ended, with the browser if need be.
  refusal([&] { open("/flood"); });
  refusal([&] { view(); });
  EXPECT_LE(browser->console(1000, {}).size(), Console::kMaxLines);
  EXPECT_EQ(open("/").title, "Start");
  refusal([&] { open("/titles"); });
  EXPECT_EQ(open("/").title, "Start");
}

TEST_F(Chrome, StartsAgainWithItsPagesAfterItEnded) {
  const auto page = open("/form");
  kill(-starter.lastPid, SIGKILL);
  EXPECT_EQ(view().title, "Form") << "what only looks is done again";
  EXPECT_EQ(starter.starts, 2);
  kill(-starter.lastPid, SIGKILL);
  EXPECT_THAT(refusal([&] { browser->click({.index = 0}, {}); }), HasSubstr("view the page"));
  EXPECT_EQ(starter.starts, 3);
  EXPECT_EQ(view().title, "Form");
  EXPECT_EQ(browser->restart(site_->at("/window"), {}).title, "Window");
  EXPECT_EQ(starter.starts, 4);
}

TEST_F(Chrome, WaitsForAPersonAndLooksAgain) {
  const auto page = open("/form");
  browser->personTakes("one");
  int asked = 0;
  EXPECT_EQ(refusal([&] { browser->click({.index = 0}, [&] { return ++asked > 2; }); }), "stopped");
  browser->personGives("one");
  EXPECT_THAT(refusal([&] { browser->click({.index = 0}, {}); }), HasSubstr("a person used the browser"));
  click(view(), "First");
  EXPECT_EQ(text("out"), "clicked");
}

TEST_F(Chrome, EndsACallThatIsNotWantedAnyMore) {
  open("/");
  int asked = 0;
  const auto stopped = [&] { return ++asked > 3; };
  EXPECT_THROW(browser->execute("await new Promise(() => {})", stopped), mortise::Problem);
  EXPECT_EQ(view().title, "Start");
}

}  // namespace
}  // namespace agent::browser
