#include "browser/chromium.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <thread>
#include <utility>

#include "browser/page_script.hpp"
#include "json_text.hpp"

namespace agent::browser {
namespace {

using namespace std::chrono_literals;
using mortise::models::objectMember;
using rapidjson::Document;
using rapidjson::Value;
namespace json = mortise::json;

constexpr auto kStartLimit = 20s;
constexpr auto kNavigateLimit = 30s;
constexpr auto kLoadLimit = 8s;  // after that the page is used as far as it is there
constexpr auto kWindowLimit = 2s;
constexpr auto kScriptLimit = 10s;
constexpr auto kSecondLimit = 4s;  // for a page whose script was just stopped
constexpr auto kInputLimit = 10s;
constexpr auto kScreenshotLimit = 6s;
constexpr auto kAliveLimit = 1s;
constexpr auto kDownloadLimit = 5s;
constexpr auto kQuitLimit = 2s;
constexpr auto kMoment = 20ms;
constexpr std::array kScales{1.0, 0.7, 0.5, 0.35, 0.25};

Fault refused(const std::string& why) { return {Fault::Kind::refused, why}; }

// Whether a browser's answer is a PNG in base64 and nothing else: it goes into an address that people open.
bool isPng(std::string_view base64) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  return base64.starts_with("iVBORw0KGgo") && base64.find_first_not_of(kAlphabet) == std::string_view::npos;
}

double numberMember(const Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsNumber() ? member->GetDouble() : 0;
}

}  // namespace

Chromium::Chromium(sandbox::Fd fromBrowser, sandbox::Fd toBrowser, const Options& options, const Stopped& stopped)
    : tabs_([this](std::string_view session, std::string_view method,
                   const std::string& params) { client_.send(session, method, params); },
            options.downloadBytes, options.served),
      client_(std::move(fromBrowser), std::move(toBrowser),
              [this](std::string_view session, std::string_view method, const Value& params) {
                tabs_.onEvent(session, method, params);
              }) {
  client_.call({.method = "Browser.getVersion", .limit = kStartLimit}, stopped);
  client_.call(
      {.method = "Browser.setDownloadBehavior",
       .params =
           json::object({{"behavior", "allow"}, {"downloadPath", options.downloads}, {"eventsEnabled", true}}).text()},
      stopped);
  client_.call({.method = "Target.setAutoAttach",
                .params = R"({"autoAttach":true,"waitForDebuggerOnStart":true,"flatten":true,)"
                          R"("filter":[{"type":"page"},{"exclude":true}]})"},
               stopped);
  page(stopped);
  if (options.served) followPerson(stopped);
}

void Chromium::quit() {
  client_.send("", "Browser.close");
  waitUntil([this] { return !client_.isOpen(); }, kQuitLimit, {});
}

bool Chromium::waitUntil(const std::function<bool()>& done, std::chrono::milliseconds limit,
                         const Stopped& stopped) const {
  const auto deadline = Clock::now() + limit;
  while (!done()) {
    if (stopped && stopped()) throw Fault(Fault::Kind::stopped, "stopped");
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kMoment);
  }
  return true;
}

// The current tab; a new one where all were closed.
TabState Chromium::page(const Stopped& stopped) {
  auto tab = tabs_.current();
  if (!tab.target.empty()) return tab;
  openTab("about:blank", stopped);
  return tabs_.current();
}

void Chromium::openTab(const std::string& url, const Stopped& stopped) {
  const auto answer =
      client_.call({.method = "Target.createTarget", .params = json::object({{"url", url}}).text()}, stopped);
  const auto target = textMember(answer, "targetId");
  const bool there =
      waitUntil([&] { return !client_.isOpen() || !tabs_.find(target).target.empty(); }, kInputLimit, stopped);
  if (!client_.isOpen()) throw Fault(Fault::Kind::closed, "the browser has gone");
  if (!there) throw Fault(Fault::Kind::late, "the browser opened no tab");
}

void Chromium::closePages(const Stopped& stopped) {
  const auto before = tabs_.all();
  openTab("about:blank", stopped);
  for (const auto& tab : before)
    client_.send("", "Target.closeTarget", json::object({{"targetId", tab.target}}).text());
  const auto closed = [&] {
    return !client_.isOpen() || std::none_of(before.begin(), before.end(), [&](const TabState& tab) {
      return !tabs_.find(tab.target).target.empty();
    });
  };
  if (!waitUntil(closed, kInputLimit, stopped)) throw Fault(Fault::Kind::late, "a page could not be closed");
}

// A call of a tab that ends early when the tab crashes or is closed.
Document Chromium::call(const TabState& tab, std::string_view method, const std::string& params,
                        std::chrono::milliseconds limit, const Stopped& stopped) {
  if (tab.crashed && method != "Page.navigate")
    throw refused("the page has crashed; navigate to an address, or view another page");
  std::string lost;
  const auto ends = [&] {
    if (stopped && stopped()) return true;
    const auto now = tabs_.find(tab.target);
    if (now.target.empty()) {
      lost = "the window was closed";
    } else if (now.crashed && !tab.crashed) {
      lost = "the page crashed";
    }
    return !lost.empty();
  };
  try {
    return client_.call({tab.session, method, params, limit}, ends);
  } catch (const Fault& fault) {
    if (fault.kind() == Fault::Kind::stopped && !lost.empty()) throw refused(lost);
    throw;
  }
}

// ---- scripts --------------------------------------------------------------------------------------------------------

std::int64_t Chromium::world(const TabState& tab, std::chrono::milliseconds limit, const Stopped& stopped) {
  const auto answer = call(tab, "Page.createIsolatedWorld",
                           json::object({{"frameId", tab.target}, {"worldName", "agent"}}).text(), limit, stopped);
  return integerMember(answer, "executionContextId");
}

Document Chromium::scriptValue(const TabState& tab, const std::string& script, std::chrono::milliseconds limit,
                               const Stopped& stopped) {
  const auto context = world(tab, limit, stopped);
  const auto answer = call(tab, "Runtime.evaluate",
                           json::object({{"expression", std::string(kPageScript) + "." + script},
                                         {"contextId", context},
                                         {"returnByValue", true},
                                         {"timeout", std::chrono::milliseconds(limit).count()}})
                               .text(),
                           limit, stopped);
  if (const auto* details = objectMember(answer, "exceptionDetails")) throw refused(exceptionText(*details));
  Document out;
  out.SetObject();
  const auto* result = objectMember(answer, "result");
  const auto* value = result != nullptr ? objectMember(*result, "value") : nullptr;
  if (value == nullptr) throw refused("the page gave no answer");
  out.CopyFrom(*value, out.GetAllocator());
  const auto fault = textMember(out, "fault");
  if (!fault.empty()) throw refused(fault);
  return out;
}

Document Chromium::inPage(const std::string& script, const Stopped& stopped) {
  const auto tab = page(stopped);
  try {
    return scriptValue(tab, script, kScriptLimit, stopped);
  } catch (const Fault& fault) {
    if (fault.kind() != Fault::Kind::late) throw;
  }
  wakeUp(tab, stopped);
  return scriptValue(tab, script, kSecondLimit, stopped);
}

bool Chromium::answers(const TabState& tab, std::chrono::milliseconds limit, const Stopped& stopped) {
  try {
    call(tab, "Runtime.evaluate", R"({"expression":"1"})", limit, stopped);
    return true;
  } catch (const Fault& fault) {
    if (fault.kind() != Fault::Kind::late) throw;
    return false;
  }
}

// Stops the script that keeps a page from answering. A page that still does not answer is ended.
void Chromium::wakeUp(const TabState& tab, const Stopped& stopped) {
  client_.send(tab.session, "Runtime.terminateExecution");
  if (answers(tab, kSecondLimit, stopped)) {
    tabs_.note("The page did not answer; its script was stopped.");
    return;
  }
  endPage(tab, stopped);
  throw refused("the page did not answer and was ended; navigate to an address");
}

void Chromium::endPage(const TabState& tab, const Stopped& stopped) {
  client_.send(tab.session, "Page.crash");
  const auto crashed = [&] { return tabs_.find(tab.target).crashed || !client_.isOpen(); };
  if (waitUntil(crashed, kAliveLimit, stopped)) return;
  // Where another page keeps the process busy, only the window can go.
  client_.send("", "Target.closeTarget", json::object({{"targetId", tab.target}}).text());
  const auto closed = [&] { return tabs_.find(tab.target).target.empty() || !client_.isOpen(); };
  if (waitUntil(closed, kSecondLimit, stopped)) return;
  // Not even that: pages can keep the browser itself busy. It ends, and starts again without this page.
  rapidjson::Document nothing;
  nothing.SetObject();
  tabs_.onEvent(tab.session, "Inspector.targetCrashed", nothing);
  client_.close("a page kept the browser from answering");
}

std::string Chromium::evaluate(std::string_view javascript, std::size_t most, const Stopped& stopped) {
  const auto tab = page(stopped);
  Document answer;
  try {
    answer = call(tab, "Runtime.evaluate",
                  json::object({{"expression", javascript},
                                {"awaitPromise", true},
                                {"replMode", true},
                                {"userGesture", true},
                                {"generatePreview", true},
                                {"objectGroup", "agent"},
                                {"timeout", std::chrono::milliseconds(kScriptLimit).count()}})
                      .text(),
                  kScriptLimit + 1s, stopped);
  } catch (const Fault& fault) {
    const std::string_view why = fault.what();
    const bool ended = why == "Internal error" || why == "Execution was terminated";
    if (fault.kind() != Fault::Kind::late && !ended) throw;
    if (!answers(tab, kAliveLimit, stopped)) wakeUp(tab, stopped);
    throw refused("the script did not end in time");
  }
  if (const auto* details = objectMember(answer, "exceptionDetails")) throw refused(exceptionText(*details));
  const auto* result = objectMember(answer, "result");
  if (result == nullptr) return {};
  auto text = valueText(*result);
  // An object is worth more as JSON, where it has such a form.
  if (const auto object = textMember(*result, "objectId"); !object.empty() && textMember(*result, "type") == "object") {
    try {
      const auto written =
          call(tab, "Runtime.callFunctionOn",
               json::object({{"objectId", object},
                             {"functionDeclaration",
                              "function(most) { const text = this instanceof Node || this instanceof "
                              "Error ? '' : JSON.stringify(this); return text ? text.slice(0, most) : ''; }"},
                             {"arguments", json::list({json::object({{"value", most}})})},
                             {"returnByValue", true}})
                   .text(),
               kSecondLimit, stopped);
      const auto* value = objectMember(written, "result");
      const auto json = value != nullptr ? textMember(*value, "value") : std::string();
      if (!json.empty() && json != "{}") text = json;
    } catch (const Fault& fault) {
      if (fault.kind() == Fault::Kind::late) wakeUp(tab, stopped);
      if (fault.kind() != Fault::Kind::refused) throw;
    }
  }
  client_.send(tab.session, "Runtime.releaseObjectGroup", R"({"objectGroup":"agent"})");
  text = cleanText(text);
  return mortise::characterCount(text) > most ? mortise::firstCharacters(text, most) + "…" : text;
}

// ---- files ----------------------------------------------------------------------------------------------------------

std::string Chromium::elementObject(const TabState& tab, std::int64_t index, const Stopped& stopped) {
  const auto context = world(tab, kScriptLimit, stopped);
  const auto answer =
      call(tab, "Runtime.evaluate",
           json::object({{"expression", std::string(kPageScript) + ".element(" + std::to_string(index) + ")"},
                         {"contextId", context}})
               .text(),
           kScriptLimit, stopped);
  const auto* result = objectMember(answer, "result");
  auto object = result != nullptr ? textMember(*result, "objectId") : std::string();
  if (object.empty()) throw refused("there is no element with this index; view the page again");
  return object;
}

void Chromium::giveFiles(std::int64_t index, const std::vector<std::string>& paths, const Stopped& stopped) {
  const auto tab = page(stopped);
  const auto object = elementObject(tab, index, stopped);
  call(tab, "DOM.setFileInputFiles", json::object({{"files", json::list(paths)}, {"objectId", object}}).text(),
       kInputLimit, stopped);
}

std::int64_t Chromium::adoptFileField(const Stopped& stopped) {
  const auto node = tabs_.takeFileField();
  if (node == 0) return -1;
  const auto tab = page(stopped);
  const auto context = world(tab, kScriptLimit, stopped);
  const auto resolved =
      call(tab, "DOM.resolveNode", json::object({{"backendNodeId", node}, {"executionContextId", context}}).text(),
           kScriptLimit, stopped);
  const auto* object = objectMember(resolved, "object");
  if (object == nullptr) return -1;
  const auto answer = call(tab, "Runtime.callFunctionOn",
                           json::object({{"objectId", textMember(*object, "objectId")},
                                         {"functionDeclaration", "function() { return agentPage.adopt(this).index; }"},
                                         {"returnByValue", true}})
                               .text(),
                           kScriptLimit, stopped);
  const auto* result = objectMember(answer, "result");
  const auto* value = result != nullptr ? memberOf(*result, "value") : nullptr;
  return value != nullptr && value->IsInt64() ? value->GetInt64() : -1;
}

// ---- pages ----------------------------------------------------------------------------------------------------------

void Chromium::navigate(const std::string& url, const Stopped& stopped) {
  auto tab = page(stopped);
  // A page that keeps its process busy would keep the next one from coming.
  if (!tab.crashed && !answers(tab, kAliveLimit, stopped)) {
    client_.send(tab.session, "Runtime.terminateExecution");
    if (!answers(tab, kAliveLimit, stopped)) {
      endPage(tab, stopped);
      tab = page(stopped);
    }
  }
  const auto answer = call(tab, "Page.navigate", json::object({{"url", url}}).text(), kNavigateLimit, stopped);
  const auto error = textMember(answer, "errorText");
  if (!error.empty()) {
    // A download, after which the page stays, or a crash; both may be told a moment later.
    bool begun = boolMember(answer, "isDownload");
    const auto told = [&] {
      begun = begun || tabs_.downloads();
      return begun || tabs_.find(tab.target).crashed || !client_.isOpen();
    };
    if (error == "net::ERR_ABORTED") waitUntil(told, kAliveLimit, stopped);
    if (tabs_.find(tab.target).crashed) throw refused("the page crashed");
    if (!begun) throw refused("the address can't be opened: " + error);
  }
  settle(stopped);
}

void Chromium::settle(const Stopped& stopped) {
  const auto tab = page(stopped);
  if (!tab.crashed) {
    try {
      call(
          tab, "Runtime.evaluate",
          R"json({"expression":"new Promise(done => setTimeout(done, 60))","awaitPromise":true,"returnByValue":true})json",
          kAliveLimit, stopped);
    } catch (const Fault& fault) {
      // The page may have gone to another one, or be busy: what follows finds out.
      if (fault.kind() == Fault::Kind::stopped || fault.kind() == Fault::Kind::closed) throw;
    }
  }
  // A window that was opened just now has no address yet.
  waitUntil([&] { return !client_.isOpen() || !tabs_.current().url.empty(); }, kWindowLimit, stopped);
  const bool loaded = waitUntil([&] { return !client_.isOpen() || !tabs_.current().loading; }, kLoadLimit, stopped);
  if (!loaded) tabs_.note("The page is still loading.");
  if (tabs_.downloads() && !waitUntil([&] { return !client_.isOpen() || !tabs_.downloads(); }, kDownloadLimit, stopped))
    tabs_.note("A download goes on.");
}

void Chromium::followPerson(const Stopped& stopped) {
  for (const auto& tab : tabs_.all()) {
    if (tab.crashed) continue;
    try {
      const auto answer = call(
          tab, "Runtime.evaluate",
          R"json({"expression":"document.visibilityState === 'visible' && document.hasFocus()","returnByValue":true})json",
          kAliveLimit, stopped);
      const auto* result = objectMember(answer, "result");
      if (result != nullptr && boolMember(*result, "value")) tabs_.choose(tab.target);
    } catch (const Fault& fault) {
      if (fault.kind() == Fault::Kind::stopped || fault.kind() == Fault::Kind::closed) throw;
    }
  }
}

std::string Chromium::screenshot(std::size_t most, const Stopped& stopped) {
  const auto tab = page(stopped);
  const auto metrics = call(tab, "Page.getLayoutMetrics", "{}", kScreenshotLimit, stopped);
  const auto* view = objectMember(metrics, "cssVisualViewport");
  if (view == nullptr) return {};
  for (const double scale : kScales) {
    const auto answer = call(tab, "Page.captureScreenshot",
                             json::object({{"format", "png"},
                                           {"clip", json::object({{"x", numberMember(*view, "pageX")},
                                                                  {"y", numberMember(*view, "pageY")},
                                                                  {"width", numberMember(*view, "clientWidth")},
                                                                  {"height", numberMember(*view, "clientHeight")},
                                                                  {"scale", scale}})}})
                                 .text(),
                             kScreenshotLimit, stopped);
    const auto image = mortise::models::textMember(answer, "data");
    if (image.size() <= most) return isPng(image) ? std::string(image) : std::string();
  }
  return {};
}

// ---- input ----------------------------------------------------------------------------------------------------------

void Chromium::mouse(std::string_view type, Point at, bool button, const Stopped& stopped) {
  json::Object event;
  event.add("type", type).add("x", at.x).add("y", at.y);
  if (button) event.add("button", "left").add("clickCount", 1);
  call(page(stopped), "Input.dispatchMouseEvent", event.build().text(), kInputLimit, stopped);
}

void Chromium::moveMouse(Point at, const Stopped& stopped) { mouse("mouseMoved", at, false, stopped); }

void Chromium::click(Point at, const Stopped& stopped) {
  const auto tab = page(stopped);
  try {
    mouse("mouseMoved", at, false, stopped);
    mouse("mousePressed", at, true, stopped);
    mouse("mouseReleased", at, true, stopped);
  } catch (const Fault& fault) {
    if (fault.kind() == Fault::Kind::late) wakeUp(tab, stopped);
    // A click may close the window that it was in.
    const bool closed = fault.kind() == Fault::Kind::refused && tabs_.find(tab.target).target.empty();
    if (fault.kind() != Fault::Kind::late && !closed) throw;
  }
}

void Chromium::insertText(std::string_view text, const Stopped& stopped) {
  const auto tab = page(stopped);
  try {
    call(tab, "Input.insertText", json::object({{"text", text}}).text(), kInputLimit, stopped);
  } catch (const Fault& fault) {
    if (fault.kind() != Fault::Kind::late) throw;
    wakeUp(tab, stopped);
  }
}

void Chromium::press(const Key& key, const Stopped& stopped) {
  const auto tab = page(stopped);
  json::Object event;
  event.add("key", key.name).add("code", key.code).add("windowsVirtualKeyCode", key.virtualCode);
  event.add("modifiers", key.modifiers);
  auto down = event;
  down.add("type", key.text.empty() ? "rawKeyDown" : "keyDown");
  if (!key.text.empty()) down.add("text", key.text).add("unmodifiedText", key.text);
  event.add("type", "keyUp");
  try {
    call(tab, "Input.dispatchKeyEvent", down.build().text(), kInputLimit, stopped);
    call(tab, "Input.dispatchKeyEvent", event.build().text(), kInputLimit, stopped);
  } catch (const Fault& fault) {
    if (fault.kind() == Fault::Kind::late) wakeUp(tab, stopped);
    const bool closed = fault.kind() == Fault::Kind::refused && tabs_.find(tab.target).target.empty();
    if (fault.kind() != Fault::Kind::late && !closed) throw;
  }
}

}  // namespace agent::browser
