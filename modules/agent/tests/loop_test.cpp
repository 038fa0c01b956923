// The plain parts of the loop: JSON as models write it, plans, outcomes, circles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/json.hpp>

#include <string>
#include <vector>

#include "json_text.hpp"
#include "loop/json_repair.hpp"
#include "loop/plan.hpp"
#include "loop/repetition_guard.hpp"

namespace agent {
namespace {

using testing::ElementsAre;

std::string repaired(std::string_view text) {
  rapidjson::Document out;
  return repairJsonObject(text, out) ? mortise::models::toText(out) : "none";
}

TEST(JsonRepair, TakesJsonAsItIs) {
  EXPECT_EQ(repaired(R"({"a":[1,2.5,true,null,"x"],"b":{}})"), R"({"a":[1,2.5,true,null,"x"],"b":{}})");
}

TEST(JsonRepair, FindsItInProseAndFences) {
  EXPECT_EQ(repaired("Here you are:\n```json\n{\"a\": 1}\n```\nGood luck!"), R"({"a":1})");
  EXPECT_EQ(repaired("```\n{\"a\": 1}\n```"), R"({"a":1})");
  EXPECT_EQ(repaired("The plan is {\"a\": 1} as you see."), R"({"a":1})");
  EXPECT_EQ(repaired(R"({"a":"```sh\nls\n```"})"), R"({"a":"```sh\nls\n```"})");
}

TEST(JsonRepair, MendsCommas) {
  EXPECT_EQ(repaired(R"({"a":1,"b":[1,2,],})"), R"({"a":1,"b":[1,2]})");
  EXPECT_EQ(repaired("{\"a\":\"x\"\n\"b\":2}"), R"({"a":"x","b":2})");
  EXPECT_EQ(repaired(R"({,"a":1,,"b":2})"), R"({"a":1,"b":2})");
}

TEST(JsonRepair, MendsQuotes) {
  EXPECT_EQ(repaired("{'a': 'it''s', b: \"c\"}"), R"({"a":"it''s","b":"c"})");
  EXPECT_EQ(repaired("{\xE2\x80\x9C"
                     "a\xE2\x80\x9D: \xE2\x80\x9Cx\xE2\x80\x9D}"),
            R"({"a":"x"})");
  EXPECT_EQ(repaired(R"({"a":"say "hello" to him","b":1})"), R"({"a":"say \"hello\" to him","b":1})");
  EXPECT_EQ(repaired("{\"a\":\"two\nlines\"}"), R"({"a":"two\nlines"})");
}

TEST(JsonRepair, ReadsWordsOfOtherLanguages) {
  EXPECT_EQ(repaired("{\"a\": True, \"b\": False, \"c\": None, \"d\": NaN, \"e\": undefined, \"f\": .5, \"g\": +3}"),
            R"({"a":true,"b":false,"c":null,"d":null,"e":null,"f":0.5,"g":3})");
  EXPECT_EQ(repaired("{\"a\": plain words here, \"b\": 2}"), R"({"a":"plain words here","b":2})");
}

TEST(JsonRepair, PassesOverComments) {
  EXPECT_EQ(repaired("{ // what\n \"a\": 1, /* and */ \"b\": 2 # so\n}"), R"({"a":1,"b":2})");
}

TEST(JsonRepair, ClosesWhatWasCutOff) {
  EXPECT_EQ(repaired(R"({"a":"hel)"), R"({"a":"hel"})");
  EXPECT_EQ(repaired(R"({"a":[1,{"b":"c)"), R"({"a":[1,{"b":"c"}]})");
  EXPECT_EQ(repaired(R"({"a":1,"b)"), R"({"a":1})");
  EXPECT_EQ(repaired(R"({"a":1,"b":)"), R"({"a":1,"b":null})");
  EXPECT_EQ(repaired(R"({"a":tru)"), R"({"a":true})");
  EXPECT_EQ(repaired(R"({"a":"x\u4f)"), R"({"a":"x"})");
  EXPECT_EQ(repaired("{\"a\":\"\xE4\xBD"), "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

TEST(JsonRepair, ReadsEscapes) {
  EXPECT_EQ(repaired(R"({'a':'\u4f60\n\ud83d\ude00\'\x'})"), "{\"a\":\"\xE4\xBD\xA0\\n\xF0\x9F\x98\x80'x\"}");
  EXPECT_EQ(repaired(R"({'a':'\ud83d'})"), "{\"a\":\"\xEF\xBF\xBD\"}");
}

TEST(JsonRepair, RefusesWhatHasNoObject) {
  for (const auto* text : {"", "no", "[1,2]", "42"}) EXPECT_EQ(repaired(text), "none") << text;
  EXPECT_EQ(repaired(std::string(5000, '{')), "{}");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{\"a\":";
  EXPECT_EQ(repaired(deep), "none");
}

TEST(Plan, IsReadOutOfWhatThePlannerSays) {
  const auto plan = readPlan(
      R"({"title":"Paris","language":"en","message":"I will.","goal":"A day","steps":[{"id":"1","description":"Look"},{"id":2,"description":"Write"},"Tell"]})");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->title, "Paris");
  EXPECT_EQ(plan->message, "I will.");
  ASSERT_EQ(plan->steps.size(), 3U);
  EXPECT_EQ(plan->steps[1].id, "2");
  EXPECT_EQ(plan->steps[2].id, "3");
  EXPECT_EQ(plan->steps[2].description, "Tell");
  EXPECT_TRUE(readPlan(R"({"title":"No","steps":[]})"));
  EXPECT_FALSE(readPlan("I can't do that."));
  EXPECT_FALSE(readPlan(R"({"title":"No"})"));
}

TEST(Plan, FallsBackToOneStep) {
  const auto plan = fallbackPlan("Just text", "Do it", false);
  EXPECT_EQ(plan.title, "工作计划");
  EXPECT_EQ(plan.message, "Just text");
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].description, "Do it");
  EXPECT_THAT(fallbackPlan("", "", true).steps[0].description, testing::HasSubstr("文件"));
}

TEST(Plan, TakesNewStepsForThoseThatAreNotOver) {
  Plan plan;
  plan.steps = {{"1", "a", "completed"}, {"2", "b"}, {"3", "c"}};
  EXPECT_TRUE(updatePlan(R"({"steps":[{"id":"2","description":"b2"},{"id":"4","description":"d"}]})", plan));
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].description, "a");
  EXPECT_EQ(plan.steps[1].description, "b2");
  EXPECT_EQ(plan.steps[2].id, "4");
  EXPECT_TRUE(updatePlan(R"({"steps":[{"id":"1","description":"a"},{"id":"2","description":"b2"}]})", plan));
  EXPECT_EQ(plan.steps.size(), 2U) << "what is over is not repeated";
  EXPECT_FALSE(updatePlan("nonsense", plan));
  EXPECT_EQ(plan.steps.size(), 2U);
}

TEST(Plan, GivesStepsIdsThatNoEarlierPlanHad) {
  std::set<std::string> used{"1", "2"};
  Plan plan;
  plan.steps = {{"1", "a"}, {"1", "b"}, {"3", "c"}};
  makeIdsUnique(plan, used);
  EXPECT_EQ(plan.steps[0].id, "1-2");
  EXPECT_EQ(plan.steps[1].id, "1-3");
  EXPECT_EQ(plan.steps[2].id, "3");
  EXPECT_TRUE(used.contains("1-3"));
}

TEST(Plan, OutcomesAreObjectsOrText) {
  auto outcome = readOutcome(R"({"success":false,"result":"No","attachments":["/a","/b"]})");
  EXPECT_FALSE(outcome.success);
  EXPECT_EQ(outcome.text, "No");
  EXPECT_THAT(outcome.attachments, ElementsAre("/a", "/b"));
  std::string many = R"({"result":"All","attachments":["/0")";
  for (int i = 1; i < 1000; ++i) many += ",\"/" + std::to_string(i) + "\"";
  EXPECT_EQ(readOutcome(many + "]}").attachments.size(), 50U) << "each is fetched from the box";
  EXPECT_EQ(readOutcome(R"({"message":"All","attachments":"/a"})").text, "All");
  EXPECT_THAT(readOutcome(R"({"message":"All","attachments":"/a"})").attachments, ElementsAre("/a"));
  EXPECT_EQ(readOutcome("Plain {not it} text").text, "Plain {not it} text");
  EXPECT_EQ(readOutcome(R"({"other":1})").text, R"({"other":1})");
}

TEST(Plan, MembersGrow) {
  EXPECT_EQ(growingMember(R"({"title":"A","mess)", "message"), "");
  EXPECT_EQ(growingMember(R"({"title":"A","message":"Hel)", "message"), "Hel");
  EXPECT_EQ(growingMember(R"({"message":"Hello","steps":[)", "message"), "Hello");
}

TEST(Plan, ProgressIsReadAsItWasWritten) {
  Progress progress;
  progress.phase = Phase::waiting;
  progress.plan.steps = {{"1", "a", "running", "r"}};
  progress.message = "do";
  progress.attachments = {"/x"};
  progress.usedIds = {"1"};
  progress.approvalAsked = "skill_a_b";
  const auto again = readProgress(toText(progress));
  EXPECT_EQ(toText(again), toText(progress));
  EXPECT_EQ(again.phase, Phase::waiting);
  EXPECT_EQ(readProgress("{}").phase, Phase::idle);
  EXPECT_EQ(readProgress("").phase, Phase::idle);
}

TEST(Plan, RepliesAgreeOrNot) {
  for (const auto* text : {"yes", "Yes.", " OK, do it", "okay", "是", "是的", "同意", "确认", "可以", "好的", "approve",
                           "好的，请继续", "可以！", "是。", "同意执行", "“好的”", "OK。"})
    EXPECT_TRUE(isAffirmative(text)) << text;
  for (const auto* text : {"",
                           "no",
                           "not yes",
                           "yesterday",
                           "不",
                           "不同意",
                           "不可以",
                           "是否安全",
                           "maybe",
                           "对不起，不要执行",
                           "对不起",
                           "行不行？",
                           "好，但不要删",
                           "ok, but don't",
                           "OK, but don’t",
                           "ok?",
                           "yes？",
                           "可以吗",
                           "好像",
                           "行李",
                           "好，别删",
                           "Yes. No, wait",
                           "okay dont",
                           "好的，先等一下",
                           "同意，还是取消"})
    EXPECT_FALSE(isAffirmative(text)) << text;
}

using Verdict = RepetitionGuard::Verdict;

TEST(RepetitionGuard, TellsAtTheThirdAndFailsAtTheFifth) {
  RepetitionGuard guard;
  std::vector<Verdict> seen;
  for (int i = 0; i < 5; ++i) seen.push_back(guard.saw("a", "{}", "r"));
  EXPECT_THAT(seen, ElementsAre(Verdict::fine, Verdict::fine, Verdict::tell, Verdict::tell, Verdict::fail));
  EXPECT_EQ(guard.times(), 5);
}

TEST(RepetitionGuard, SeesCirclesOfTwo) {
  RepetitionGuard guard;
  std::vector<Verdict> seen;
  for (int i = 0; i < 5; ++i) {
    seen.push_back(guard.saw("a", "{}", "ra"));
    seen.push_back(guard.saw("b", "{}", "rb"));
  }
  EXPECT_THAT(seen, ElementsAre(Verdict::fine, Verdict::fine, Verdict::fine, Verdict::fine, Verdict::tell,
                                Verdict::tell, Verdict::tell, Verdict::tell, Verdict::fail, Verdict::fail));
}

TEST(RepetitionGuard, SeesEmptyResults) {
  RepetitionGuard guard;
  for (int i = 0; i < 4; ++i) guard.saw("search_web", R"({"query":"x"})", "[]");
  EXPECT_EQ(guard.saw("search_web", R"({"query":"x"})", "[]"), Verdict::fail);
}

TEST(RepetitionGuard, LetsWorkGoOnThatBringsSomethingNew) {
  RepetitionGuard guard;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(guard.saw("shell_read_output", "{}", std::to_string(i)), Verdict::fine);
    // The same test fails after each change.
    EXPECT_EQ(guard.saw("write_file", "{\"n\":" + std::to_string(i) + "}", "ok"), Verdict::fine);
    EXPECT_EQ(guard.saw("shell_execute", "{\"command\":\"test\"}", "failed"), Verdict::fine);
  }
}

}  // namespace
}  // namespace agent
