// The boxes of tools `file` and `shell` over real boxes: what the model gets, and what events show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidjson/document.h>

#include <string>

#include "boxes_testing.hpp"
#include "tools/file_box.hpp"
#include "tools/shell_box.hpp"

namespace agent {
namespace {

using testing::HasSubstr;

class SandboxTools : public sandbox::WithBoxes {
 protected:
  ToolResult call(ToolBox& tools, std::string_view function, std::string_view arguments) const {
    ToolContext context;
    context.sessionId = session;
    const auto result = tools.call(function, arguments, context);
    for (const auto* text : {&result.data, &result.content}) {
      rapidjson::Document document;
      EXPECT_FALSE(document.Parse(text->data(), text->size()).HasParseError()) << *text;
    }
    return result;
  }
};

TEST_F(SandboxTools, ReadAndWriteFiles) {
  FileBox tools(driver());
  auto result =
      call(tools, "write_file",
           R"({"filepath":"/home/ubuntu/x","content":"one\ntwo","leading_newline":true,"trailing_newline":true})");
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/x","bytes_written":9})");
  EXPECT_EQ(result.content, R"({"content":"\none\ntwo\n"})");
  result = call(tools, "write_file", R"({"filepath":"/home/ubuntu/x","content":"3","append":"true"})");
  EXPECT_EQ(result.content, R"({"content":"\none\ntwo\n3"})");
  result = call(tools, "read_file", R"({"filepath":"/home/ubuntu/x","start_line":1,"end_line":2})");
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/x","content":"one\n"})");
  EXPECT_EQ(result.message, "");
  result = call(tools, "read_file", R"({"filepath":"/home/ubuntu/x","max_length":3})");
  EXPECT_EQ(result.data, R"j({"filepath":"/home/ubuntu/x","content":"\non(truncated)"})j");
  EXPECT_THAT(result.message, HasSubstr("goes on"));
  result = call(tools, "replace_in_file", R"({"filepath":"/home/ubuntu/x","old_str":"o","new_str":"0"})");
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/x","replaced_count":2})");
  result = call(tools, "search_in_file", R"({"filepath":"/home/ubuntu/x","regex":"tw."})");
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/x","matches":["tw0"],"line_numbers":[2]})");
  result = call(tools, "find_files", R"({"dir_path":"/home/ubuntu","glob_pattern":"*"})");
  EXPECT_EQ(result.data, R"({"dir_path":"/home/ubuntu","files":["/home/ubuntu/x"]})");
  EXPECT_EQ(result.content, R"j({"content":"(No Content)"})j");
}

TEST_F(SandboxTools, ReadTenThousandCharactersUnlessTheyAreAskedForMore) {
  FileBox tools(driver());
  run("printf 'ü%.0s' $(seq 10001) > long");
  std::string most;
  for (int i = 0; i < 10000; ++i) most += "ü";
  auto result = call(tools, "read_file", R"({"filepath":"/home/ubuntu/long"})");
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/long","content":")" + most + R"j((truncated)"})j");
  EXPECT_EQ(result.content, R"({"content":")" + most + R"j((truncated)"})j");
  result = call(tools, "read_file", R"({"filepath":"/home/ubuntu/long","max_length":10001})");
  EXPECT_EQ(result.data, R"({"filepath":"/home/ubuntu/long","content":")" + most + "ü\"}");
  EXPECT_EQ(result.content, R"({"content":")" + most + R"j((truncated)"})j") << "an event has no more";
}

TEST_F(SandboxTools, SayWhatWentWrong) {
  FileBox tools(driver());
  auto result = call(tools, "read_file", R"({"filepath":"/home/ubuntu/nothing"})");
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.message, "There is no /home/ubuntu/nothing");
  EXPECT_EQ(result.data, "null");
  EXPECT_EQ(result.content, "null");
  EXPECT_THAT(call(tools, "write_file", R"({"filepath":"/usr/x","content":"x"})").message, HasSubstr("denied"));
  EXPECT_THAT(call(tools, "search_in_file", R"({"filepath":"/etc/passwd","regex":"("})").message, HasSubstr("regex"));
  EXPECT_FALSE(call(tools, "read_file", "[]").success) << "a directory: the home";
  EXPECT_FALSE(call(tools, "dance", "{}").success);
}

TEST_F(SandboxTools, RunCommands) {
  ShellBox tools(driver());
  auto result =
      call(tools, "shell_execute", R"({"session_id":"a","exec_dir":"/home/ubuntu","command":"echo hi; exit 2"})");
  EXPECT_EQ(result.data,
            R"({"session_id":"a","command":"echo hi; exit 2","status":"completed","returncode":2,"output":"hi\n"})");
  EXPECT_EQ(result.content,
            R"({"console":[{"ps1":"ubuntu@sandbox:~ $","command":"echo hi; exit 2","output":"hi\n"}]})");
  result = call(tools, "shell_read_output", R"({"session_id":"a"})");
  EXPECT_EQ(
      result.data,
      R"({"session_id":"a","output":"hi\n","console_records":[{"ps1":"ubuntu@sandbox:~ $","command":"echo hi; exit 2","output":"hi\n"}]})");
  result = call(tools, "shell_wait_process", R"({"session_id":"a","seconds":"1"})");
  EXPECT_EQ(result.data, R"({"returncode":2})");
  result = call(tools, "shell_kill_process", R"({"session_id":"a"})");
  EXPECT_EQ(result.data, R"({"status":"already_terminated","returncode":null})");
  result = call(tools, "shell_write_input", R"({"session_id":"a","input_text":"x","press_enter":true})");
  EXPECT_FALSE(result.success);
  result = call(tools, "shell_read_output", R"({"session_id":"b"})");
  EXPECT_EQ(result.message, "There is no shell session b; begin one with shell_execute");
  EXPECT_EQ(result.content, "null");
  EXPECT_EQ(call(tools, "shell_read_output", "{}").content, R"j({"console":"(No console)"})j");
}

TEST_F(SandboxTools, WorkWithCommandsThatGoOn) {
  ShellBox tools(driver());
  auto result = call(tools, "shell_execute",
                     R"({"session_id":"a","exec_dir":"/home/ubuntu","command":"read x; echo got $x; sleep 1000"})");
  EXPECT_EQ(result.data,
            R"({"session_id":"a","command":"read x; echo got $x; sleep 1000","status":"running","output":""})");
  result = call(tools, "shell_write_input", R"({"session_id":"a","input_text":"Ada","press_enter":true})");
  EXPECT_EQ(result.data, R"({"status":"success"})");
  result = call(tools, "shell_wait_process", R"({"session_id":"a","seconds":1})");
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.message, "The command still runs after 1 seconds");
  EXPECT_THAT(result.content, HasSubstr("got Ada"));
  // Nobody waits so long here: the call is stopped.
  ToolContext context;
  context.sessionId = session;
  context.stopped = [] { return true; };
  EXPECT_EQ(tools.call("shell_wait_process", R"({"session_id":"a"})", context).message,
            "The command still runs after 60 seconds");
  result = call(tools, "shell_kill_process", R"({"session_id":"a"})");
  EXPECT_EQ(result.data, R"({"status":"terminated","returncode":143})");
}

TEST(SandboxToolLists, AreValidSchemas) {
  struct NoDriver final : sandbox::Driver {
    std::vector<sandbox::Capability> capabilities() override { return {}; }
    std::shared_ptr<sandbox::Sandbox> open(std::string_view) override {
      throw mortise::Problem(503, "sandbox_unavailable").with("reason", "none");
    }
    std::shared_ptr<sandbox::Sandbox> openForProgram(std::string_view name) override { return open(name); }
    std::shared_ptr<sandbox::Sandbox> find(std::string_view) override { return nullptr; }
    void remove(std::string_view) override {}
    void sweep(const std::function<bool(std::string_view)>&) override {}
  } driver;
  FileBox files(driver);
  ShellBox shells(driver);
  EXPECT_EQ(files.tools().size(), 5U);
  EXPECT_EQ(shells.tools().size(), 5U);
  for (auto* box : std::initializer_list<ToolBox*>{&files, &shells}) {
    for (const auto& tool : box->tools()) {
      rapidjson::Document document;
      document.Parse(tool.parameters.data(), tool.parameters.size());
      ASSERT_FALSE(document.HasParseError()) << tool.name;
      for (const auto& required : document["required"].GetArray())
        EXPECT_TRUE(document["properties"].HasMember(required)) << tool.name;
    }
  }
  const auto result = files.call("read_file", R"({"filepath":"x"})", {});
  EXPECT_EQ(result.message, "The sandbox is not available: none");
  EXPECT_EQ(result.content, "null");
  EXPECT_TRUE(files.mayRepeat("read_file"));
  EXPECT_FALSE(files.mayRepeat("write_file"));
  EXPECT_FALSE(shells.mayRepeat("shell_execute"));
}

}  // namespace
}  // namespace agent
