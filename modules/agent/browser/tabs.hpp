// The tabs of a running browser, kept up by its events. What can't wait for a call happens here: dialogs are answered,
// new windows are let in or closed, downloads are bounded.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "browser/console.hpp"

namespace agent::browser {

// A tab as it was when it was asked for.
struct TabState {
  std::string target;   // the browser's id of it; also that of its main frame
  std::string session;  // for calls
  std::string url;
  bool crashed = false;
  bool loading = false;
};

// Safe from any thread.
class Tabs {
 public:
  // Sends a call whose answer nobody waits for.
  using Send = std::function<void(std::string_view session, std::string_view method, const std::string& params)>;
  static constexpr std::size_t kMaxTabs = 8;
  static constexpr std::size_t kMaxOpened = 4;      // windows that open between two calls; more are a storm
  static constexpr std::size_t kMaxDialogs = 20;    // of a page between two calls; then its script is stopped
  static constexpr std::size_t kMaxDownloads = 20;  // that run at once

  // `downloadBytes`: of all downloads that run. `adopting`: tabs that come before the first call were there already;
  // they are taken as they are, and none is brought to the front. `send` must outlive this object.
  Tabs(Send send, std::uint64_t downloadBytes, bool adopting = false)
      : send_(std::move(send)), downloadBytes_(downloadBytes), adopting_(adopting) {}

  // [thread of the CdpClient]
  void onEvent(std::string_view session, std::string_view method, const rapidjson::Value& params);

  // A call begins: what counts between two calls counts anew.
  void beginCall();
  // The newest tab, or the one that was there before it; empty target: there is none.
  TabState current() const;
  // Makes a tab the current one. False: there is none with this target.
  bool choose(std::string_view target);
  std::vector<TabState> all() const;
  // Empty target: it was closed.
  TabState find(std::string_view target) const;
  std::vector<std::string> consoleOf(std::string_view target, std::size_t most) const;
  // What happened since the last time and concerns who calls: dialogs, windows, downloads; at most kMaxNotes.
  std::vector<std::string> takeNotes();
  void note(const std::string& text);
  bool downloads() const;  // something is being downloaded
  // The file field that a page asked files for, as a backendNodeId of the current tab; 0: none. Asking takes it.
  std::int64_t takeFileField();
  // A person answers dialogs, or they are answered at once.
  void leaveDialogs(bool toPerson);

 private:
  struct Tab {
    TabState state;
    std::string opener;
    Console console;
    std::size_t dialogs = 0;
    bool dialogOpen = false;
    bool quiet = false;   // its console was flooded
    bool opened = false;  // since the last call
    std::int64_t fileField = 0;
  };
  struct Download {
    std::string name;
    std::uint64_t received = 0;
    bool cancelled = false;
  };
  using At = std::vector<Tab>::iterator;

  TabState stateOf(std::string_view target) const;
  At byTarget(std::string_view target);
  At bySession(std::string_view session);
  void attach(const rapidjson::Value& params);
  void admit(Tab tab);
  void forget(At tab);
  void endStorm();
  void closeOldest();
  void onPage(Tab& tab, std::string_view method, const rapidjson::Value& params);
  void onDialog(Tab& tab, const rapidjson::Value& params);
  void onConsole(Tab& tab);
  void onDownload(std::string_view method, const rapidjson::Value& params);
  void noteLocked(const std::string& text);

  mutable std::mutex mutex_;
  Send send_;
  std::uint64_t downloadBytes_;
  std::vector<Tab> tabs_;  // in the order in which they were opened
  std::string current_;
  std::map<std::string, Download, std::less<>> downloads_;
  std::deque<std::string> notes_;
  std::size_t opened_ = 0;
  bool storm_ = false;
  bool person_ = false;
  bool adopting_;
};

}  // namespace agent::browser
