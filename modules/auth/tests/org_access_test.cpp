#include "../organisations/org_access.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

mortise::Principal caller(const char* org, const char* role) {
  mortise::Principal principal;
  principal.credential = MORTISE_CREDENTIAL_BEARER;
  principal.orgId = org;
  principal.orgRole = role;
  return principal;
}

std::string refusal(const mortise::Principal& principal, const char* required) {
  try {
    return requireOwnOrg(principal, required);
  } catch (const mortise::Problem& problem) {
    return std::to_string(problem.status()) + " " + problem.code() + " " + problem.details();
  }
}

TEST(Roles, RankOwnerAdminMember) {
  for (const char* role : {"owner", "admin", "member"}) EXPECT_TRUE(roleSuffices(role, "member")) << role;
  EXPECT_TRUE(roleSuffices("owner", "admin"));
  EXPECT_TRUE(roleSuffices("admin", "admin"));
  EXPECT_FALSE(roleSuffices("member", "admin"));
  EXPECT_FALSE(roleSuffices("admin", "owner"));
}

TEST(Roles, UnknownOnesSufficeForNothing) {
  for (const char* role : {"", "none", "Owner", "viewer"}) {
    EXPECT_FALSE(roleSuffices(role, "member")) << role;
    EXPECT_FALSE(roleSuffices(role, "")) << role;
  }
}

TEST(RequireOwnOrg, NamesTheRoleThatIsMissing) {
  EXPECT_EQ(refusal(caller("org_1", "admin"), "admin"), "org_1");
  EXPECT_EQ(refusal(caller("org_1", "member"), "admin"),
            R"(403 insufficient_role {"current_role":"member","required_role":"admin"})");
  EXPECT_EQ(refusal(caller("", ""), "member"),
            R"(403 insufficient_role {"current_role":"none","required_role":"member"})");
}

}  // namespace
}  // namespace auth
