// Names and arguments of tools, and where searches are asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conversations/running_task.hpp"
#include "json_text.hpp"
#include "loop/tool_attempts.hpp"
#include "sandbox/remote_driver.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers_testing.hpp"
#include "tools/file_box.hpp"
#include "tools/message_box.hpp"
#include "tools/search_box.hpp"
#include "tools/shell_box.hpp"
#include "tools/tool_registry.hpp"

namespace agent {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

class TwoFiles final : public ToolBox {
 public:
  std::string_view name() const override { return "file"; }
  std::vector<mortise::models::Tool> tools() override {
    return {
        {"read_file", "Reads",
         R"({"type":"object","properties":{"filepath":{"type":"string"},"start_line":{"type":"integer"}},"required":["filepath"]})"},
        {"open", "Anything", R"({"type":"object","properties":{},"additionalProperties":true})"}};
  }
  ToolResult call(std::string_view, std::string_view, const ToolContext&) override { return {}; }
  bool mayRepeat(std::string_view) const override { return true; }
};

ToolRegistry registry() {
  ToolBoxes boxes;
  boxes.push_back(std::make_unique<TwoFiles>());
  boxes.push_back(std::make_unique<MessageBox>());
  return ToolRegistry(std::move(boxes));
}

std::string arguments(std::string_view function, std::string_view given) {
  std::string missing;
  auto text = registry().argumentsFor(function, given, missing);
  return missing.empty() ? text : "missing " + missing;
}

TEST(ToolRegistry, FindsToolsByTheirNamesAndThoseOfOthers) {
  const auto all = registry();
  EXPECT_EQ(all.find("read_file").function, "read_file");
  EXPECT_EQ(all.find("file_read").function, "read_file");
  EXPECT_EQ(all.find("file_read").box->name(), "file");
  EXPECT_EQ(all.find("shell_exec").box, nullptr) << "the box is not there";
  EXPECT_EQ(all.find("nonsense").box, nullptr);
  for (const auto& [other, own] : {std::pair("file_write", "write_file"),
                                   {"file_str_replace", "replace_in_file"},
                                   {"file_find_in_content", "search_in_file"},
                                   {"file_find_by_name", "find_files"},
                                   {"file_list", "find_files"},
                                   {"shell_exec", "shell_execute"},
                                   {"shell_view", "shell_read_output"},
                                   {"shell_wait", "shell_wait_process"},
                                   {"shell_write_to_process", "shell_write_input"},
                                   {"info_search_web", "search_web"}})
    EXPECT_EQ(canonicalName(other), own);
}

TEST(ToolRegistry, DropsWhatAToolDoesNotDeclare) {
  EXPECT_EQ(arguments("read_file", R"({"filepath":"/a","mode":"x","start_line":3})"),
            R"({"filepath":"/a","start_line":3})");
  EXPECT_EQ(arguments("read_file", R"({"file":"/a"})"), R"({"filepath":"/a"})") << "what siblings call it";
  EXPECT_EQ(arguments("open", R"({"x":1})"), R"({"x":1})");
}

TEST(ToolRegistry, TakesArgumentsThatAreNoObjectForNone) {
  EXPECT_EQ(arguments("open", "nonsense"), "{}");
  EXPECT_EQ(arguments("open", "[1]"), "{}");
  EXPECT_EQ(arguments("open", "{'a': 1,"), R"({"a":1})") << "mended where it can be";
}

TEST(ToolRegistry, NamesWhatIsMissing) {
  EXPECT_EQ(arguments("read_file", "{}"), "missing filepath");
  EXPECT_EQ(arguments("read_file", R"({"filepath":null})"), "missing filepath");
}

TEST(ToolRegistry, ShowsResultsAsJson) {
  EXPECT_EQ(resultText({}), R"({"success":true,"message":null,"data":null})");
  EXPECT_EQ(resultText({false, "no", "[1]"}), R"({"success":false,"message":"no","data":[1]})");
}

// The tools that models are offered, with all their parameters; those that they have to give first.
TEST(Tools, AreThoseOfTheContract) {
  struct Row {
    std::string function;
    std::vector<std::string> required;
    std::vector<std::string> others;
  };
  const std::vector<Row> rows{
      {"read_file", {"filepath"}, {"start_line", "end_line", "sudo", "max_length"}},
      {"write_file", {"filepath", "content"}, {"append", "leading_newline", "trailing_newline", "sudo"}},
      {"replace_in_file", {"filepath", "old_str", "new_str"}, {"sudo"}},
      {"search_in_file", {"filepath", "regex"}, {"sudo"}},
      {"find_files", {"dir_path", "glob_pattern"}, {}},
      {"shell_execute", {"session_id", "exec_dir", "command"}, {}},
      {"shell_read_output", {"session_id"}, {}},
      {"shell_wait_process", {"session_id"}, {"seconds"}},
      {"shell_write_input", {"session_id", "input_text", "press_enter"}, {}},
      {"shell_kill_process", {"session_id"}, {}},
      {"search_web", {"query"}, {"date_range"}},
      {"message_notify_user", {"text"}, {}},
      {"message_ask_user", {"text"}, {"attachments", "suggest_user_takeover"}}};
  sandbox::RemoteDriver driver(mortise::peers::CurlExchange::client(), {"http://127.0.0.1:9"});
  std::vector<std::unique_ptr<ToolBox>> boxes;
  boxes.push_back(std::make_unique<FileBox>(driver));
  boxes.push_back(std::make_unique<ShellBox>(driver));
  const SearchOptions off;
  boxes.push_back(std::make_unique<SearchBox>(mortise::peers::CurlExchange::client(), quietLog(), off, 10));
  boxes.push_back(std::make_unique<MessageBox>());
  const std::vector<std::string> names{"file", "shell", "search", "message"};
  std::vector<std::string> offered;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_EQ(boxes[i]->name(), names[i]);
    for (const auto& tool : boxes[i]->tools()) {
      offered.push_back(tool.name);
      const auto row =
          std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.function == tool.name; });
      ASSERT_NE(row, rows.end()) << tool.name;
      rapidjson::Document schema;
      ASSERT_TRUE(parseJson(tool.parameters, schema)) << tool.parameters;
      std::vector<std::string> required, all;
      for (const auto& name : schema["required"].GetArray()) required.emplace_back(name.GetString());
      for (const auto& property : schema["properties"].GetObject()) all.emplace_back(property.name.GetString());
      EXPECT_THAT(required, UnorderedElementsAreArray(row->required)) << tool.name;
      auto expected = row->required;
      expected.insert(expected.end(), row->others.begin(), row->others.end());
      EXPECT_THAT(all, UnorderedElementsAreArray(expected)) << tool.name;
    }
  }
  EXPECT_EQ(offered.size(), rows.size());
  const auto schemaOf = [&](std::size_t box, std::size_t tool) { return boxes[box]->tools()[tool].parameters; };
  EXPECT_THAT(schemaOf(2, 0),
              HasSubstr(R"("enum":["all","past_hour","past_day","past_week","past_month","past_year"])"));
  EXPECT_THAT(schemaOf(3, 1), HasSubstr(R"("suggest_user_takeover":{"type":"string","enum":["none","browser"]})"));
  EXPECT_THAT(schemaOf(3, 1), HasSubstr(R"("anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}])"));
}

// Throws the first few times that it is called.
class Moody final : public ToolBox {
 public:
  Moody(int throws, bool mayRepeat) : throws_(throws), mayRepeat_(mayRepeat) {}
  std::string_view name() const override { return "moody"; }
  std::vector<mortise::models::Tool> tools() override { return {}; }
  ToolResult call(std::string_view, std::string_view, const ToolContext&) override {
    if (++calls < throws_ + 1) throw std::runtime_error("not today");
    return {.data = "1"};
  }
  bool mayRepeat(std::string_view) const override { return mayRepeat_; }
  int calls = 0;

 private:
  const int throws_;
  const bool mayRepeat_;
};

TEST(ToolAttempts, AreSoManyWhereCallsMayBeRepeated) {
  int told = 0, checked = 0;
  const ToolAttempts attempts{.most = 3,
                              .check = [&] { ++checked; },
                              .threw = [&](const std::exception&) { ++told; },
                              .pause = std::chrono::milliseconds(1)};
  Moody twice(2, true);
  EXPECT_EQ(callTool(twice, "f", "{}", {}, attempts).data, "1");
  EXPECT_EQ(twice.calls, 3);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(checked, 3) << "after each";
  Moody thrice(3, true);
  const auto failed = callTool(thrice, "f", "{}", {}, attempts);
  EXPECT_EQ(resultText(failed), R"({"success":false,"message":"The tool failed.","data":null})");
  EXPECT_EQ(thrice.calls, 3);
  Moody once(1, false);
  EXPECT_FALSE(callTool(once, "f", "{}", {}, attempts).success) << "it may have done something";
  EXPECT_EQ(once.calls, 1);
  EXPECT_EQ(ToolAttempts().pause, std::chrono::seconds(1));
}

TEST(ToolAttempts, EndWithTheTask) {
  const ToolAttempts attempts{.check = [] { throw TaskStopped(); }, .threw = [](const std::exception&) {}};
  Moody fine(0, true), bad(1, true);
  EXPECT_THROW(callTool(fine, "f", "{}", {}, attempts), TaskStopped);
  EXPECT_THROW(callTool(bad, "f", "{}", {}, attempts), TaskStopped);
}

TEST(SearchBox, AsksProvidersTheirWay) {
  SearchOptions options{SearchProvider::searxng, "http://search:8080/"};
  for (const std::string range : {"hour", "day", "week", "month", "year"})
    EXPECT_THAT(searchUrl(options, "x", "past_" + range, 5), EndsWith("&time_range=" + range));
  EXPECT_EQ(searchUrl(options, "a b&c", "past_week", 5),
            "http://search:8080/search?q=a%20b%26c&format=json&time_range=week");
  EXPECT_EQ(searchUrl(options, "x", "all", 5), "http://search:8080/search?q=x&format=json");
  options = {SearchProvider::json, "https://s/api?k=1"};
  EXPECT_EQ(searchUrl(options, "你", "past_day", 5), "https://s/api?k=1&q=%E4%BD%A0&time_range=day&count=5");
  options.url = "https://s/{count}/{query}?r={range}";
  EXPECT_EQ(searchUrl(options, "{range}", "past_day", 3), "https://s/3/%7Brange%7D?r=day");
}

}  // namespace
}  // namespace agent
