// One running Chromium: what can be done with its current page. browser.hpp starts it, and starts it again.
#pragma once

#include <rapidjson/document.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "browser/cdp_client.hpp"
#include "browser/keys.hpp"
#include "browser/tabs.hpp"

namespace agent::browser {

// A place of the window, in pixels of the page as it is shown.
struct Point {
  double x = 0;
  double y = 0;
};

// Calls come from one thread at a time. Every function that takes `stopped` throws Fault; kind refused: the text says
// what was not possible.
class Chromium {
 public:
  using Stopped = std::function<bool()>;
  struct Options {
    std::string downloads;            // directory, as the browser sees it
    std::uint64_t downloadBytes = 0;  // of all downloads that run
    bool served = false;              // it runs already, and somebody may look at it
  };

  // Descriptors of a browser that was just started, or connected to. Waits until it answers and has a tab.
  Chromium(sandbox::Fd fromBrowser, sandbox::Fd toBrowser, const Options& options, const Stopped& stopped);

  bool isOpen() const { return client_.isOpen(); }
  // Asks the browser to end and waits a moment for it.
  void quit();
  Tabs& tabs() { return tabs_; }

  // Opens an address in the current tab, and waits for it to load as long as a person would.
  void navigate(const std::string& url, const Stopped& stopped);
  // Opens another tab.
  void openTab(const std::string& url, const Stopped& stopped);
  // Closes all tabs but a new, empty one.
  void closePages(const Stopped& stopped);
  // Waits until what an action began is over: a page that loads, a download, both for some seconds at most.
  void settle(const Stopped& stopped);

  // The value of a call of the page script (page_script.hpp), as "view(true)". A page that does not answer is stopped,
  // then ended.
  rapidjson::Document inPage(const std::string& call, const Stopped& stopped);
  // Evaluates what a model wrote, in the page itself; its value as text, of `most` characters at most.
  std::string evaluate(std::string_view javascript, std::size_t most, const Stopped& stopped);
  // Gives files, by their paths as the browser sees them, to the field with the index.
  void giveFiles(std::int64_t index, const std::vector<std::string>& paths, const Stopped& stopped);
  // The index of the file field that the page asked files for; -1: none.
  std::int64_t adoptFileField(const Stopped& stopped);

  void moveMouse(Point at, const Stopped& stopped);
  void click(Point at, const Stopped& stopped);
  void insertText(std::string_view text, const Stopped& stopped);
  void press(const Key& key, const Stopped& stopped);
  // What the window shows as a PNG in base64, made smaller until it has `most` characters at most. Empty: it has more
  // even then.
  std::string screenshot(std::size_t most, const Stopped& stopped);
  // Makes the tab current that a person looks at.
  void followPerson(const Stopped& stopped);

 private:
  TabState page(const Stopped& stopped);
  rapidjson::Document call(const TabState& tab, std::string_view method, const std::string& params,
                           std::chrono::milliseconds limit, const Stopped& stopped);
  std::int64_t world(const TabState& tab, std::chrono::milliseconds limit, const Stopped& stopped);
  rapidjson::Document scriptValue(const TabState& tab, const std::string& call, std::chrono::milliseconds limit,
                                  const Stopped& stopped);
  std::string elementObject(const TabState& tab, std::int64_t index, const Stopped& stopped);
  bool answers(const TabState& tab, std::chrono::milliseconds limit, const Stopped& stopped);
  void wakeUp(const TabState& tab, const Stopped& stopped);
  void endPage(const TabState& tab, const Stopped& stopped);
  void mouse(std::string_view type, Point at, bool button, const Stopped& stopped);
  bool waitUntil(const std::function<bool()>& done, std::chrono::milliseconds limit, const Stopped& stopped) const;

  Tabs tabs_;
  CdpClient client_;
};

}  // namespace agent::browser
