#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include "../wechat/oauth_state.hpp"
#include "../wechat/oauth_store.hpp"

namespace auth {
namespace {

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

  OauthStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Oauth);

TEST_P(Oauth, AStateIsTakenOnceAndInTime) {
  store_.rememberState("h1", 100);
  EXPECT_FALSE(store_.takeState("other", 50));
  EXPECT_FALSE(store_.takeState("h1", 100));
  EXPECT_TRUE(store_.takeState("h1", 99));
  EXPECT_FALSE(store_.takeState("h1", 99));
  store_.rememberState("h2", 100);
  store_.rememberState("h2", 200);  // handed out again
  store_.rememberState("h3", 100);
  EXPECT_EQ(store_.purgeStates(100), 1);
  EXPECT_TRUE(store_.takeState("h2", 150));
}

TEST_P(Oauth, ASubjectHasOneUser) {
  EXPECT_FALSE(store_.findUser("wechat", "o1"));
  EXPECT_TRUE(store_.add("wechat", "o1", "", "u1", 1));
  EXPECT_FALSE(store_.add("wechat", "o1", "", "u2", 1));
  EXPECT_TRUE(store_.add("other", "o1", "", "u1", 1));
  store_.touch("wechat", "o1", "union", 2);
  EXPECT_EQ(store_.findUser("wechat", "o1"), "u1");
  store_.forget("u1");
  EXPECT_FALSE(store_.findUser("wechat", "o1"));
  EXPECT_FALSE(store_.findUser("other", "o1"));
}

}  // namespace
}  // namespace auth
