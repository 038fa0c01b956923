#include "browser/browser.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "json_text.hpp"
#include "sandbox/protocol.hpp"

namespace agent::browser {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;
using mortise::models::listMember;
namespace json = mortise::json;

constexpr auto kPersonLimit = 10min;
constexpr auto kAskStopped = 100ms;
constexpr std::size_t kValueCharacters = 10000;  // of what a script returns

Problem refusal(std::string reason) { return Problem(422, "browser_refused").with("reason", std::move(reason)); }

Problem problemOf(const Fault& fault) {
  if (fault.kind() == Fault::Kind::refused || fault.kind() == Fault::Kind::late) return refusal(fault.what());
  return Problem(503, "browser_unavailable").with("reason", fault.what());
}

constexpr const char* kEnded =
    "the browser ended in the middle of this and was started again with the pages that were open; view the page";

}  // namespace

std::vector<std::string> browserArguments(const BrowserOptions& options, bool withDisplay) {
  std::vector<std::string> out{options.program, "--remote-debugging-pipe",
                               // The box is the border; it has no user namespaces, which the browser's own would need.
                               "--no-sandbox", "--test-type", "--user-data-dir=" + options.home + "/.chrome",
                               "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-extensions",
                               "--disable-component-update", "--disable-background-networking", "--disable-sync",
                               "--disable-breakpad", "--disable-crash-reporter", "--password-store=basic",
                               "--no-zygote", "--renderer-process-limit=4", "--disk-cache-size=33554432",
                               "--window-size=1280,1080"};
  if (options.throughProxy) {
    out.push_back("--proxy-server=http://127.0.0.1:" + std::to_string(sandbox::wire::kRelayPort));
    out.emplace_back("--disable-quic");
  }
  if (!withDisplay) out.emplace_back("--headless=new");
  out.emplace_back("about:blank");
  return out;
}

Browser::~Browser() { end(); }

std::shared_ptr<Chromium> Browser::current() {
  const std::lock_guard lock(mutex_);
  return chromium_;
}

void Browser::end() {
  if (const auto chromium = current(); chromium && !options_.served) chromium->quit();
  {
    const std::lock_guard lock(mutex_);
    chromium_.reset();
  }
  if (const auto ends = std::exchange(endProcess_, {})) ends();
}

void Browser::start(const std::vector<std::string>& addresses, const Stopped& stopped) {
  end();
  auto started = starter_({browserArguments(options_, !display_.empty()), display_, stopped});
  endProcess_ = std::move(started.end);
  std::shared_ptr<Chromium> chromium;
  try {
    chromium = std::make_shared<Chromium>(
        std::move(started.fromBrowser), std::move(started.toBrowser),
        Chromium::Options{options_.home + "/Downloads", options_.downloadBytes, options_.served}, stopped);
  } catch (const Fault& fault) {
    end();
    if (fault.kind() == Fault::Kind::stopped) throw;
    throw Problem(503, "browser_unavailable").with("reason", "the browser did not start").note(fault.what());
  } catch (const std::runtime_error& error) {
    end();
    throw Problem(503, "browser_unavailable").with("reason", "the browser did not start").note(error.what());
  }
  {
    const std::lock_guard lock(mutex_);
    chromium_ = chromium;
    chromium_->tabs().leaveDialogs(!persons_.empty());
  }
  const auto open = chromium->tabs().all();
  const auto isOpen = [&](const std::string& address) {
    return std::any_of(open.begin(), open.end(), [&](const TabState& tab) { return tab.url == address; });
  };
  bool first = !options_.served;  // whose tabs may show something
  for (const auto& address : addresses) {
    if (address.empty() || address == "about:blank" || isOpen(address)) continue;
    try {
      if (std::exchange(first, false)) {
        chromium->navigate(address, stopped);
      } else {
        chromium->openTab(address, stopped);
      }
    } catch (const Fault& fault) {
      if (fault.kind() == Fault::Kind::stopped || fault.kind() == Fault::Kind::closed) throw;
      chromium->tabs().note("A page could not be opened again: " + address);
    }
  }
}

Chromium& Browser::running(const Stopped& stopped) {
  const auto chromium = current();
  if (chromium && chromium->isOpen()) return *chromium;
  if (chromium) {
    lost_.emplace();
    for (const auto& tab : chromium->tabs().all()) {
      // The page that was ended with the browser may be what ended it.
      if (!tab.crashed) lost_->push_back(tab.url);
    }
  }
  start(lost_.value_or(std::vector<std::string>()), stopped);
  if (lost_) {
    current()->tabs().note(options_.served ? "The connection to the browser had ended and was made again."
                                           : "The browser had ended and was started again.");
  }
  lost_.reset();
  return *current();
}

void Browser::awaitPerson(const Stopped& stopped) {
  std::unique_lock lock(mutex_);
  const auto deadline = Clock::now() + kPersonLimit;
  while (!persons_.empty()) {
    if (Clock::now() >= deadline) throw refusal("a person has the browser; try again later");
    lock.unlock();
    const bool ends = stopped && stopped();
    lock.lock();
    if (ends) throw refusal("stopped");
    changed_.wait_for(lock, kAskStopped);
  }
}

bool Browser::awaitCall(std::unique_lock<CallMutex>& calls, const Stopped& stopped) {
  while (!calls.try_lock_for(kAskStopped)) {
    if (stopped && stopped()) return false;
  }
  return true;
}

template <class Work>
auto Browser::use(After after, const Stopped& stopped, const Work& work) {
  std::unique_lock calls(calls_, std::defer_lock);
  for (bool free = false; !free;) {
    awaitPerson(stopped);
    if (!awaitCall(calls, stopped)) throw refusal("stopped");
    // A person may have taken it while another call was waited for.
    const std::lock_guard lock(mutex_);
    free = persons_.empty();
    if (!free) calls.unlock();
  }
  for (bool again = true;; again = false) {
    try {
      auto& chromium = running(stopped);
      bool personWas = false;
      {
        const std::lock_guard lock(mutex_);
        personWas = std::exchange(personWas_, false);
      }
      chromium.tabs().beginCall();
      if (personWas) {
        unseen_ = true;
        chromium.followPerson(stopped);
      }
      return work(chromium);
    } catch (const Fault& fault) {
      if (fault.kind() != Fault::Kind::closed || !again) throw problemOf(fault);
    }
    if (after == After::again) continue;
    try {
      running(stopped);
    } catch (const Fault& fault) {
      throw problemOf(fault);
    }
    throw refusal(kEnded);
  }
}

View Browser::look(Chromium& chromium, bool content, const Stopped& stopped) {
  const auto seen = chromium.inPage(content ? "view(true)" : "view(false)", stopped);
  View out;
  out.url = cleanText(textMember(seen, "url"));
  out.title = cleanText(textMember(seen, "title"));
  out.content = cleanText(textMember(seen, "content"));
  out.above = integerMember(seen, "above");
  out.below = integerMember(seen, "below");
  if (const auto* elements = listMember(seen, "elements")) {
    for (const auto& element : elements->GetArray()) {
      if (element.IsString()) out.elements.push_back(cleanText({element.GetString(), element.GetStringLength()}));
    }
  }
  unseen_ = false;
  return out;
}

View Browser::view(const Stopped& stopped) {
  return use(After::again, stopped, [&](Chromium& chromium) { return look(chromium, true, stopped); });
}

View Browser::navigate(const std::string& url, const Stopped& stopped) {
  return use(After::again, stopped, [&](Chromium& chromium) {
    chromium.navigate(url, stopped);
    return look(chromium, false, stopped);
  });
}

View Browser::restart(const std::string& url, const Stopped& stopped) {
  awaitPerson(stopped);
  if (options_.served) {
    use(After::again, stopped, [&](Chromium& chromium) { chromium.closePages(stopped); });
  } else {
    const std::lock_guard calls(calls_);
    end();
    lost_.reset();
  }
  return navigate(url, stopped);
}

Point Browser::placeOf(Chromium& chromium, const Aim& aim, const Stopped& stopped) {
  if (aim.at) return *aim.at;
  if (!aim.index) throw Fault(Fault::Kind::refused, "give an index, or both coordinates");
  if (unseen_) throw Fault(Fault::Kind::refused, "a person used the browser; view the page again");
  const auto place = chromium.inPage("place(" + std::to_string(*aim.index) + ")", stopped);
  const auto* x = memberOf(place, "x");
  const auto* y = memberOf(place, "y");
  if (x == nullptr || y == nullptr || !x->IsNumber() || !y->IsNumber())
    throw Fault(Fault::Kind::refused, "the page gave no place of the element");
  return {x->GetDouble(), y->GetDouble()};
}

void Browser::askFiles(Chromium& chromium, const Stopped& stopped) {
  const auto index = chromium.adoptFileField(stopped);
  if (index < 0) return;
  chromium.tabs().note("The page asks for files: call browser_input with the index " + std::to_string(index) +
                       " and the path of a file as text.");
}

void Browser::click(const Aim& aim, const Stopped& stopped) {
  use(After::fail, stopped, [&](Chromium& chromium) {
    chromium.click(placeOf(chromium, aim, stopped), stopped);
    chromium.settle(stopped);
    askFiles(chromium, stopped);
  });
}

void Browser::input(const Aim& aim, const std::string& text, bool enter, const FindFile& findFile,
                    const Stopped& stopped) {
  use(After::fail, stopped, [&](Chromium& chromium) {
    const auto index = aim.index.value_or(-1);
    if (aim.index) {
      if (unseen_) throw Fault(Fault::Kind::refused, "a person used the browser; view the page again");
    } else {
      chromium.click(placeOf(chromium, aim, stopped), stopped);
    }
    const auto kind = textMember(chromium.inPage("ready(" + std::to_string(index) + ")", stopped), "kind");
    if (kind == "file") {
      if (!aim.index) throw Fault(Fault::Kind::refused, "a field for files needs its index");
      std::vector<std::string> paths;
      for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (end > at) paths.push_back(findFile(std::string_view(text).substr(at, end - at)));
        at = end + 1;
      }
      if (paths.empty())
        throw Fault(Fault::Kind::refused, "the field takes files: the text has their paths, one a line");
      chromium.giveFiles(index, paths, stopped);
    } else if (kind == "value") {
      chromium.inPage("assign(" + std::to_string(index) + "," + json::quoted(text) + ")", stopped);
    } else if (text.empty()) {
      chromium.press(*keyOf("Delete"), stopped);
    } else {
      chromium.insertText(text, stopped);
    }
    if (enter && kind != "file") chromium.press(*keyOf("Enter"), stopped);
    chromium.settle(stopped);
  });
}

void Browser::moveMouse(Point at, const Stopped& stopped) {
  use(After::fail, stopped, [&](Chromium& chromium) {
    chromium.moveMouse(at, stopped);
    chromium.settle(stopped);
  });
}

void Browser::press(const Key& key, const Stopped& stopped) {
  use(After::fail, stopped, [&](Chromium& chromium) {
    chromium.press(key, stopped);
    chromium.settle(stopped);
    askFiles(chromium, stopped);
  });
}

std::string Browser::choose(std::int64_t index, std::int64_t option, const Stopped& stopped) {
  return use(After::fail, stopped, [&](Chromium& chromium) {
    if (unseen_) throw Fault(Fault::Kind::refused, "a person used the browser; view the page again");
    const auto chosen =
        chromium.inPage("choose(" + std::to_string(index) + "," + std::to_string(option) + ")", stopped);
    chromium.settle(stopped);
    return cleanText(textMember(chosen, "chosen"));
  });
}

View Browser::scroll(bool down, bool toEnd, const Stopped& stopped) {
  return use(After::fail, stopped, [&](Chromium& chromium) {
    const auto rest =
        chromium.inPage(std::string("scroll(") + (down ? "true," : "false,") + (toEnd ? "true)" : "false)"), stopped);
    chromium.settle(stopped);
    View out;
    out.above = integerMember(rest, "above");
    out.below = integerMember(rest, "below");
    return out;
  });
}

std::string Browser::execute(const std::string& javascript, const Stopped& stopped) {
  return use(After::fail, stopped, [&](Chromium& chromium) {
    auto value = chromium.evaluate(javascript, kValueCharacters, stopped);
    chromium.settle(stopped);
    askFiles(chromium, stopped);
    return value;
  });
}

std::vector<std::string> Browser::console(std::size_t most, const Stopped& stopped) {
  return use(After::again, stopped,
             [&](Chromium& chromium) { return chromium.tabs().consoleOf(chromium.tabs().current().target, most); });
}

std::string Browser::screenshot(std::size_t most, const Stopped& stopped) {
  std::unique_lock calls(calls_, std::defer_lock);
  if (!awaitCall(calls, stopped)) return {};
  {
    const std::lock_guard lock(mutex_);
    if (!persons_.empty()) return {};  // what a person does there is not the agent's to see
  }
  const auto chromium = current();
  if (!chromium || !chromium->isOpen()) return {};
  try {
    return chromium->screenshot(most, stopped);
  } catch (const std::exception&) {
    return {};  // the call is told of by itself; its picture is an extra
  }
}

std::vector<std::string> Browser::takeNotes(const std::string& before) {
  const auto chromium = current();
  if (!chromium) return {};
  auto notes = chromium->tabs().takeNotes();
  const auto now = chromium->tabs().current().url;
  if (now != before) notes.push_back("The page is now " + now + " .");
  return notes;
}

std::string Browser::address() {
  const auto chromium = current();
  return chromium ? chromium->tabs().current().url : std::string();
}

void Browser::showOn(const std::string& display, const Stopped& stopped) {
  if (options_.served) return;  // it shows itself
  const std::lock_guard calls(calls_);
  const auto chromium = current();
  const bool runs = chromium && chromium->isOpen();
  if (runs && display_ == display) return;
  display_ = display;
  if (display.empty() && !runs) return;  // it starts when it is needed
  std::vector<std::string> addresses;
  if (chromium) {
    for (const auto& tab : chromium->tabs().all()) {
      if (!tab.crashed) addresses.push_back(tab.url);
    }
  }
  try {
    start(addresses, stopped);
  } catch (const Fault& fault) {
    throw problemOf(fault);
  }
}

void Browser::personTakes(std::string_view who) {
  const std::lock_guard lock(mutex_);
  persons_.emplace(who);
  personWas_ = true;
  if (chromium_) chromium_->tabs().leaveDialogs(true);
}

void Browser::personGives(std::string_view who) {
  const std::lock_guard lock(mutex_);
  if (const auto entry = persons_.find(who); entry != persons_.end()) persons_.erase(entry);
  if (!persons_.empty()) return;
  if (chromium_) chromium_->tabs().leaveDialogs(false);
  changed_.notify_all();
}

bool Browser::isHeld() const {
  const std::lock_guard lock(mutex_);
  return !persons_.empty();
}

}  // namespace agent::browser
