#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <optional>
#include <string>

#include "../wechat/oauth_state.hpp"
#include "../wechat/oauth_store.hpp"

namespace auth {
namespace {

using mortise::timeOf;

TEST(OauthStates, KnowTheirOwn) {
  const OauthStates states(std::string(32, 'k')), others(std::string(32, 'o'));
  const auto state = states.make();
  EXPECT_EQ(state.size(), 64U);
  EXPECT_EQ(state.find_first_not_of("0123456789abcdef"), std::string::npos) << "WeChat takes letters and digits only";
  EXPECT_NE(state, states.make());
  EXPECT_TRUE(states.isOurs(state));
  EXPECT_FALSE(others.isOurs(state));
  for (std::size_t i = 0; i < state.size(); ++i) {
    auto changed = state;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(states.isOurs(changed)) << i;
  }
  for (const auto* foreign : {"", "x", "STATE"}) EXPECT_FALSE(states.isOurs(foreign));
  EXPECT_EQ(states.hash("x"), states.hash("x"));
  EXPECT_NE(states.hash("x"), others.hash("x"));
  EXPECT_THROW(OauthStates("short"), std::runtime_error);
}

class Oauth : public mortise::testing::DatabaseTest {
 protected:
  Oauth() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  static OauthAccount account(const std::string& provider, const std::string& userId) {
    return {provider, "o1", "", userId, timeOf(1), timeOf(1)};
  }
  std::optional<std::string> userOf(const std::string& provider) const {
    const auto found = store_.find(provider, "o1");
    return found ? std::optional(found->userId) : std::nullopt;
  }

  OauthStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Oauth);

TEST_P(Oauth, AStateIsTakenOnceAndInTime) {
  store_.rememberState({"h1", timeOf(100)});
  EXPECT_FALSE(store_.takeState("other", timeOf(50)));
  EXPECT_FALSE(store_.takeState("h1", timeOf(100)));
  EXPECT_TRUE(store_.takeState("h1", timeOf(99)));
  EXPECT_FALSE(store_.takeState("h1", timeOf(99)));
  store_.rememberState({"h2", timeOf(100)});
  store_.rememberState({"h2", timeOf(200)});  // handed out again
  store_.rememberState({"h3", timeOf(100)});
  EXPECT_EQ(store_.purgeStates(timeOf(100)), 1);
  EXPECT_TRUE(store_.takeState("h2", timeOf(150)));
}

TEST_P(Oauth, ASubjectHasOneUser) {
  EXPECT_FALSE(userOf("wechat"));
  store_.add(account("wechat", "u1"));
  EXPECT_THROW(store_.add(account("wechat", "u2")), mortise::db::Error);
  store_.add(account("other", "u1"));
  store_.recordLogin({"wechat", "o1", "union", "u3", timeOf(7), timeOf(2)});
  const auto stored = store_.find("wechat", "o1").value();
  EXPECT_EQ(stored.unionId, "union");
  EXPECT_EQ(stored.userId, "u1");
  EXPECT_EQ(stored.createdAt, timeOf(1));
  EXPECT_EQ(stored.lastLoginAt, timeOf(2));
  store_.forget("u1");
  EXPECT_FALSE(userOf("wechat"));
  EXPECT_FALSE(userOf("other"));
}

TEST_P(Oauth, IsFoundAlongAnIndexHoweverMuchThereIs) {
  using mortise::testing::kManyRows;
  database().fill("auth_oauth_accounts", kManyRows,
                  {{"provider", "'wechat'"},
                   {"subject", "'o' || n"},
                   {"union_id", "''"},
                   {"user_id", "'u' || n"},
                   {"created_at", "n"},
                   {"last_login_at", "n"}});
  database().fill("auth_oauth_states", kManyRows, {{"state_hash", "'h' || n"}, {"expires_at", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.find("wechat", "o7");
    store_.recordLogin(account("wechat", "u1"));
    store_.forget("u7");
    store_.takeState("h7", timeOf(1));
    store_.purgeStates(timeOf(7));
  }));
}

}  // namespace
}  // namespace auth
