#include "sync_sessions/rules.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <mortise/problem.hpp>

namespace sync_sessions {
namespace {

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(problem.status(), 422);
    EXPECT_EQ(problem.code(), "sync_invalid");
    return problem.note();
  }
  return "";
}

TEST(SessionRules, AcceptTheirTypesAndCategories) {
  for (const char* type : {"manual_single", "manual_batch", "manual_task", "scheduled_task"})
    EXPECT_EQ(refusal([&] { checkType(type); }), "");
  EXPECT_EQ(refusal([] { checkType("weekly"); }),
            "type: expected one of manual_single, manual_batch, manual_task, scheduled_task, found \"weekly\"");
  EXPECT_NE(refusal([] { checkType(""); }), "");
  EXPECT_EQ(categoryFrom(""), "account");
  EXPECT_EQ(categoryFrom("config"), "config");
  EXPECT_NE(refusal([] { categoryFrom("Config"); }), "");
}

TEST(SessionRules, BoundTargets) {
  EXPECT_EQ(refusal([] { checkTargets({{1, "a"}, {1, ""}}); }), "");
  EXPECT_EQ(refusal([] { checkTargets({}); }), "targets: expected 1 to 100000, found 0");
  EXPECT_NE(refusal([] { checkTargets(std::vector<Target>(100001, {1, ""})); }), "");
  EXPECT_EQ(refusal([] { checkTargets({{0, "a"}}); }), "instance_id: expected 1 or more, found 0");
  EXPECT_NE(refusal([] { checkTargets({{1, std::string(256, 'a')}}); }), "");
  EXPECT_NE(refusal([] { checkTargets({{1, "\xff"}}); }), "");
  EXPECT_NE(refusal([] { checkCounters({-1, 0, 0, 0}); }), "");
}

TEST(SessionRules, AcceptDetailsOfVersionOneOnly) {
  for (const char* good : {"", R"({"version":1})", R"({"rows":[1,{"a":null}],"version":1})"})
    EXPECT_EQ(refusal([&] { checkDetails(good); }), "") << good;
  for (const char* bad : {"{}", "[]", "1", R"({"version":2})", R"({"version":"1"})", R"({"version":1.0})",
                          R"({"version":true})", R"({"version":1)", R"({"version":1} x)", "\xff"}) {
    EXPECT_NE(refusal([&] { checkDetails(bad); }), "") << bad;
  }
  const auto big = R"({"version":1,"a":")" + std::string(64 * 1024, 'a') + R"("})";
  EXPECT_NE(refusal([&] { checkDetails(big); }), "");
  const auto deep = R"({"version":1,"a":)" + std::string(30000, '[') + std::string(30000, ']') + "}";
  EXPECT_EQ(refusal([&] { checkDetails(deep); }), "") << "no recursion";
}

TEST(SessionRules, TurnMessagesIntoTextThatADatabaseStores) {
  EXPECT_EQ(messageFrom("boom"), "boom");
  EXPECT_EQ(messageFrom(std::string_view("a\0b\xff", 4)), "a?b?");
  EXPECT_EQ(messageFrom("会话"), "会话");
  EXPECT_EQ(messageFrom("\xed\xa0\x80"), "???");
  EXPECT_NE(refusal([] { messageFrom(""); }), "");
  const auto cut = messageFrom(std::string(8191, 'a') + "会");
  EXPECT_EQ(cut, std::string(8191, 'a'));
}

}  // namespace
}  // namespace sync_sessions
