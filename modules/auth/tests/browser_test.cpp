// The plain C++ of the browser face: names, passwords, roles.
#include <gtest/gtest.h>

#include <string>

#include "../browser/browser_views.hpp"
#include "../browser/login_name.hpp"
#include "../browser/password_rule.hpp"

namespace auth {
namespace {

TEST(LoginName, IsTakenAsItIs) {
  EXPECT_EQ(LoginName("  Ada \t\n").text(), "  Ada \t\n") << "there may be an account of before with such a name";
  EXPECT_FALSE(LoginName("Ada").isEmail());
  EXPECT_FALSE(LoginName("Ada").empty());
  for (const char* blank : {"", " \n ", "\u3000", "\u00a0\ufeff"}) EXPECT_TRUE(LoginName(blank).empty()) << blank;
}

TEST(LoginName, WithAnAtIsAnAddressInItsStoredForm) {
  const LoginName name(" Ada@Example.COM ");
  EXPECT_TRUE(name.isEmail());
  EXPECT_EQ(name.text(), "ada@example.com");
  EXPECT_TRUE(LoginName("@").isEmail());
  EXPECT_EQ(LoginName("a b@c").text(), "a b@c");
}

TEST(StrongPassword, Has8To128CharactersOfThreeKinds) {
  EXPECT_TRUE(isStrongPassword("Passw0rd"));
  EXPECT_FALSE(isStrongPassword("Passw0r"));
  EXPECT_FALSE(isStrongPassword("passw0rd"));
  EXPECT_FALSE(isStrongPassword("PASSW0RD"));
  EXPECT_FALSE(isStrongPassword("Password"));
  EXPECT_TRUE(isStrongPassword("Aa1" + std::string(125, 'x')));
  EXPECT_FALSE(isStrongPassword("Aa1" + std::string(126, 'x')));
}

TEST(StrongPassword, CountsCharactersAndNotBytes) {
  EXPECT_FALSE(isStrongPassword("Aa1\u5bc6\u7801\u5bc6\u7801"));
  EXPECT_TRUE(isStrongPassword("Aa1\u5bc6\u7801\u5bc6\u7801\u5bc6"));
}

TEST(BrowserRoles, KnowOneKindOfAdministrator) {
  EXPECT_EQ(browserRole("super_admin"), "admin");
  EXPECT_EQ(browserRole("viewer"), "viewer");
  using List = std::vector<std::string_view>;
  EXPECT_EQ(displayPermissions("super_admin"), (List{"read", "create", "update", "delete", "admin", "execute"}));
  EXPECT_EQ(displayPermissions("admin"), displayPermissions("super_admin"));
  EXPECT_EQ(displayPermissions("user"), (List{"read", "create", "update", "delete", "execute"}));
  EXPECT_EQ(displayPermissions("viewer"), List{"read"});
  EXPECT_EQ(displayPermissions("guest"), List{"read"});
  EXPECT_EQ(displayPermissions("service_role"), displayPermissions("user"));
  EXPECT_EQ(displayPermissions("nonesuch"), List{});
}

TEST(BrowserViews, ShowAnAddressForAMissingName) {
  mortise::User user;
  user.number = 7;
  user.email = "ada@example.com";
  user.role = "viewer";
  user.status = "active";
  user.createdAt = 1771925400123456;
  EXPECT_EQ(mortise::json::from(browserProfileView(user)).build().text(),
            R"({"id":7,"username":"ada@example.com","email":"ada@example.com","role":"viewer","is_active":true,)"
            R"("created_at":"2026-02-24T09:30:00.123456+00:00","last_login":null})");
  EXPECT_EQ(mortise::json::from(browserSessionView(nullptr, "t")).build().text(),
            R"({"authenticated":false,"auth_model":"session","csrf_token":"t","permissions":[],"user":null})");
}

}  // namespace
}  // namespace auth
