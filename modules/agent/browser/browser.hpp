// The browser of one box: what the tools and a desktop do with it. It starts when it is needed first, and again, with
// the pages that were open, when it has ended.
//
// A desktop and the tools share one browser: the desktop calls showOn() with its X display, and personTakes() and
// personGives() around the time in which a person has the mouse. The tools wait meanwhile, answer no dialogs, and begin
// after it with the tab that the person looked at; elements that were numbered before are not used any more.
//
// The browser of a sandbox service runs whether or not it is used here, on a screen of its own. Where another browser is
// started, this one is connected to; where another one is ended, this one runs on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "browser/call_mutex.hpp"
#include "browser/chromium.hpp"
#include "sandbox/fd.hpp"

namespace agent::browser {

struct View {
  std::string url;
  std::string title;
  std::vector<std::string> elements;  // "0:<a>text</a>"; the number is good until the next view or navigation
  std::string content;     // Markdown of what the window shows, 50,000 characters at most; empty: not asked for
  std::int64_t above = 0;  // pixels that are out of sight
  std::int64_t below = 0;
};

// What an action is aimed at: the number of an element, or a place in the window.
struct Aim {
  std::optional<std::int64_t> index{};
  std::optional<Point> at{};
};

struct StartOrder {
  std::vector<std::string> arguments;  // the program first
  std::string display;                 // of X, as ":1"; empty: none is there
  std::function<bool()> stopped{};     // asked while the start waits; may be empty
};
struct Started {
  sandbox::Fd fromBrowser;
  sandbox::Fd toBrowser;
  // Ends the process and waits until it has gone; called once, maybe long after it ended. Empty: there is none to end.
  std::function<void()> end;
};
// Starts the program with descriptor 3 for what it reads and 4 for what it writes, after it removed the locks that an
// earlier one left in the profile. Throws Problem.
using Starter = std::function<Started(const StartOrder& order)>;

struct BrowserOptions {
  std::string program;                         // absolute, as the box sees it
  std::string home = "/home/ubuntu";           // has the profile (.chrome) and Downloads
  bool throughProxy = false;                   // of the box, at 127.0.0.1:3128; its own loopback is reached directly
  std::uint64_t downloadBytes = 256ULL << 20;  // of all downloads that run
  bool served = false;  // a sandbox service runs it; of the other options only `home` and the bytes count
};

// Safe from any thread; one call is done at a time. Every function [worker], and throws Problem with a `reason`: 422
// browser_refused (what was not possible, for models), 503 browser_unavailable. `stopped` ends a call early.
class Browser {
 public:
  using Stopped = std::function<bool()>;
  // Where a file that a model named is, as the browser sees it. Throws Problem for what is no file.
  using FindFile = std::function<std::string(std::string_view path)>;

  Browser(BrowserOptions options, Starter starter) : options_(std::move(options)), starter_(std::move(starter)) {}
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  View view(const Stopped& stopped);
  View navigate(const std::string& url, const Stopped& stopped);
  // Ends the browser with all its pages and opens the address in a new one; one that is served runs on, without them.
  View restart(const std::string& url, const Stopped& stopped);
  void click(const Aim& aim, const Stopped& stopped);
  // Replaces what stands in a field, or gives files to one that takes files: `text` then has a path per line.
  void input(const Aim& aim, const std::string& text, bool enter, const FindFile& findFile, const Stopped& stopped);
  void moveMouse(Point at, const Stopped& stopped);
  void press(const Key& key, const Stopped& stopped);
  // Returns the text of what was chosen.
  std::string choose(std::int64_t index, std::int64_t option, const Stopped& stopped);
  // By most of a window, or to the end. The view has only `above` and `below`.
  View scroll(bool down, bool toEnd, const Stopped& stopped);
  std::string execute(const std::string& javascript, const Stopped& stopped);
  std::vector<std::string> console(std::size_t most, const Stopped& stopped);

  // A PNG in base64 of `most` characters at most; empty when there is none. Starts no browser, and never throws.
  std::string screenshot(std::size_t most, const Stopped& stopped);
  // What happened since the last time and concerns who calls; the current address at the end, if it is another one than
  // `before`.
  std::vector<std::string> takeNotes(const std::string& before);
  // Of the current page; empty when no browser runs.
  std::string address();

  // Goes on on an X display, with the pages that are open; empty: on none. A browser that does not run yet starts, so
  // that the desktop shows it. Waits for a call that is under way.
  void showOn(const std::string& display, const Stopped& stopped);
  // `who`: the session whose user has the mouse; several may share a browser.
  void personTakes(std::string_view who);
  void personGives(std::string_view who);
  // Whether a person has it.
  bool isHeld() const;

 private:
  std::shared_ptr<Chromium> current();
  Chromium& running(const Stopped& stopped);
  void start(const std::vector<std::string>& addresses, const Stopped& stopped);
  void end();
  void awaitPerson(const Stopped& stopped);
  // Waits for the call that is under way: sessions may share the browser of a service, and another one's call can take
  // long. False: stopped.
  static bool awaitCall(std::unique_lock<CallMutex>& calls, const Stopped& stopped);
  View look(Chromium& chromium, bool content, const Stopped& stopped);
  Point placeOf(Chromium& chromium, const Aim& aim, const Stopped& stopped);
  void askFiles(Chromium& chromium, const Stopped& stopped);
  // Whether `work` may be done a second time after the browser ended in the middle of it.
  enum class After { again, fail };
  template <class Work>
  auto use(After after, const Stopped& stopped, const Work& work);

  BrowserOptions options_;
  Starter starter_;
  CallMutex calls_;  // held for a whole call
  std::string display_;
  std::function<void()> endProcess_;
  std::optional<std::vector<std::string>> lost_;  // pages of a browser that ended, until they are open again
  bool unseen_ = false;                           // a person used the browser, and nobody has viewed it since

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Chromium> chromium_;
  std::set<std::string, std::less<>> persons_;
  bool personWas_ = false;
};

// The arguments of Chromium, the program first.
std::vector<std::string> browserArguments(const BrowserOptions& options, bool withDisplay);

}  // namespace agent::browser
