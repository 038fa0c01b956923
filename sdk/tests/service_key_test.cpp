// The project boundary of service keys.
#include <mortise/service_key.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using mortise::Principal;
using mortise::Problem;
using mortise::ProjectReference;

Principal serviceKey(const char* org, const char* projects = "") {
  Principal caller;
  caller.credential = MORTISE_CREDENTIAL_KEY;
  caller.isServiceKey = true;
  caller.keyOrgId = org;
  caller.keyProjectIds = projects;
  return caller;
}

// "" when it passes, else the code and the details.
template <class Check>
std::string refusal(Check&& check) {
  try {
    check();
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 403);
    return problem.code() + problem.details();
  }
  return {};
}

std::string project(const Principal& caller, const ProjectReference& wanted) {
  return refusal([&] { mortise::requireProject(caller, wanted); });
}

std::string derived(const Principal& caller, const std::optional<std::vector<ProjectReference>>& candidates) {
  return refusal([&] { mortise::requireDerivedProject(caller, candidates); });
}

TEST(RequireProject, LeavesCallersWithoutAServiceKeyToTheModule) {
  Principal user;
  user.credential = MORTISE_CREDENTIAL_KEY;
  EXPECT_EQ(project(user, {"proj_1", "org_1"}), "");
  EXPECT_EQ(derived(user, std::nullopt), "");
}

TEST(RequireProject, LetsAKeyReachEveryProjectOfItsOrganisation) {
  EXPECT_EQ(project(serviceKey("org_1"), {"proj_1", "org_1"}), "");
  EXPECT_EQ(project(serviceKey("org_1", "[]"), {"proj_1", "org_1"}), "");
}

TEST(RequireEveryProject, RefusesAKeyOfSome) {
  const auto every = [](const Principal& caller) { return refusal([&] { mortise::requireEveryProject(caller); }); };
  EXPECT_EQ(every(Principal()), "");
  EXPECT_EQ(every(serviceKey("org_1")), "");
  EXPECT_EQ(every(serviceKey("org_1", "[]")), "");
  EXPECT_EQ(every(serviceKey("org_1", R"(["proj_1"])")),
            R"(project_not_in_allowlist{"allowed_project_ids":["proj_1"],"requested_project_id":null})");
}

TEST(RequireProject, RefusesAKeyWithoutAnOrganisation) {
  EXPECT_EQ(project(serviceKey(""), {"proj_1", "org_1"}), "service_key_missing_org");
  EXPECT_EQ(project(serviceKey(""), {"proj_1", ""}), "service_key_missing_org");
}

TEST(RequireProject, RefusesProjectsOfOthers) {
  EXPECT_EQ(project(serviceKey("org_1"), {"proj_1", "org_2"}),
            R"(cross_org_denied{"key_org_id":"org_1","project_org_id":"org_2"})");
  EXPECT_EQ(project(serviceKey("org_1"), {"proj_1", ""}),
            R"(cross_org_denied{"key_org_id":"org_1","project_org_id":null})");
  EXPECT_EQ(project(serviceKey("org_1", R"(["proj_1"])"), {"proj_1", "org_2"}).substr(0, 16), "cross_org_denied");
}

TEST(RequireProject, KeepsToTheAllowList) {
  const auto caller = serviceKey("org_1", R"(["proj_1","proj_2"])");
  EXPECT_EQ(project(caller, {"proj_1", "org_1"}), "");
  EXPECT_EQ(project(caller, {"proj_2", "org_1"}), "");
  EXPECT_EQ(project(caller, {"proj_3", "org_1"}),
            R"(project_not_in_allowlist{"allowed_project_ids":["proj_1","proj_2"],"requested_project_id":"proj_3"})");
  EXPECT_NE(project(caller, {"proj_", "org_1"}), "");
  EXPECT_NE(project(caller, {"", "org_1"}), "");
}

TEST(RequireProject, ComparesWholeElementsOfTheAllowList) {
  const auto caller = serviceKey("org_1", R"(["a\"b","c,\\","x"])");
  for (const char* id : {"a\"b", "c,\\", "x"}) EXPECT_EQ(project(caller, {id, "org_1"}), "") << id;
  for (const char* id : {",", "b", "a", "c,", "\"", "\\", "b\",\"c,"})
    EXPECT_NE(project(caller, {id, "org_1"}), "") << id;
}

TEST(RequireProject, LetsNobodyInByAListThatCannotBeRead) {
  for (const char* list : {"null", "proj_1", "[\"proj_1", "[\"proj_1\\"})
    EXPECT_NE(project(serviceKey("org_1", list), {"proj_1", "org_1"}), "") << list;
}

TEST(RequireDerivedProject, NeedsExactlyOneProject) {
  const auto caller = serviceKey("org_1");
  const ProjectReference mine{"proj_1", "org_1"}, theirs{"proj_2", "org_2"};
  EXPECT_EQ(derived(caller, std::nullopt), "service_key_project_required");
  EXPECT_EQ(derived(caller, std::vector<ProjectReference>{}), "service_key_project_not_registered");
  EXPECT_EQ(derived(caller, std::vector{mine, theirs}), "service_key_project_ambiguous");
  EXPECT_EQ(derived(caller, std::vector{mine}), "");
  EXPECT_EQ(derived(caller, std::vector{theirs}).substr(0, 16), "cross_org_denied");
}

}  // namespace
