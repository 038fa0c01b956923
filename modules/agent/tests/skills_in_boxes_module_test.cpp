// Skills whose tools are programs, in real boxes: their files come into the box, and what the model says reaches the program as
// one argument.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sessions_testing.hpp"

namespace agent {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSkill = R"(---
name: Counter
description: Counts the words of a text
tools:
  - name: count
    description: Count words
    parameters: { text: { type: string } }
    required: [text]
    entry: { command: sh scripts/count.sh }
  - name: fail
    description: Fail
    entry: { command: sh -c 'echo before; exit 3' }
  - name: elsewhere
    description: Runs where nothing is
    entry: { command: pwd, exec_dir: /home/ubuntu/nowhere }
  - name: home
    description: Runs in a directory of its own
    entry: { command: "pwd #", exec_dir: /home/ubuntu }
---
Count words with scripts/count.sh.
)";

class SkillsInBoxes : public SessionsInBoxes {
 protected:
  void beginWithSkill() {
    std::filesystem::create_directories(source() + "/scripts");
    write("SKILL.md", kSkill);
    write("words.txt", "one\n");
    write("scripts/count.sh", "echo \"got $1\"; echo \"of $#\"; echo \"in $(pwd) as $(id -un)\"; cat words.txt\n");
    user_.reset();
    harness_ = std::make_unique<ModuleHarness>(std::vector<std::string>{"agent", "files", "skills"},
                                               options({{"agent.sandbox", "local"},
                                                        {"agent.sandbox_directory", directory_.path() + "/boxes"},
                                                        {"skills.root_dir", directory_.path() + "/skills"}},
                                                       false));
    user_ = std::make_unique<Client>(harness_->as(std::vector<std::string>{"agent.use"}));
    install();
  }
  std::string source() const { return directory_.path() + "/counter"; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(source() + "/" + name) << text; }
  void install() {
    const auto installed =
        harness_->admin().post("/api/v2/skills/install", R"({"source_type":"local","source_ref":")" + source() + "\"}");
    ASSERT_EQ(installed.status, 200) << installed.body;
    const auto read = parsed(installed.body);
    skill_ = read["data"]["id"].GetString();
  }
  // What the calls of the skill's tools gave, in their order.
  std::vector<std::string> results(const std::string& id, std::vector<std::string> calls) const {
    calls.insert(calls.begin(), kPlan);
    for (const auto& after : {kStepDone, kNoMoreSteps, kSummary}) calls.push_back(after);
    model_->script(script(calls));
    std::vector<std::string> out;
    for (const auto& event : say(id, "Count the words of this text")) {
      if (event.kind == "tool" && event.member("status") == "called") {
        EXPECT_EQ(event.member("name"), "skill");
        out.push_back(textOf(event.read()["content"]["skill_result"]));
      }
    }
    return out;
  }
  std::string fileOf(const std::string& id, const std::string& name) const {
    const auto read = parsed(
        user_->post(at(id, "file"), R"({"filepath":"/home/ubuntu/workspace/.skills/)" + skill_ + "/" + name + "\"}")
            .body);
    return read["data"].HasMember("content") ? read["data"]["content"].GetString() : "none";
  }

  std::string skill_;
};

TEST_F(SkillsInBoxes, RunWithTheirFiles) {
  beginWithSkill();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto count = call("skill_counter_count", R"({"text":"it's $(id) `id` \"x\" ; ls"})");
  const auto first = results(id, {count});
  const auto where = "/home/ubuntu/workspace/.skills/" + skill_;
  ASSERT_THAT(first, testing::SizeIs(1));
  EXPECT_EQ(first[0],
            R"("got {\"text\":\"it's $(id) `id` \\\"x\\\" ; ls\"}\nof 1\nin )" + where + R"( as ubuntu\none\n")");
  EXPECT_THAT(model_->questions(), HasSubstr("Count words with scripts/count.sh.")) << "the model is told of it";
  std::string parameters;
  const auto questions = parsed(model_->questions());
  for (const auto& tool : questions[1]["body"]["tools"].GetArray()) {
    if (tool["function"]["name"] == "skill_counter_count") parameters = textOf(tool["function"]["parameters"]);
  }
  EXPECT_EQ(parameters, R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})");

  const auto marker = parsed(fileOf(id, ".actus-sync.json"));
  EXPECT_EQ(marker["skill_id"].GetString(), skill_);
  EXPECT_EQ(marker["bundle_file_count"].GetInt(), 3);
  EXPECT_TRUE(marker.HasMember("synced_at"));
  const std::string version = marker["version"].GetString();

  // The same version is not brought again: what the box made of its files stays.
  const auto change = call("write_file", R"({"filepath":")" + where + R"(/words.txt","content":"changed\n"})");
  model_->script(script({kPlan, change, kStepDone, kNoMoreSteps, kSummary}));
  say(id, "Change it");
  EXPECT_THAT(results(id, {count})[0], HasSubstr("changed"));
  // Another version is.
  write("words.txt", "two\n");
  install();
  EXPECT_THAT(results(id, {count})[0], AllOf(HasSubstr("two"), Not(HasSubstr("changed"))));
  EXPECT_NE(parsed(fileOf(id, ".actus-sync.json"))["version"].GetString(), version);
}

TEST_F(SkillsInBoxes, SayHowTheirProgramsEnded) {
  beginWithSkill();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto given = results(
      id, {call("skill_counter_fail", "{}"), call("skill_counter_elsewhere", "{}"), call("skill_counter_home", "{}")});
  ASSERT_THAT(given, testing::SizeIs(3));
  EXPECT_EQ(given[0], R"("before\n")");
  EXPECT_THAT(model_->questions(), HasSubstr("The command ended with 3."));
  EXPECT_THAT(given[1], HasSubstr("/home/ubuntu/nowhere: No such file or directory")) << "it runs nowhere else";
  EXPECT_EQ(given[2], R"("/home/ubuntu\n")");
}

}  // namespace
}  // namespace agent
