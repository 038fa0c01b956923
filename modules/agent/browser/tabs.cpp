#include "browser/tabs.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace agent::browser {
namespace {

using mortise::models::objectMember;
using rapidjson::Value;
namespace json = mortise::json;

constexpr std::size_t kMaxNotes = 20;
constexpr std::size_t kNote = 500;  // characters
constexpr std::size_t kAddress = 4000;
constexpr std::size_t kId = 200;  // bytes of what a browser calls its targets, sessions and downloads

std::string shortText(std::string_view text, std::size_t most) {
  return cleanText(mortise::firstCharacters(text, most));
}

std::uint64_t countMember(const Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsNumber() && member->GetDouble() > 0 && member->GetDouble() < 1e18
             ? static_cast<std::uint64_t>(member->GetDouble())
             : 0;
}

}  // namespace

Tabs::At Tabs::byTarget(std::string_view target) {
  return std::find_if(tabs_.begin(), tabs_.end(), [&](const Tab& tab) { return tab.state.target == target; });
}

Tabs::At Tabs::bySession(std::string_view session) {
  return std::find_if(tabs_.begin(), tabs_.end(), [&](const Tab& tab) { return tab.state.session == session; });
}

void Tabs::beginCall() {
  const std::lock_guard lock(mutex_);
  opened_ = 0;
  storm_ = false;
  adopting_ = false;
  for (auto& tab : tabs_) {
    tab.dialogs = 0;
    tab.opened = false;
    tab.console.reset();
  }
}

TabState Tabs::stateOf(std::string_view target) const {
  for (const auto& tab : tabs_) {
    if (tab.state.target == target) return tab.state;
  }
  return {};
}

TabState Tabs::current() const {
  const std::lock_guard lock(mutex_);
  return stateOf(current_);
}

TabState Tabs::find(std::string_view target) const {
  const std::lock_guard lock(mutex_);
  return stateOf(target);
}

bool Tabs::choose(std::string_view target) {
  const std::lock_guard lock(mutex_);
  if (byTarget(target) == tabs_.end()) return false;
  current_ = target;
  return true;
}

std::vector<TabState> Tabs::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<TabState> out;
  for (const auto& tab : tabs_) out.push_back(tab.state);
  return out;
}

std::vector<std::string> Tabs::consoleOf(std::string_view target, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  for (const auto& tab : tabs_) {
    if (tab.state.target == target) return tab.console.newest(most);
  }
  return {};
}

std::vector<std::string> Tabs::takeNotes() {
  const std::lock_guard lock(mutex_);
  const auto taken = std::exchange(notes_, {});
  return {taken.begin(), taken.end()};
}

void Tabs::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  noteLocked(text);
}

void Tabs::noteLocked(const std::string& text) {
  if (!notes_.empty() && notes_.back() == text) return;
  notes_.push_back(shortText(text, kNote));
  if (notes_.size() > kMaxNotes) notes_.pop_front();
}

bool Tabs::downloads() const {
  const std::lock_guard lock(mutex_);
  return !downloads_.empty();
}

std::int64_t Tabs::takeFileField() {
  const std::lock_guard lock(mutex_);
  const auto tab = byTarget(current_);
  return tab == tabs_.end() ? 0 : std::exchange(tab->fileField, 0);
}

void Tabs::leaveDialogs(bool toPerson) {
  const std::lock_guard lock(mutex_);
  person_ = toPerson;
  if (toPerson) return;
  for (auto& tab : tabs_) {
    if (std::exchange(tab.dialogOpen, false))
      send_(tab.state.session, "Page.handleJavaScriptDialog", R"({"accept":true})");
  }
}

void Tabs::onEvent(std::string_view session, std::string_view method, const Value& params) {
  const std::lock_guard lock(mutex_);
  if (method == "Target.attachedToTarget") return attach(params);
  if (method == "Target.detachedFromTarget") {
    const auto tab = bySession(textMember(params, "sessionId"));
    if (tab != tabs_.end()) forget(tab);
    return;
  }
  if (method.starts_with("Browser.download")) return onDownload(method, params);
  const auto tab = bySession(session);
  if (tab != tabs_.end()) onPage(*tab, method, params);
}

void Tabs::attach(const Value& params) {
  const auto* info = objectMember(params, "targetInfo");
  if (info == nullptr) return;
  Tab tab;
  tab.state.session = textMember(params, "sessionId");
  tab.state.target = textMember(*info, "targetId");
  tab.state.url = shortText(textMember(*info, "url"), kAddress);
  tab.opener = textMember(*info, "openerId");
  if (std::max({tab.state.session.size(), tab.state.target.size(), tab.opener.size()}) > kId) return;
  if (textMember(*info, "type") != "page") {
    send_(tab.state.session, "Runtime.runIfWaitingForDebugger", "{}");
    return;
  }
  // It has not run yet. One that is closed here has to be let go first: it holds up the page that opened it.
  if (!tab.opener.empty() && !adopting_) {
    tab.opened = true;
    if (!person_ && (storm_ || ++opened_ > kMaxOpened)) {
      send_(tab.state.session, "Runtime.runIfWaitingForDebugger", "{}");
      send_("", "Target.closeTarget", json::object({{"targetId", tab.state.target}}).text());
      if (!std::exchange(storm_, true)) endStorm();
      return;
    }
  }
  admit(std::move(tab));
}

void Tabs::admit(Tab tab) {
  if (tabs_.size() >= kMaxTabs) closeOldest();
  const auto& session = tab.state.session;
  for (const auto* method : {"Page.enable", "Inspector.enable", "Runtime.enable", "Log.enable"})
    send_(session, method, "{}");
  send_(session, "Page.setInterceptFileChooserDialog", R"({"enabled":true})");
  send_(session, "Runtime.runIfWaitingForDebugger", "{}");
  if (!adopting_) send_(session, "Page.bringToFront", "{}");
  if (!tab.opener.empty() && !adopting_) noteLocked("A new window was opened and is now the current one.");
  current_ = tab.state.target;
  tabs_.push_back(std::move(tab));
}

// All windows that opened since the last call go; the one that they came from stays.
void Tabs::endStorm() {
  noteLocked("The page opened window after window; they were closed.");
  for (const auto& tab : tabs_) {
    if (tab.opened) send_("", "Target.closeTarget", json::object({{"targetId", tab.state.target}}).text());
  }
  for (auto tab = tabs_.begin(); tab != tabs_.end();) {
    if (!tab->opened) {
      ++tab;
      continue;
    }
    forget(tab);
    tab = tabs_.begin();
  }
}

void Tabs::closeOldest() {
  const auto oldest =
      std::find_if(tabs_.begin(), tabs_.end(), [&](const Tab& tab) { return tab.state.target != current_; });
  if (oldest == tabs_.end()) return;
  send_("", "Target.closeTarget", json::object({{"targetId", oldest->state.target}}).text());
  noteLocked("The oldest window was closed: there is no room for more than " + std::to_string(kMaxTabs) + ".");
  forget(oldest);
}

void Tabs::forget(At tab) {
  const auto opener = tab->opener;
  const bool wasCurrent = tab->state.target == current_;
  tabs_.erase(tab);
  if (!wasCurrent) return;
  const auto from = byTarget(opener);
  current_ = from != tabs_.end() ? from->state.target : tabs_.empty() ? std::string() : tabs_.back().state.target;
  if (const auto now = byTarget(current_); now != tabs_.end()) send_(now->state.session, "Page.bringToFront", "{}");
}

void Tabs::onPage(Tab& tab, std::string_view method, const Value& params) {
  if (method == "Page.javascriptDialogOpening") return onDialog(tab, params);
  if (method == "Page.javascriptDialogClosed") {
    tab.dialogOpen = false;
  } else if (method == "Page.frameNavigated") {
    const auto* frame = objectMember(params, "frame");
    if (frame == nullptr || memberOf(*frame, "parentId") != nullptr) return;
    tab.state.url = shortText(textMember(*frame, "url") + textMember(*frame, "urlFragment"), kAddress);
    tab.state.crashed = false;
    tab.fileField = 0;
    tab.console.clear();
    if (std::exchange(tab.quiet, false)) {
      send_(tab.state.session, "Runtime.enable", "{}");
      send_(tab.state.session, "Log.enable", "{}");
    }
  } else if (method == "Page.navigatedWithinDocument") {
    if (textMember(params, "frameId") == tab.state.target)
      tab.state.url = shortText(textMember(params, "url"), kAddress);
  } else if (method == "Page.frameStartedLoading" || method == "Page.frameStoppedLoading") {
    if (textMember(params, "frameId") == tab.state.target) tab.state.loading = method == "Page.frameStartedLoading";
  } else if (method == "Page.fileChooserOpened") {
    tab.fileField = integerMember(params, "backendNodeId");
  } else if (method == "Inspector.targetCrashed") {
    tab.state.crashed = true;
    tab.state.loading = false;
    noteLocked("The page crashed.");
  } else if (method == "Runtime.consoleAPICalled") {
    tab.console.addCall(params);
    onConsole(tab);
  } else if (method == "Runtime.exceptionThrown") {
    tab.console.addException(params);
    onConsole(tab);
  } else if (method == "Log.entryAdded") {
    tab.console.addEntry(params);
    onConsole(tab);
  }
}

void Tabs::onConsole(Tab& tab) {
  if (!tab.console.flooded() || std::exchange(tab.quiet, true)) return;
  tab.console.add("[error] The page wrote without end: it was stopped, and the rest of its console is not kept.");
  for (const auto* method : {"Runtime.terminateExecution", "Runtime.disable", "Log.disable"})
    send_(tab.state.session, method, "{}");
}

void Tabs::onDialog(Tab& tab, const Value& params) {
  tab.dialogOpen = true;
  if (person_) return;
  tab.dialogOpen = false;
  const auto type = textMember(params, "type");
  ++tab.dialogs;
  if (tab.dialogs == kMaxDialogs) noteLocked("The page opened dialog after dialog; its script was stopped.");
  if (tab.dialogs < kMaxDialogs && type != "beforeunload")
    noteLocked("A dialog of the page (" + type + ") was confirmed: " + textMember(params, "message"));
  // The order matters: the script is stopped when it goes on after the dialog.
  if (tab.dialogs >= kMaxDialogs) send_(tab.state.session, "Runtime.terminateExecution", "{}");
  // Stopping takes a moment, in which there are more of them.
  if (tab.dialogs >= 10 * kMaxDialogs) send_(tab.state.session, "Page.crash", "{}");
  json::Object answer;
  answer.add("accept", true);
  if (type == "prompt") answer.add("promptText", cleanText(textMember(params, "defaultPrompt")));
  send_(tab.state.session, "Page.handleJavaScriptDialog", answer.build().text());
}

void Tabs::onDownload(std::string_view method, const Value& params) {
  const auto guid = textMember(params, "guid");
  if (guid.size() > kId) return;
  if (method == "Browser.downloadWillBegin") {
    if (downloads_.size() < kMaxDownloads) {
      downloads_[guid].name = shortText(textMember(params, "suggestedFilename"), 200);
    } else {
      send_("", "Browser.cancelDownload", json::object({{"guid", guid}}).text());
    }
    return;
  }
  const auto entry = downloads_.find(guid);
  if (entry == downloads_.end()) return;
  auto& download = entry->second;
  const auto state = textMember(params, "state");
  download.received = std::max(countMember(params, "receivedBytes"), download.received);
  if (state == "completed") {
    auto path = textMember(params, "filePath");
    if (path.empty()) path = download.name;
    noteLocked("Downloaded: " + path + " (" + std::to_string(download.received) + " bytes).");
    downloads_.erase(entry);
    return;
  }
  if (state == "canceled") {
    if (!download.cancelled) noteLocked("The download of " + download.name + " failed.");
    downloads_.erase(entry);
    return;
  }
  std::uint64_t sum = 0;
  for (const auto& [id, each] : downloads_) sum += each.received;
  const auto total = countMember(params, "totalBytes");
  if (download.cancelled || (std::max(sum, total) <= downloadBytes_)) return;
  download.cancelled = true;
  noteLocked("The download of " + download.name + " was ended: it takes more than " + std::to_string(downloadBytes_) +
             " bytes.");
  send_("", "Browser.cancelDownload", json::object({{"guid", guid}}).text());
}

}  // namespace agent::browser
