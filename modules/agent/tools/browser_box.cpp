#include "tools/browser_box.hpp"

#include <mortise/ascii.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "browser/browser.hpp"
#include "sandbox/box.hpp"
#include "tools/sandbox_problem.hpp"
#include "tools/tool_arguments.hpp"

namespace agent {
namespace {

using browser::Aim;
using browser::Browser;
using browser::Point;
using mortise::Problem;
using mortise::models::Tool;
namespace json = mortise::json;

constexpr std::int64_t kDefaultLines = 100;
constexpr std::int64_t kMaxLines = 500;
// Characters of a picture in an event. Contract 3.6 lets it have 256 KiB; the larger they are, the sooner old ones have to
// make room in session_size.
constexpr std::size_t kPicture = 160U << 10U;
constexpr std::size_t kMaxPageText = 100000;
constexpr double kMaxCoordinate = 100000;

#define AIM                                                                                 \
  R"("index":{"type":"integer","description":"Index of the element, of the last view"},)"   \
  R"("coordinate_x":{"type":"number","description":"Pixels from the left of the window"},)" \
  R"("coordinate_y":{"type":"number","description":"Pixels from the top of the window"})"
#define URL R"({"type":"object","properties":{"url":{"type":"string","description":"Address"}},"required":["url"]})"

const std::vector<Tool>& declared() {
  static const std::vector<Tool> kTools = {
      {"browser_view",
       "Look at the current page of the browser: what the window shows as Markdown, and the elements that can be used, "
       "as index:<tag>text</tag>.",
       R"({"type":"object","properties":{}})"},
      {"browser_navigate", "Open an address in the browser. Returns the elements that can be used.", URL},
      {"browser_restart", "Start the browser anew, without its pages, and open an address.", URL},
      {"browser_click", "Click an element of the page, by its index or by coordinates.",
       R"({"type":"object","properties":{)" AIM "}}"},
      {"browser_input",
       "Replace the text of a field, by its index or by coordinates. A field for files takes paths of the sandbox, one "
       "a line.",
       R"({"type":"object","properties":{"text":{"type":"string","description":"The text"},)"
       R"("press_enter":{"type":"boolean","description":"Whether to press Enter after it"},)" AIM
       R"(},"required":["text","press_enter"]})"},
      {"browser_move_mouse", "Move the mouse to a place of the window.",
       R"({"type":"object","properties":{)"
       R"("coordinate_x":{"type":"number","description":"Pixels from the left of the window"},)"
       R"("coordinate_y":{"type":"number","description":"Pixels from the top of the window"}},)"
       R"("required":["coordinate_x","coordinate_y"]})"},
      {"browser_press_key", "Press a key, or several together.",
       R"({"type":"object","properties":{"key":{"type":"string","description":"As Enter, Tab, ArrowUp, a, Control+Enter"}},)"
       R"("required":["key"]})"},
      {"browser_select_option", "Choose an option of a list (select).",
       R"({"type":"object","properties":{"index":{"type":"integer","description":"Index of the list, of the last view"},)"
       R"("option":{"type":"integer","description":"Number of the option, counted from 0"}},"required":["index","option"]})"},
      {"browser_scroll_up", "Scroll the page up by a window.",
       R"({"type":"object","properties":{"to_top":{"type":"boolean","description":"Whether to go to the top"}}})"},
      {"browser_scroll_down", "Scroll the page down by a window.",
       R"({"type":"object","properties":{"to_bottom":{"type":"boolean","description":"Whether to go to the bottom"}}})"},
      {"browser_console_exec", "Run JavaScript in the page and return the value of its last expression.",
       R"({"type":"object","properties":{"javascript":{"type":"string","description":"The script"}},)"
       R"("required":["javascript"]})"},
      {"browser_console_view", "Read what the page wrote to its console.",
       R"({"type":"object","properties":{"max_lines":{"type":"integer","description":"How many of the newest lines, 100 by default"}}})"}};
  return kTools;
}

#undef AIM
#undef URL

Problem argument(std::string reason) { return Problem(422, "browser_refused").with("reason", std::move(reason)); }

std::optional<Point> pointOf(const ToolArguments& arguments) {
  const auto x = arguments.number("coordinate_x");
  const auto y = arguments.number("coordinate_y");
  if (!x || !y) return std::nullopt;
  if (std::min(*x, *y) < 0 || std::max(*x, *y) > kMaxCoordinate)
    throw argument("the coordinates are outside of the window");
  return Point{*x, *y};
}

Aim aimOf(const ToolArguments& arguments) {
  // Coordinates that models add to an index are guesses.
  const auto index = arguments.integer("index");
  if (index) return {.index = index};
  return {.at = pointOf(arguments)};
}

std::string urlOf(const ToolArguments& arguments) {
  auto url = addressToOpen(arguments.text("url"));
  if (url.empty()) throw argument("only addresses with http, https, file or data are opened");
  return url;
}

std::string seen(const browser::View& view, bool content) {
  json::Object data;
  // The elements first: a long result is cut at its end for models.
  data.add("url", view.url).add("title", view.title).add("interactive_elements", json::list(view.elements));
  if (content) data.add("content", view.content);
  return data.add("pixels_above", view.above).add("pixels_below", view.below).build();
}

std::string scrolled(const browser::View& view) {
  return json::object({{"pixels_above", view.above}, {"pixels_below", view.below}});
}

std::string perform(std::string_view function, const ToolArguments& arguments, const ToolContext& context,
                    sandbox::Sandbox& box, Browser& browser) {
  const auto& stopped = context.stopped;
  if (function == "browser_view") return seen(browser.view(stopped), true);
  if (function == "browser_navigate") return seen(browser.navigate(urlOf(arguments), stopped), false);
  if (function == "browser_restart") return seen(browser.restart(urlOf(arguments), stopped), false);
  if (function == "browser_click") {
    browser.click(aimOf(arguments), stopped);
  } else if (function == "browser_input") {
    const auto text = arguments.text("text");
    if (text.size() > kMaxPageText) throw argument("the text is longer than 100000 bytes");
    browser.input(
        aimOf(arguments), text, arguments.boolean("press_enter"),
        [&](std::string_view path) {
          auto full = sandbox::pathInBox(path);
          if (!box.exists(full)) throw Problem(404, "file_missing").with("path", full);
          return full;
        },
        stopped);
  } else if (function == "browser_move_mouse") {
    const auto at = pointOf(arguments);
    if (!at) throw argument("coordinate_x and coordinate_y are numbers");
    browser.moveMouse(*at, stopped);
  } else if (function == "browser_press_key") {
    const auto key = browser::keyOf(arguments.text("key"));
    if (!key) throw argument("there is no key " + arguments.text("key"));
    browser.press(*key, stopped);
  } else if (function == "browser_select_option") {
    const auto index = arguments.integer("index");
    const auto option = arguments.integer("option");
    if (!index || !option) throw argument("index and option are numbers");
    return json::object({{"chosen", browser.choose(*index, *option, stopped)}});
  } else if (function == "browser_scroll_up") {
    return scrolled(browser.scroll(false, arguments.boolean("to_top"), stopped));
  } else if (function == "browser_scroll_down") {
    return scrolled(browser.scroll(true, arguments.boolean("to_bottom"), stopped));
  } else if (function == "browser_console_exec") {
    const auto script = arguments.text("javascript");
    if (script.size() > kMaxPageText) throw argument("the script is longer than 100000 bytes");
    return json::object({{"result", browser.execute(script, stopped)}});
  } else {
    const auto lines = std::clamp<std::int64_t>(arguments.integer("max_lines").value_or(kDefaultLines), 1, kMaxLines);
    return json::object({{"logs", json::list(browser.console(static_cast<std::size_t>(lines), stopped))}});
  }
  return "null";
}

}  // namespace

std::string addressToOpen(std::string_view written) {
  while (!written.empty() && static_cast<unsigned char>(written.front()) <= ' ') written.remove_prefix(1);
  while (!written.empty() && static_cast<unsigned char>(written.back()) <= ' ') written.remove_suffix(1);
  if (written.empty()) return {};
  const auto lower = mortise::asciiLowerCase(written);
  if (lower == "about:blank") return lower;
  for (const auto* scheme : {"http://", "https://", "file:///", "data:"}) {
    if (lower.starts_with(scheme)) return std::string(written);
  }
  // A port looks like a scheme: localhost:8000.
  const auto name = lower.substr(0, lower.find_first_of(":/?#"));
  const auto after = lower.substr(name.size());
  const bool port = after.size() > 1 && after[0] == ':' && after[1] >= '0' && after[1] <= '9';
  if (name.empty() || (after.starts_with(":") && !port)) return {};
  const bool isLocal = name == "localhost" || name.find_first_not_of("0123456789.") == std::string::npos;
  return (isLocal ? "http://" : "https://") + std::string(written);
}

std::vector<Tool> BrowserBox::tools() { return declared(); }

ToolResult BrowserBox::call(std::string_view function, std::string_view text, const ToolContext& context) {
  const ToolArguments arguments(text);
  ToolResult result;
  std::shared_ptr<sandbox::Sandbox> box;
  std::shared_ptr<Browser> browser;
  std::string before;
  try {
    box = driver_.open(context.sessionId);
    browser = box->browser();
    if (!browser) return failure("The sandbox has no browser");
    box->touch();
    if (opened_) opened_(context.sessionId);
    before = browser->address();
    result.data = perform(function, arguments, context, *box, *browser);
  } catch (const Problem& problem) {
    result = failure(wordsFor(problem));
  }
  if (!browser) return result;
  // A view tells its address by itself.
  if (function == "browser_view" || function == "browser_navigate" || function == "browser_restart")
    before = browser->address();
  for (const auto& note : browser->takeNotes(before)) result.message += (result.message.empty() ? "" : "\n") + note;
  const auto picture = browser->screenshot(kPicture, context.stopped);
  if (!picture.empty()) result.content = json::object({{"screenshot", "data:image/png;base64," + picture}});
  return result;
}

bool BrowserBox::mayRepeat(std::string_view function) const {
  return function == "browser_view" || function == "browser_navigate" || function == "browser_console_view";
}

std::unique_ptr<ToolBox> BrowserBoxMaker::make(const TaskFacts& task) {
  return task.hasBox && task.hasBrowser ? std::make_unique<BrowserBox>(driver_, opened_) : nullptr;
}

}  // namespace agent
