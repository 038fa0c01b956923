// What the messages of a session tell: a test for each rule.
#include "summaries/session_facts.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "archives/untrusted_json.hpp"

namespace session_sharing {
namespace {

using Texts = std::vector<std::string>;

void add(FactCollector& collector, std::string line) {
  rapidjson::Document message;
  ASSERT_TRUE(parseInPlace(line, message)) << line;
  collector.add(message);
}

SessionFacts factsOf(std::initializer_list<std::string> lines) {
  FactCollector collector;
  for (const auto& line : lines) add(collector, line);
  return collector.facts();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n' || c == '\t') {
      out += c == '\n' ? "\\n" : "\\t";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

std::string use(const std::string& name, const std::string& input, const std::string& id,
                const std::string& member = "tool_use_id") {
  return R"({"role":"assistant","content":[{"type":"text","text":"ok"},{"type":"tool_use",")" + member + R"(":")" + id +
         R"(","name":")" + name + R"(","input":)" + input + "}]}";
}
std::string result(const std::string& output, const std::string& id, const std::string& member = "tool_use_id") {
  return R"({"role":"user","content":[{"type":"tool_result",")" + member + R"(":")" + id + R"(","content":)" +
         quoted(output) + "}]}";
}
std::string command(const std::string& text, const std::string& id = "c") {
  return use("Bash", R"({"command":)" + quoted(text) + "}", id);
}
// What one command printed.
SessionFacts printed(const std::string& output) { return factsOf({command("make test"), result(output, "c")}); }

TEST(SessionFacts, CountEachCallOnce) {
  for (const char* member : {"tool_use_id", "id"}) {
    const auto facts = factsOf({use("Bash", R"({"command":"ls"})", "a", member), result("x", "a", member),
                                use("Read", "{}", "b", member), result("x", "b", member)});
    EXPECT_EQ(facts.toolCallCount, 2) << member;
    EXPECT_EQ(facts.commandsExecuted, 1) << member;
  }
  EXPECT_EQ(factsOf({use("Bash", R"({"command":"ls"})", "a"), use("Bash", R"({"command":"ls"})", "a"), result("x", "a"),
                     result("x", "a")})
                .toolCallCount,
            1);
  EXPECT_EQ(factsOf({use("Bash", R"({"command":"ls"})", "a")}).toolCallCount, 1) << "without a result";
  EXPECT_EQ(factsOf({result("x", "a")}).toolCallCount, 1) << "without its call";
  EXPECT_EQ(factsOf({use("Bash", R"({"command":"ls"})", ""), use("Bash", R"({"command":"ls"})", "")}).toolCallCount, 2)
      << "without an id";
}

TEST(SessionFacts, TakeMessagesOfToolsForResults) {
  const std::string call = command("make test");
  for (
      const char* message :
      {R"({"role":"tool","tool_use_id":"c","content":"3 passed"})",
       R"({"role":"tool","tool_use_id":"c","content":[{"type":"text","text":"3 passed"}]})",
       R"({"role":"tool","content":[{"type":"tool_result","tool_use_id":"c","content":"3 passed"}]})",
       R"({"role":"tool","tool_use_id":"c","content":[{"type":"tool_result","content":"3 passed"}]})",
       R"({"role":"tool","content":[{"type":"tool_result","id":"c","content":[{"type":"text","text":"3 passed"}]}]})"}) {
    const auto facts = factsOf({call, message});
    EXPECT_EQ(facts.toolCallCount, 1) << message;
    EXPECT_EQ(facts.testsPassed, 3) << message;
  }
}

TEST(SessionFacts, NameFilesThatWereModifiedAndRead) {
  const auto facts =
      factsOf({use("Write", R"({"file_path":"src/a.cpp"})", "1"), use("Edit", R"({"path":"src/b.cpp"})", "2"),
               use("Edit", R"({"file_path":"src/a.cpp"})", "3"), use("Read", R"({"file_path":"src/b.cpp"})", "4"),
               use("Read", R"({"file_path":"docs/c.md"})", "5"), use("Glob", R"({"pattern":"src/**"})", "6"),
               use("Grep", R"({"pattern":"TODO","path":"lib/x"})", "7"), use("Read", R"({"filename":"d/e"})", "8"),
               use("Grep", R"({"pattern":"TODO"})", "9"), use("Write", R"({"file_path":"plain"})", "10"),
               use("MultiTool", R"({"file_path":"x/y"})", "11"), use("Write", R"({"file_path":5})", "12"),
               use("Write", "null", "13")});
  EXPECT_EQ(facts.filesModified, (Texts{"src/a.cpp", "src/b.cpp"}));
  EXPECT_EQ(facts.filesRead, (Texts{"docs/c.md", "src/**", "lib/x", "d/e"}));
}

TEST(SessionFacts, CountCommandsThatSaySomething) {
  FactCollector collector;
  int number = 0;
  for (const char* tool : {"Bash", "bash", "execute_command", "shell", "Terminal"})
    add(collector, use(tool, R"({"command":"ls"})", std::to_string(number++)));
  for (const char* input : {R"({"command":""})", R"({"command":"  "})", R"({"command":5})", "{}"})
    add(collector, use("Bash", input, std::to_string(number++)));
  EXPECT_EQ(collector.facts().commandsExecuted, 4);
  EXPECT_EQ(collector.facts().toolCallCount, 9);
}

TEST(SessionFacts, CountTests) {
  const auto expect = [](const std::string& output, std::int64_t passed, std::int64_t failed) {
    const auto facts = printed(output);
    EXPECT_EQ(facts.testsPassed, passed) << output;
    EXPECT_EQ(facts.testsFailed, failed) << output;
    EXPECT_EQ(facts.testsRun, passed + failed) << output;
  };
  expect("Tests: 12 passed, 3 failed, 15 total", 12, 3);
  expect("Test Suites: 1 passed, 1 total\nTests:       1 failed, 5 passed, 6 total", 5, 1);
  expect("===== 40 passed, 2 failed in 3.1s =====", 40, 2);
  expect("===== 7 passed in 0.10s =====", 7, 0);
  expect("2 failed", 0, 2);
  expect(
      "ok  \tgithub.com/acme/clock\t0.3s\nok github.com/acme/time 0.1s\nFAIL\tgithub.com/acme/zone [build "
      "failed]\nFAIL",
      2, 1);
  expect("all passed, none failed", 0, 0);
  expect("okay then\nFAILED x", 0, 0);
  expect("", 0, 0);
  expect("99999999999999999999 passed", 999999999, 0);
  const auto other = factsOf({use("Read", "{}", "a"), result("5 passed", "a")});
  EXPECT_EQ(other.testsRun, 0) << "of commands only";
  EXPECT_EQ(factsOf({command("a", "1"), result("5 passed", "1"), command("b", "2"), result("1 passed, 1 failed", "2")})
                .testsRun,
            7);
}

TEST(SessionFacts, NamePackagesThatWereInstalled) {
  const auto expect = [](const std::string& text, const Texts& packages) {
    EXPECT_EQ(factsOf({command(text)}).packagesInstalled, packages) << text;
  };
  expect("pip install requests flask", {"flask", "requests"});
  expect("python3 -m pip install -U 'requests>2' \"flask\" && make", {"flask", "requests>2"});
  expect("npm install --save-dev @types/node vite; npm test", {"@types/node", "vite"});
  expect("npm install", {});
  expect("pip install a | tee log\nnpm install b", {"a", "b"});
  expect("pip install a > log 2>&1", {"a"});
  expect("pip install a 2>/dev/null", {"a"});
  expect("pip installer x", {});
  expect("pip install a; pip install a c", {"a", "c"});
  expect("apt install x", {});
}

TEST(SessionFacts, NameErrorsOfAnyTool) {
  EXPECT_EQ(printed("ValueError: the clock has stopped").errorsEncountered, (Texts{"Error: the clock has stopped"}));
  EXPECT_EQ(printed("Traceback (most recent call last):\n  x\nMyException: it is late").errorsEncountered,
            (Texts{"Exception: it is late", "Traceback (most recent call last):"}));
  EXPECT_EQ(printed("FAILED tests/clock_test.py::test_tick\nError: short").errorsEncountered,
            (Texts{"FAILED tests/clock_test.py::test_tick"}));
  EXPECT_EQ(printed("Error: " + std::string(500, 'x')).errorsEncountered, (Texts{"Error: " + std::string(193, 'x')}));
  std::string many;
  for (const char c : std::string("gfedcba")) many += std::string("Error: number ") + c + " is wrong\n";
  EXPECT_EQ(printed(many + many).errorsEncountered,
            (Texts{"Error: number a is wrong", "Error: number b is wrong", "Error: number c is wrong",
                   "Error: number d is wrong", "Error: number e is wrong"}));
  EXPECT_EQ(factsOf({use("Read", "{}", "a"), result("Error: no such file or directory", "a")}).errorsEncountered.size(),
            1U);
  EXPECT_TRUE(factsOf({R"({"role":"assistant","content":"Error: only talked about it"})"}).errorsEncountered.empty());
}

TEST(SessionFacts, TellTheDurationInMinutes) {
  const auto minutes = [](std::initializer_list<const char*> times) {
    FactCollector collector;
    for (const char* time : times)
      add(collector, std::string(R"({"role":"user","content":"x","timestamp":")") + time + "\"}");
    return collector.facts().durationMinutes;
  };
  EXPECT_EQ(minutes({}), 0);
  EXPECT_EQ(minutes({"2026-01-01T10:00:00Z"}), 0);
  EXPECT_EQ(minutes({"2026-01-01T10:00:00Z", "2026-01-01T10:00:10Z"}), 1);
  EXPECT_EQ(minutes({"2026-01-01T10:20:30Z", "2026-01-01T10:00:00Z", "2026-01-01T10:10:00Z"}), 20);
  EXPECT_EQ(minutes({"2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00Z"}), 120);
  EXPECT_EQ(minutes({"2026-01-01T10:00:00.5", "2026-01-01T11:00:00.5"}), 60);
  EXPECT_EQ(minutes({"yesterday", "2026-01-01T11:00:00Z", ""}), 0);
}

TEST(SessionFacts, NamePersonas) {
  FactCollector collector;
  collector.addPersona(" zoe ");
  for (const char* name : {"ada", "zoe", "", "ada"})
    add(collector, std::string(R"({"role":"user","content":"x","persona_name":")") + name + "\"}");
  EXPECT_EQ(collector.facts().personasActive, (Texts{"ada", "zoe"}));
}

TEST(SessionFacts, TakeAnyJson) {
  FactCollector collector;
  for (const char* line :
       {"[]", "5", "{}", R"({"content":5})", R"({"content":[5,null,[],{}]})", R"({"content":[{"type":"tool_use"}]})",
        R"({"content":[{"type":"tool_result","content":{"a":1}}]})", R"({"role":"tool"})",
        R"({"timestamp":5,"persona_name":[]})",
        R"({"content":[{"type":"tool_use","name":"Bash","input":{"command":"pip install a\u0000b"}}]})"})
    add(collector, line);
  EXPECT_EQ(collector.messages(), 8);
  EXPECT_EQ(collector.facts().packagesInstalled, (Texts{"ab"}));
  EXPECT_EQ(collector.facts().toolCallCount, 4);
}

TEST(SessionFacts, StayBounded) {
  FactCollector collector;
  for (int i = 0; i < 5000; ++i) {
    const auto n = std::to_string(i);
    add(collector, use("Write", R"({"file_path":"src/)" + n + "\"}", "w" + n));
    add(collector, use("Bash", R"({"command":"pip install p)" + n + "\"}", "b" + n));
    add(collector, R"({"content":"x","persona_name":"p)" + n + "\"}");
  }
  add(collector, use("Write", R"({"file_path":"/)" + std::string(100'000, 'x') + "\"}", "long"));
  const auto facts = collector.facts();
  EXPECT_EQ(facts.filesModified.size(), 2000U);
  EXPECT_EQ(facts.packagesInstalled.size(), 500U);
  EXPECT_EQ(facts.personasActive.size(), 100U);
  EXPECT_EQ(facts.toolCallCount, 10'001);
}

}  // namespace
}  // namespace session_sharing
