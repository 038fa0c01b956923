// Names and arguments of tools, and where searches are asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tools/message_box.hpp"
#include "tools/search_box.hpp"
#include "tools/tool_registry.hpp"

namespace agent {
namespace {

class FileBox final : public ToolBox {
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
  boxes.push_back(std::make_unique<FileBox>());
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

TEST(SearchBox, AsksProvidersTheirWay) {
  SearchOptions options{SearchProvider::searxng, "http://search:8080/"};
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
