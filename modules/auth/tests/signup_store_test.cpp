#include "../signup_store.hpp"

#include <gtest/gtest.h>
#include <mortise/json.hpp>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

constexpr std::int64_t kSecond = 1000000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kNoon = 20000 * kDay + 12 * kHour;

class Signups : public mortise::testing::DatabaseTest {
 protected:
  Signups() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  // Asked for by the network "home" unless said otherwise.
  static MailKeys keysOf(const std::string& email, const std::string& network = "home") {
    return {"key of " + email, "key of " + email + " and " + network};
  }
  static SignupStore::MakeCode code(const std::string& mac) {
    return [mac](const Signup&) { return mac; };
  }
  SignupStore::Taken attempt(const std::string& email, const std::string& name, const std::string& network,
                             std::int64_t now, bool hasAccount = false) {
    return store_.keep({"id-" + name + " " + email, email, name, "hash of " + name, "", now}, name,
                       keysOf(email, network), hasAccount, code("mac of " + name), now);
  }
  SignupStore::Taken keep(const std::string& email, const std::string& name, std::int64_t now,
                          bool hasAccount = false) {
    return attempt(email, name, "home", now, hasAccount);
  }
  SignupStore::Taken renew(const std::string& email, const std::string& mac, std::int64_t now,
                           const std::string& network = "home") {
    return store_.renew(email, keysOf(email, network), code(mac), now);
  }
  std::int64_t waitFor(const std::string& email, std::int64_t now, const std::string& network = "home") {
    return store_.waitFor(keysOf(email, network), now);
  }
  std::optional<Signup> claim(const std::string& email, const std::string& mac, std::int64_t now) {
    return store_.claim(
        email, "key of " + email, [&](const std::string& stored) { return stored == mac; }, now);
  }
  std::vector<std::string> namesOf(const std::string& email) {
    std::vector<std::string> names;
    for (const auto& name : db().query<std::string>(
             "SELECT username FROM auth_signups WHERE email = :email ORDER BY username", {{"email", email}}))
      names.push_back(name);
    return names;
  }

  SignupRules rules_{10 * kMinute, kMinute, kDay, 5, 15, 5};
  SignupStore store_{db(), rules_};
};
MORTISE_ON_EVERY_DATABASE(Signups);

TEST(Signup, ShowsNeitherHashNorCode) {
  Signup signup;
  signup.username = "ada";
  signup.passwordHash = "the hash";
  signup.codeMac = "the mac";
  const auto shown = mortise::json::from(signup).build().text();
  EXPECT_NE(shown.find("ada"), std::string::npos);
  for (const char* part : {"the hash", "the mac", "password_hash", "code_mac"})
    EXPECT_EQ(shown.find(part), std::string::npos) << shown;
}

TEST_P(Signups, AreKeptAndFoundUntilTheyExpire) {
  EXPECT_EQ(keep("a@x.org", "ada", kNoon).signups.size(), 1U);
  const auto found = store_.find("a@x.org", kNoon + kDay - 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "id-ada a@x.org");
  EXPECT_EQ(found->username, "ada");
  EXPECT_EQ(found->createdAt, kNoon);
  EXPECT_FALSE(store_.find("a@x.org", kNoon + kDay));
}

TEST_P(Signups, OfOneAddressAreSeveralEachWithItsNameAndPassword) {
  attempt("a@x.org", "ada", "home", kNoon);
  attempt("a@x.org", "mallory", "elsewhere", kNoon + kSecond);
  EXPECT_EQ(namesOf("a@x.org"), (std::vector<std::string>{"ada", "mallory"}));
  EXPECT_EQ(store_.find("a@x.org", kNoon + kSecond)->username, "mallory") << "the newest";
  const auto ada = claim("a@x.org", "mac of ada", kNoon + kSecond);
  ASSERT_TRUE(ada);
  EXPECT_EQ((std::pair{ada->username, ada->passwordHash}), (std::pair<std::string, std::string>{"ada", "hash of ada"}));
  store_.finish(*ada);
  EXPECT_TRUE(namesOf("a@x.org").empty()) << "the others end with it";
  EXPECT_FALSE(claim("a@x.org", "mac of mallory", kNoon + kSecond));
}

TEST_P(Signups, MayAskForTheSameNameAgainAtTheSameAddress) {
  keep("a@x.org", "ada", kNoon);
  const auto again = store_.keep({"id-again", "a@x.org", "ada", "another hash", "", kNoon}, "ada",
                                 keysOf("a@x.org", "elsewhere"), false, code("m"), kNoon);
  EXPECT_EQ(again.signups.size(), 1U);
  EXPECT_EQ(claim("a@x.org", "m", kNoon)->passwordHash, "another hash");
}

TEST_P(Signups, OfOneAddressAreThreeAtMostAndANetworkReplacesItsOwn) {
  attempt("a@x.org", "ada", "home", kNoon);
  for (int i = 0; i < 4; ++i) attempt("a@x.org", "mallory" + std::to_string(i), "elsewhere", kNoon + (i + 1) * kMinute);
  EXPECT_EQ(namesOf("a@x.org"), (std::vector<std::string>{"ada", "mallory2", "mallory3"}));
  attempt("a@x.org", "ada2", "office", kNoon + 6 * kMinute);
  EXPECT_EQ(namesOf("a@x.org"), (std::vector<std::string>{"ada", "ada2", "mallory3"})) << "who asked most gives way";
  EXPECT_TRUE(claim("a@x.org", "mac of ada", kNoon + 6 * kMinute)) << "the owner's first code lives";
  attempt("a@x.org", "ada3", "train", kNoon + 10 * kMinute);
  EXPECT_EQ(namesOf("a@x.org"), (std::vector<std::string>{"ada2", "ada3", "mallory3"})) << "expired codes first";
}

TEST_P(Signups, OfOneAddressNeverHaveTheSameCode) {
  keep("a@x.org", "ada", kNoon);
  int calls = 0;
  const auto other = store_.keep(
      {"id-2", "a@x.org", "bob", "h", "", kNoon}, "bob", keysOf("a@x.org", "elsewhere"), false,
      [&](const Signup&) { return ++calls == 1 ? "mac of ada" : "another"; }, kNoon);
  EXPECT_EQ(other.signups.at(0).codeMac, "another");
  calls = 0;
  const auto renewed = store_.renew(
      "a@x.org", keysOf("a@x.org", "office"), [&](const Signup&) { return std::to_string(++calls / 2); }, kNoon);
  ASSERT_EQ(renewed.signups.size(), 2U);
  EXPECT_NE(renewed.signups[0].codeMac, renewed.signups[1].codeMac);
}

TEST_P(Signups, AreRenewedTogether) {
  attempt("a@x.org", "ada", "home", kNoon);
  attempt("a@x.org", "mallory", "elsewhere", kNoon + 5 * kMinute);
  const SignupStore::MakeCode fresh = [](const Signup& signup) { return "new mac of " + signup.username; };
  const auto both = store_.renew("a@x.org", keysOf("a@x.org"), fresh, kNoon + 6 * kMinute);
  EXPECT_EQ(both.signups.size(), 2U);
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon + 6 * kMinute));
  EXPECT_EQ(claim("a@x.org", "new mac of ada", kNoon + 6 * kMinute)->username, "ada");
  EXPECT_EQ(claim("a@x.org", "new mac of mallory", kNoon + 6 * kMinute)->username, "mallory");
}

TEST_P(Signups, AreRenewedWithoutThoseWhoseCodeHasExpiredUnlessAllHave) {
  attempt("a@x.org", "mallory", "elsewhere", kNoon);
  attempt("a@x.org", "ada", "home", kNoon + 8 * kMinute);
  const auto live = renew("a@x.org", "m", kNoon + 12 * kMinute);
  ASSERT_EQ(live.signups.size(), 1U);
  EXPECT_EQ(live.signups[0].username, "ada");
  const SignupStore::MakeCode fresh = [](const Signup& signup) { return "new mac of " + signup.username; };
  EXPECT_EQ(store_.renew("a@x.org", keysOf("a@x.org"), fresh, kNoon + 2 * kHour).signups.size(), 2U);
}

TEST_P(Signups, AreCountedForEachNetworkAndInAll) {
  for (int network = 0; network < 3; ++network) {
    const auto name = "network" + std::to_string(network);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(renew("a@x.org", "m", kNoon + i * kMinute, name).wait, 0) << name << i;
    EXPECT_GT(renew("a@x.org", "m", kNoon + 5 * kMinute, name).wait, 0);
    if (network == 2) continue;
    EXPECT_EQ(waitFor("a@x.org", kNoon, "the owner's"), 0) << "a stranger's mails are no one else's";
  }
  EXPECT_EQ(waitFor("a@x.org", kNoon + 5 * kMinute, "a fourth"), 55 * kMinute) << "fifteen in all";
  EXPECT_EQ(renew("a@x.org", "m", kNoon + 5 * kMinute, "a fourth").wait, 55 * kMinute);
  EXPECT_EQ(renew("a@x.org", "m", kNoon + kHour, "a fourth").wait, 0);
}

TEST_P(Signups, MayBeMailedAgainAfterTheCoolDownToTheMicrosecond) {
  EXPECT_EQ(waitFor("a@x.org", kNoon), 0);
  EXPECT_EQ(keep("a@x.org", "ada", kNoon).wait, 0);
  EXPECT_EQ(waitFor("a@x.org", kNoon + 1), kMinute - 1);
  EXPECT_EQ(renew("a@x.org", "m2", kNoon + kMinute - 1).wait, 1);
  EXPECT_TRUE(claim("a@x.org", "mac of ada", kNoon + kMinute - 1)) << "a refused mail changes nothing";
  EXPECT_EQ(renew("a@x.org", "m2", kNoon + kMinute).wait, 0);
}

TEST_P(Signups, CountFiveMailsAnHourWhetherThereIsASignUpOrNot) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(renew("nobody@x.org", "m", kNoon + i * kMinute).wait, 0) << i;
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + 10 * kMinute).wait, 50 * kMinute);
  EXPECT_EQ(keep("nobody@x.org", "ada", kNoon + 10 * kMinute, true).wait, 50 * kMinute);
  EXPECT_EQ(waitFor("nobody@x.org", kNoon + 10 * kMinute), 50 * kMinute);
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + kHour).wait, 0);
  EXPECT_EQ(renew("nobody@x.org", "m", kNoon + kHour + kMinute).wait, 0);
}

TEST_P(Signups, GiveAMailBackThatDidNotGoOut) {
  for (int i = 0; i < 20; ++i) {
    const auto now = kNoon + i * kSecond;
    ASSERT_EQ(renew("a@x.org", "m", now).wait, 0) << i;
    store_.releaseMail(keysOf("a@x.org"), now);
  }
  renew("a@x.org", "m", kNoon + kMinute);
  store_.releaseMail(keysOf("a@x.org"), kNoon);  // not the one that counts now
  EXPECT_GT(renew("a@x.org", "m", kNoon + kMinute + 1).wait, 0);
}

TEST_P(Signups, DoNotLockAnAddressWhenTheClockWasSetBack) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_EQ(waitFor("a@x.org", kNoon - kDay), 0);
  EXPECT_EQ(renew("a@x.org", "m", kNoon - kDay).wait, 0);
  EXPECT_EQ(renew("a@x.org", "m", kNoon - kDay + 1).wait, kMinute - 1);
}

TEST_P(Signups, HoldTheirNameAgainstOtherAddressesUntilTheyExpire) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_TRUE(store_.usernameHeld("ada", "b@x.org", kNoon));
  EXPECT_FALSE(store_.usernameHeld("ada", "a@x.org", kNoon));
  EXPECT_TRUE(keep("b@x.org", "ada", kNoon).usernameTaken);
  EXPECT_EQ(waitFor("b@x.org", kNoon), 0) << "a refused name costs no cool-down";
  EXPECT_FALSE(store_.usernameHeld("ada", "b@x.org", kNoon + kDay));
  EXPECT_EQ(keep("b@x.org", "ada", kNoon + kDay).signups.size(), 1U);
  EXPECT_FALSE(store_.find("a@x.org", kNoon + kDay));
}

TEST_P(Signups, OfAnAddressWithAnAccountAreNotKept) {
  const auto taken = keep("a@x.org", "ada", kNoon, true);
  EXPECT_EQ(taken.wait, 0);
  EXPECT_TRUE(taken.signups.empty());
  EXPECT_FALSE(store_.find("a@x.org", kNoon));
}

TEST_P(Signups, AreClaimedByOneOfTwoWithTheRightCode) {
  keep("a@x.org", "ada", kNoon);
  const auto first = claim("a@x.org", "mac of ada", kNoon);
  ASSERT_TRUE(first);
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon));
  store_.release(*first);
  EXPECT_TRUE(claim("a@x.org", "mac of ada", kNoon)) << "released";
  EXPECT_TRUE(claim("a@x.org", "mac of ada", kNoon + kMinute)) << "left behind by a crash";
  store_.finish(*first);
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon + 2 * kMinute));
}

TEST_P(Signups, AreNotReleasedFromANewerClaim) {
  keep("a@x.org", "ada", kNoon);
  const auto old = claim("a@x.org", "mac of ada", kNoon);
  renew("a@x.org", "m2", kNoon + kMinute);
  ASSERT_TRUE(claim("a@x.org", "m2", kNoon + kMinute));
  store_.release(*old);
  EXPECT_FALSE(claim("a@x.org", "m2", kNoon + kMinute));
}

TEST_P(Signups, DieAtTheFifthWrongTryAndANewCodeHasFiveAgain) {
  keep("a@x.org", "ada", kNoon);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  const auto right = claim("a@x.org", "mac of ada", kNoon);
  ASSERT_TRUE(right) << "the right code costs no try";
  store_.release(*right);
  EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon));
  renew("a@x.org", "m2", kNoon + kMinute);
  EXPECT_TRUE(claim("a@x.org", "m2", kNoon + kMinute));
}

TEST_P(Signups, LoseATryEachAtAWrongCode) {
  attempt("a@x.org", "ada", "home", kNoon);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  attempt("a@x.org", "mallory", "elsewhere", kNoon);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon)) << "five wrong tries";
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(claim("a@x.org", "wrong", kNoon));
  EXPECT_FALSE(claim("a@x.org", "mac of mallory", kNoon)) << "the right code of a dead one is a wrong try as well";
}

TEST_P(Signups, HaveCodesThatExpire) {
  keep("a@x.org", "ada", kNoon);
  EXPECT_FALSE(claim("a@x.org", "mac of ada", kNoon + 10 * kMinute));
  EXPECT_TRUE(claim("a@x.org", "mac of ada", kNoon + 10 * kMinute - 1));
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
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT count(*) FROM auth_sends"), 2) << "for the network, and in all";
}

TEST_P(Signups, AreFoundAlongAnIndexHoweverManyThereAre) {
  using mortise::testing::kManyRows;
  database().fill("auth_signups", kManyRows,
                  {{"email", "'a' || (n / 2) || '@x.org'"},
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
    waitFor("a7@x.org", 1);
    store_.usernameHeld("user7", "a8@x.org", 1);
    keep("a7@x.org", "user14", 7);
    renew("a9@x.org", "m", kNoon);
    store_.releaseMail(keysOf("a9@x.org"), kNoon);
    claim("a9@x.org", "m", 7);
    const auto kept = store_.find("a9@x.org", 7);
    if (kept) store_.release(*kept);
    if (kept) store_.finish(*kept);
    store_.purge(7);
  }));
}

}  // namespace
}  // namespace auth
