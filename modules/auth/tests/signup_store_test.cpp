#include "../signup_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

constexpr std::int64_t kSecond = 1000000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kNoon = 20000 * kDay + 12 * kHour;

class Signups : public mortise::testing::DatabaseTest {
 protected:
  Signups() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  SignupStore::Taken keep(const std::string& email, const std::string& name, std::int64_t now,
                          bool hasAccount = false) {
    return store_.keep({"id-" + email, email, name, "hash of " + email, "", "mac of " + email, now}, name,
                       "key of " + email, hasAccount, now);
  }
  SignupStore::Taken renew(const std::string& email, const std::string& mac, std::int64_t now) {
    return store_.renew(email, mac, "key of " + email, now);
  }
  std::optional<Signup> claim(const std::string& email, const std::string& mac, std::int64_t now) {
    return store_.claim(
        email, [&](const std::string& stored) { return stored == mac; }, now);
  }

  SignupRules rules_{10 * kMinute, kMinute, kDay, 5, 5};
  SignupStore store_{db(), rules_};
};
MORTISE_ON_EVERY_DATABASE(Signups);

TEST_P(Signups, AreKeptAndFoundUntilTheyExpire) {
  EXPECT_TRUE(keep("a@x.org", "ada", kNoon).signup);
  const auto found = store_.find("a@x.org", kNoon + kDay - 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "id-a@x.org");
  EXPECT_EQ(found->username, "ada");
  EXPECT_EQ(found->createdAt, kNoon);
  EXPECT_FALSE(store_.find("a@x.org", kNoon + kDay));
}

TEST_P(Signups, KeepTheirIdWhenTheyAreReplaced) {
  keep("a@x.org", "ada", kNoon);
  store_.keep({"other-id", "a@x.org", "ada2", "h2", "", "m2", kNoon + kMinute}, "ada2", "key of a@x.org", false,
              kNoon + kMinute);
  const auto found = store_.find("a@x.org", kNoon + kMinute);
  EXPECT_EQ(found->id, "id-a@x.org");
  EXPECT_EQ(found->createdAt, kNoon);
  EXPECT_EQ(found->username, "ada2");
}

TEST_P(Signups, MayBeMailedAgainAfterTheCoolDownToTheMicrosecond) {
  EXPECT_EQ(store_.waitFor("key of a@x.org", kNoon), 0);
  EXPECT_EQ(keep("a@x.org", "ada", kNoon).wait, 0);
  EXPECT_EQ(store_.waitFor("key of a@x.org", kNoon + 1), kMinute - 1);
  EXPECT_EQ(renew("a@x.org", "m2", kNoon + kMinute - 1).wait, 1);
  EXPECT_TRUE(claim("a@x.org", "mac of a@x.org", kNoon + kMinute - 1)) << "a refused mail changes nothing";
  EXPECT_EQ(renew("a@x.org", "m2", kNoon + kMinute).wait, 0);
}

TEST_P(Signups, CountFiveMailsAnHourWhetherThereIsASignUpOrNot) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(renew("nobody@x.org", "m", kNoon + i * kMinute).wait, 0) << i;
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + 10 * kMinute).wait, 50 * kMinute);
  EXPECT_EQ(keep("nobody@x.org", "ada", kNoon + 10 * kMinute, true).wait, 50 * kMinute);
  EXPECT_EQ(store_.waitFor("key of nobody@x.org", kNoon + 10 * kMinute), 50 * kMinute);
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + kHour).wait, 0);
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + kHour + kMinute).wait, 0);
}

TEST_P(Signups, GiveAMailBackThatDidNotGoOut) {
  for (int i = 0; i < 20; ++i) {
    const auto now = kNoon + i * kSecond;
    ASSERT_EQ(renew("a@x.org", "m", now).wait, 0) << i;
    store_.giveBack("key of a@x.org", now);
  }
  renew("a@x.org", "m", kNoon + kMinute);
  store_.giveBack("key of a@x.org", kNoon);  // not the one that counts now
  EXPECT_GT(renew("a@x.org", "m", kNoon + kMinute + 1).wait, 0);
}

TEST_P(Signups, DoNotLockAnAddressWhenTheClockWasSetBack) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_EQ(store_.waitFor("key of a@x.org", kNoon - kDay), 0);
  EXPECT_EQ(renew("a@x.org", "m", kNoon - kDay).wait, 0);
  EXPECT_EQ(renew("a@x.org", "m", kNoon - kDay + 1).wait, kMinute - 1);
}

TEST_P(Signups, HoldTheirNameAgainstOtherAddressesUntilTheyExpire) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_TRUE(store_.usernameHeld("ada", "b@x.org", kNoon));
  EXPECT_FALSE(store_.usernameHeld("ada", "a@x.org", kNoon));
  EXPECT_TRUE(keep("b@x.org", "ada", kNoon).usernameTaken);
  EXPECT_EQ(store_.waitFor("key of b@x.org", kNoon), 0) << "a refused name costs no cool-down";
  EXPECT_FALSE(store_.usernameHeld("ada", "b@x.org", kNoon + kDay));
  EXPECT_TRUE(keep("b@x.org", "ada", kNoon + kDay).signup);
  EXPECT_FALSE(store_.find("a@x.org", kNoon));
}

TEST_P(Signups, OfAnAddressWithAnAccountAreNotKept) {
  const auto taken = keep("a@x.org", "ada", kNoon, true);
  EXPECT_EQ(taken.wait, 0);
  EXPECT_FALSE(taken.signup);
  EXPECT_FALSE(store_.find("a@x.org", kNoon));
}

TEST_P(Signups, AreClaimedByOneOfTwoWithTheRightCode) {
  keep("a@x.org", "ada", kNoon);
  const auto first = claim("a@x.org", "mac of a@x.org", kNoon);
  ASSERT_TRUE(first);
  EXPECT_FALSE(claim("a@x.org", "mac of a@x.org", kNoon));
  store_.release(*first);
  EXPECT_TRUE(claim("a@x.org", "mac of a@x.org", kNoon)) << "released";
  EXPECT_TRUE(claim("a@x.org", "mac of a@x.org", kNoon + kMinute)) << "left behind by a crash";
  store_.finish(*first);
  EXPECT_FALSE(claim("a@x.org", "mac of a@x.org", kNoon + 2 * kMinute));
}

TEST_P(Signups, AreNotReleasedFromANewerClaim) {
  keep("a@x.org", "ada", kNoon);
  const auto old = claim("a@x.org", "mac of a@x.org", kNoon);
  renew("a@x.org", "m2", kNoon + kMinute);
  ASSERT_TRUE(claim("a@x.org", "m2", kNoon + kMinute));
  store_.release(*old);
  EXPECT_FALSE(claim("a@x.org", "m2", kNoon + kMinute));
}

TEST_P(Signups, DieAtTheFifthWrongTryAndANewCodeHasFiveAgain) {
  keep("a@x.org", "ada", kNoon);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  const auto right = claim("a@x.org", "mac of a@x.org", kNoon);
  ASSERT_TRUE(right) << "the right code costs no try";
  store_.release(*right);
  EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  EXPECT_FALSE(claim("a@x.org", "mac of a@x.org", kNoon));
  renew("a@x.org", "m2", kNoon + kMinute);
  EXPECT_TRUE(claim("a@x.org", "m2", kNoon + kMinute));
}

TEST_P(Signups, HaveCodesThatExpire) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_FALSE(claim("a@x.org", "mac of a@x.org", kNoon + 10 * kMinute));
  EXPECT_TRUE(claim("a@x.org", "mac of a@x.org", kNoon + 10 * kMinute - 1));
}

TEST_P(Signups, ArePurgedOnceExpiredWithTheRecordsOfTheirMails) {
  keep("a@x.org", "ada", kNoon);
  keep("b@x.org", "bob", kNoon + kMinute);
  EXPECT_EQ(store_.purge(kNoon + kDay - 1), 0);
  EXPECT_EQ(store_.purge(kNoon + kDay), 1);
  EXPECT_TRUE(store_.find("b@x.org", kNoon + kDay));
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT count(*) FROM auth_sends"), 0);
  renew("c@x.org", "m", kNoon);
  store_.purge(kNoon + kHour - 1);
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT count(*) FROM auth_sends"), 1);
}

TEST_P(Signups, AreFoundAlongAnIndexHoweverManyThereAre) {
  using mortise::testing::kManyRows;
  database().fill("auth_signups", kManyRows,
                  {{"email", "'a' || n || '@x.org'"},
                   {"id", "'id-' || n"},
                   {"username", "'user' || n"},
                   {"username_folded", "'user' || n"},
                   {"password_hash", "'hash'"},
                   {"redirect_to", "''"},
                   {"code_mac", "'mac'"},
                   {"code_expires_at", "n"},
                   {"tries", "0"},
                   {"claimed_until", "0"},
                   {"created_at", "n"},
                   {"expires_at", "n"}});
  database().fill("auth_sends", kManyRows,
                  {{"address_key", "'key of a' || n || '@x.org'"},
                   {"last_sent_at", "n"},
                   {"window_started_at", "n"},
                   {"window_count", "1"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.waitFor("key of a7@x.org", 1);
    store_.usernameHeld("user7", "a8@x.org", 1);
    const auto kept = keep("a7@x.org", "user8", 7).signup;
    renew("a9@x.org", "m", kNoon);
    store_.giveBack("key of a9@x.org", kNoon);
    claim("a9@x.org", "m", kNoon);
    store_.find("a9@x.org", kNoon);
    if (kept) store_.release(*kept);
    if (kept) store_.finish(*kept);
    store_.purge(7);
  }));
}

}  // namespace
}  // namespace auth
