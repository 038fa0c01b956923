// API keys and cookie sessions on SQLite and PostgreSQL, against real databases.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/identity/databases_testing.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/problem_testing.hpp"

namespace mortise::identity {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

class PrincipalsTest : public DatabasesTest {
 protected:
  void SetUp() override {
    openDatabase({"mortise_users", "mortise_sessions", "mortise_api_keys", "mortise_cookie_sessions"});
    if (IsSkipped()) return;
    options_.secret = std::string(32, 'k');
    options_.argon2Memory = 64 << 10;
    options_.argon2Passes = 1;
    options_.revisionFile = directory_.path() + "/identity.revision";
    identity_ = std::make_unique<Identity>(*database_, options_);
    identity_->grant({{"notes.read", {"user"}}});
    NewUser ada;
    ada.username = "ada";
    user_ = identity_->create(ada);
  }
  std::string stored(const std::string& sqlText) {
    const db::ColumnType types[] = {db::ColumnType::text};
    const auto connection = database_->lease(db::Access::read);
    const auto rows = connection->query(sqlText, {}, types);
    return rows->next() ? std::string(rows->text(0)) : std::string();
  }

  ApiKeys& keys() { return identity_->apiKeys(); }
  CookieSessions& cookies() { return identity_->cookieSessions(); }

  NewApiKey newKey(KeyKind kind = KeyKind::user) const {
    NewApiKey key;
    key.userId = user_.id;
    key.name = "ci";
    key.kind = kind;
    if (kind == KeyKind::service) key.scopes = {"notes:read"};
    return key;
  }
  std::string mint(const NewApiKey& key, ApiKey* record = nullptr) {
    std::string raw;
    const ApiKey minted = keys().mint(key, raw);
    if (record) *record = minted;
    return raw;
  }
  PrincipalPtr byKey(const std::string& raw) {
    const std::string header = "Bearer " + raw;
    Credentials credentials;
    credentials.authorization = header;
    credentials.address = "192.0.2.7";
    return identity_->authenticate(credentials);
  }
  PrincipalPtr fastByKey(const std::string& raw) {
    const std::string header = "Bearer " + raw;
    Credentials credentials;
    credentials.authorization = header;
    return identity_->authenticateFast(credentials);
  }
  std::string refusal(const std::string& raw) {
    return problemOf([&] { byKey(raw); });
  }
  PrincipalPtr byCookie(const std::string& cookie) {
    Credentials credentials;
    credentials.sessionCookie = cookie;
    return identity_->authenticate(credentials);
  }
  PrincipalPtr fastByCookie(const std::string& cookie) {
    Credentials credentials;
    credentials.sessionCookie = cookie;
    return identity_->authenticateFast(credentials);
  }

  Options options_;
  std::unique_ptr<Identity> identity_;
  User user_;
};

INSTANTIATE_TEST_SUITE_P(Both, PrincipalsTest, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& which) {
                           return which.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

TEST_P(PrincipalsTest, AKeyIsToldOnceAndStoredAsItsHash) {
  ApiKey record;
  const std::string raw = mint(newKey(), &record);
  EXPECT_EQ(raw.size(), 39u);
  EXPECT_TRUE(raw.starts_with("sk_sfs_"));
  EXPECT_EQ(raw.find_first_not_of("0123456789abcdef", 7), std::string::npos) << raw;
  EXPECT_EQ(record.prefix, raw.substr(0, 12));
  EXPECT_EQ(stored("SELECT key_hash FROM mortise_api_keys"), text::hex(sha256(raw)));
  EXPECT_EQ(keys().find(raw)->id, record.id);
  EXPECT_FALSE(keys().find(raw + " "));
  EXPECT_FALSE(keys().find(record.prefix));
  EXPECT_NE(mint(newKey()), raw);
}

TEST_P(PrincipalsTest, AUsersKeyHasTheRightsOfItsUser) {
  ApiKey record;
  const std::string raw = mint(newKey(), &record);
  const auto principal = byKey(raw);
  EXPECT_EQ(principal->credential, Credential::key);
  EXPECT_EQ(principal->userId, user_.id);
  EXPECT_EQ(principal->keyId, record.id);
  EXPECT_EQ(principal->kind, KeyKind::user);
  EXPECT_TRUE(principal->scopes->contains("*"));
  EXPECT_TRUE(principal->permitted("notes.read"));
  EXPECT_FALSE(principal->permitted("notes.write"));
}

TEST_P(PrincipalsTest, AServiceKeyHoldsNoPermissionByItself) {
  auto service = newKey(KeyKind::service);
  service.orgId = "org1";
  service.projectIds = {"p1", "p\"2"};
  const auto principal = byKey(mint(service));
  EXPECT_TRUE(principal->isServiceKey());
  EXPECT_EQ(principal->keyName, "ci");
  EXPECT_EQ(principal->keyOrgId, "org1");
  EXPECT_EQ(principal->keyProjectIds, "[\"p1\",\"p\\\"2\"]");
  EXPECT_FALSE(principal->permitted("notes.read"));
  EXPECT_TRUE(principal->accountPermitted("notes.read"));
  EXPECT_EQ(keys().list({}, "org1").at(0).projectIds, (std::vector<std::string>{"p1", "p\"2"}));
  EXPECT_TRUE(keys().list(user_.id, "org2").empty());
}

TEST_P(PrincipalsTest, MintingRefusesWhatCouldNeverWork) {
  auto noScopes = newKey(KeyKind::service);
  noScopes.scopes.clear();
  EXPECT_EQ(problemOf([&] { mint(noScopes); }), "422 validation_failed");
  auto dead = newKey();
  dead.expiresAt = nowMicros() - 1;
  EXPECT_EQ(problemOf([&] { mint(dead); }), "422 validation_failed");
  auto stranger = newKey();
  stranger.userId = "nobody";
  EXPECT_EQ(problemOf([&] { mint(stranger); }), "404 user_not_found");
  UserChange ban;
  ban.status = "banned";
  identity_->change(user_.id, ban);
  EXPECT_EQ(problemOf([&] { mint(newKey()); }), "403 account_disabled");
}

TEST_P(PrincipalsTest, ARefusedKeyIsToldWhyInThePromisedOrder) {
  EXPECT_EQ(refusal("sk_sfs_00000000000000000000000000000000"), "401 not_authenticated");
  EXPECT_EQ(refusal("sk_nonsense"), "401 not_authenticated");
  ApiKey record;
  const std::string raw = mint(newKey(), &record);
  EXPECT_EQ(refusal(raw), "none");
  UserChange ban;
  ban.status = "banned";
  identity_->change(user_.id, ban);
  EXPECT_EQ(refusal(raw), "403 account_disabled");
  sql("UPDATE mortise_api_keys SET expires_at = 1");
  EXPECT_EQ(refusal(raw), "401 api_key_expired");
  keys().deactivate(user_.id, record.id);
  EXPECT_EQ(refusal(raw), "401 not_authenticated");
  EXPECT_EQ(keys().revoke(record.id, "leaked").revokeReason, "leaked");
  EXPECT_EQ(refusal(raw), "401 api_key_revoked");
}

TEST_P(PrincipalsTest, AnAccountThatPassesToSomebodyElseKeepsNoKey) {
  const std::string mine = mint(newKey());
  const std::string service = mint(newKey(KeyKind::service));
  NewUser other;
  other.username = "other";
  auto theirs = newKey();
  theirs.userId = identity_->create(other).id;
  const std::string stays = mint(theirs);
  UserChange change;
  change.emailConfirmedAt = nowMicros();
  identity_->change(user_.id, change);
  EXPECT_EQ(refusal(mine), "none");
  change.endKeys = true;
  identity_->change(user_.id, change);
  EXPECT_EQ(refusal(mine), "401 not_authenticated");
  EXPECT_EQ(refusal(service), "401 not_authenticated");
  EXPECT_EQ(refusal(stays), "none");
}

TEST_P(PrincipalsTest, AKeyWhoseOwnerIsGoneIsRefused) {
  const std::string raw = mint(newKey());
  identity_->remove(user_.id);
  EXPECT_EQ(refusal(raw), "401 not_authenticated");
}

TEST_P(PrincipalsTest, ASecondRevocationKeepsTheFirst) {
  ApiKey record;
  mint(newKey(), &record);
  const auto first = keys().revoke(record.id, "leaked");
  const auto second = keys().revoke(record.id, "again");
  EXPECT_EQ(second.revokedAt, first.revokedAt);
  EXPECT_EQ(second.revokeReason, "leaked");
  EXPECT_EQ(problemOf([&] { keys().revoke("none", "x"); }), "404 api_key_not_found");
  EXPECT_EQ(problemOf([&] { keys().deactivate("somebody", record.id); }), "404 api_key_not_found");
  EXPECT_EQ(problemOf([&] { keys().deactivate({}, record.id); }), "none");
  EXPECT_FALSE(keys().list(user_.id).at(0).active);
}

TEST_P(PrincipalsTest, AKeyThatAKeyMintedEndsNoLaterAndIsRevokedWithIt) {
  const auto now = nowMicros();
  ApiKey minter, child, grandchild, other;
  auto wish = newKey();
  wish.expiresAt = now + 3600 * kSecond;
  const auto minterRaw = mint(wish, &minter);
  wish = newKey();
  wish.mintedWith = minter.id;
  const auto childRaw = mint(wish, &child);
  EXPECT_EQ(child.expiresAt, minter.expiresAt);
  wish.expiresAt = now + 7200 * kSecond;
  mint(wish, &other);
  EXPECT_EQ(other.expiresAt, minter.expiresAt);
  wish.expiresAt = now + 60 * kSecond;
  mint(wish, &other);
  EXPECT_EQ(other.expiresAt, now + 60 * kSecond) << "an earlier end stays";
  wish.expiresAt = 0;
  wish.mintedWith = child.id;
  const auto grandchildRaw = mint(wish, &grandchild);
  EXPECT_EQ(grandchild.expiresAt, minter.expiresAt);

  const auto strangerRaw = mint(newKey());
  keys().deactivate(user_.id, child.id);
  EXPECT_EQ(refusal(grandchildRaw), "none") << "switching a key off leaves those alone that it minted";
  keys().revoke(minter.id, "lost");
  for (const auto& raw : {minterRaw, childRaw, grandchildRaw}) EXPECT_EQ(refusal(raw), "401 api_key_revoked");
  EXPECT_EQ(refusal(strangerRaw), "none");
  std::map<std::string, std::string> reasons;
  for (const auto& key : keys().list(user_.id)) reasons[key.id] = key.revokeReason;
  EXPECT_EQ(reasons[grandchild.id], "minted with a key that was revoked: lost");
  EXPECT_EQ(reasons[minter.id], "lost");
  // Of the three kinds of dead minters none mints.
  std::string raw;
  EXPECT_EQ(problemOf([&] { keys().mint(wish, raw); }), "401 api_key_revoked");
  wish.mintedWith = "no-such-key";
  EXPECT_EQ(problemOf([&] { keys().mint(wish, raw); }), "401 not_authenticated");
  ApiKey off;
  mint(newKey(), &off);
  keys().deactivate(user_.id, off.id);
  wish.mintedWith = off.id;
  EXPECT_EQ(problemOf([&] { keys().mint(wish, raw); }), "401 not_authenticated");
}

TEST_P(PrincipalsTest, UseIsRecordedOnceAMinute) {
  ApiKey record;
  const std::string raw = mint(newKey(), &record);
  EXPECT_EQ(keys().find(raw)->lastUsedAt, 0);
  byKey(raw);
  const auto used = *keys().find(raw);
  EXPECT_GT(used.lastUsedAt, 0);
  EXPECT_EQ(used.lastUsedIp, "192.0.2.7");
  keys().recordUse(used, "192.0.2.8", used.lastUsedAt + 59 * kSecond);
  EXPECT_EQ(keys().find(raw)->lastUsedIp, "192.0.2.7");
  keys().recordUse(used, std::string(60, '1'), used.lastUsedAt + 60 * kSecond);
  EXPECT_EQ(keys().find(raw)->lastUsedIp, std::string(45, '1'));
}

TEST_P(PrincipalsTest, AKnownKeyIsAnsweredFromMemoryUntilItIsRevokedAnywhere) {
  const auto other = std::make_unique<Identity>(*database_, options_);  // another process on the same data
  ApiKey record;
  const std::string raw = mint(newKey(), &record);
  EXPECT_EQ(fastByKey(raw), nullptr);
  const auto principal = byKey(raw);
  EXPECT_EQ(fastByKey(raw), principal);
  other->apiKeys().revoke(record.id, "leaked");
  EXPECT_EQ(fastByKey(raw), nullptr);
  EXPECT_EQ(refusal(raw), "401 api_key_revoked");

  ApiKey second;
  const std::string rawSecond = mint(newKey(), &second);
  byKey(rawSecond);
  ASSERT_NE(fastByKey(rawSecond), nullptr);
  other->apiKeys().deactivate(user_.id, second.id);
  EXPECT_EQ(fastByKey(rawSecond), nullptr);
}

TEST_P(PrincipalsTest, OnlyACookieThatWeSignedNamesASession) {
  const auto now = nowMicros();
  const auto session = cookies().openAnonymous(now);
  const std::string cookie = cookies().cookie(session);
  EXPECT_GE(session.id.size(), 32u);
  EXPECT_EQ(cookies().find(cookie, now)->id, session.id);
  EXPECT_EQ(cookies().setCookie(session), "whalefall_session=" + cookie + "; HttpOnly; Path=/; SameSite=Lax");
  std::string forged = cookie;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {forged, session.id, session.id + ".", std::string("."), std::string(5000, 'x'), cookie + "=", std::string()}) {
    EXPECT_FALSE(cookies().find(bad, now)) << bad;
  }
  const auto nobody = fastByCookie(forged);
  ASSERT_NE(nobody, nullptr) << "a forged cookie costs no database";
  EXPECT_FALSE(nobody->signedIn());
  EXPECT_FALSE(byCookie(cookie)->signedIn()) << "anonymous";
  Options others = options_;
  others.secret = std::string(32, 'x');
  const auto stranger = std::make_unique<Identity>(*database_, others);
  EXPECT_FALSE(stranger->cookieSessions().find(cookie, now));
}

TEST_P(PrincipalsTest, SigningInTakesANewIdAndANewCsrfSecret) {
  const auto now = nowMicros();
  const auto before = cookies().openAnonymous(now);
  const std::string planted = cookies().csrfToken(before, now - kSecond);
  const std::string token = cookies().csrfToken(before, now);
  const auto after = cookies().bindUser(cookies().cookie(before), user_.id, now, token);
  EXPECT_NE(after.id, before.id);
  EXPECT_NE(after.csrfSecret, before.csrfSecret);
  EXPECT_FALSE(byCookie(cookies().cookie(before))->signedIn());
  const auto stored = cookies().find(cookies().cookie(after), now);
  ASSERT_TRUE(stored);
  EXPECT_TRUE(cookies().checkCsrf(*stored, token, now)) << "the browser signed in with it";
  EXPECT_FALSE(cookies().checkCsrf(*stored, planted, now)) << "fetched before, perhaps by who planted the cookie";
  EXPECT_FALSE(cookies().checkCsrf(*stored, token, now + 3600 * kSecond + 1));
  EXPECT_TRUE(cookies().checkCsrf(*stored, cookies().csrfToken(*stored, now), now));
  const auto principal = byCookie(cookies().cookie(after));
  EXPECT_EQ(principal->credential, Credential::cookie);
  EXPECT_EQ(principal->userId, user_.id);
  EXPECT_EQ(principal->sessionId, after.id);
  EXPECT_TRUE(principal->permitted("notes.read"));
}

TEST_P(PrincipalsTest, OfTheTokensBeforeOnlyThatOfTheSignInGoesOn) {
  const auto now = nowMicros();
  const auto other = cookies().openAnonymous(now);
  const auto mine = cookies().openAnonymous(now);
  const std::string foreign = cookies().csrfToken(other, now);
  const std::string expired = cookies().csrfToken(mine, now - 3601 * kSecond);
  for (const std::string& bad : {foreign, expired, std::string("garbled"), std::string()}) {
    const auto session = cookies().bindUser(cookies().cookie(mine), user_.id, now, bad);
    EXPECT_EQ(session.loginToken, "") << bad;
    EXPECT_FALSE(cookies().checkCsrf(session, bad, now)) << bad;
  }
  // Once more, from a signed-in session: a new password does that.
  const std::string first = cookies().csrfToken(mine, now);
  auto session = cookies().bindUser(cookies().cookie(mine), user_.id, now, first);
  const std::string second = cookies().csrfToken(session, now);
  session = cookies().bindUser(cookies().cookie(session), user_.id, now, first);
  EXPECT_TRUE(cookies().checkCsrf(session, first, now));
  EXPECT_FALSE(cookies().checkCsrf(session, second, now));
}

TEST_P(PrincipalsTest, NothingIsStoredBeforeSomebodySignsIn) {
  const auto now = nowMicros();
  const auto session = cookies().openAnonymous(now);
  const std::string cookie = cookies().cookie(session);
  cookies().findOrOpen(cookie, now);
  cookies().findOrOpen({}, now);
  cookies().findOrOpen("garbled", now);
  cookies().recordUse(session, now + 120 * kSecond);
  EXPECT_FALSE(cookies().close(cookie, now));
  EXPECT_EQ(stored("SELECT CAST(count(*) AS TEXT) FROM mortise_cookie_sessions"), "0");
  EXPECT_NE(fastByCookie(cookie), nullptr) << "it costs no database";
  EXPECT_EQ(cookies().find(cookie, now)->csrfSecret, session.csrfSecret);
  cookies().bindUser(cookie, user_.id, now);
  EXPECT_EQ(stored("SELECT CAST(count(*) AS TEXT) FROM mortise_cookie_sessions"), "1");
}

TEST_P(PrincipalsTest, AnAnonymousSessionLastsADayAndOutlivesItsTokens) {
  const auto now = nowMicros() / kSecond * kSecond;
  const auto session = cookies().openAnonymous(now);
  const std::string cookie = cookies().cookie(session);
  EXPECT_TRUE(cookies().find(cookie, now + 86'399 * kSecond));
  EXPECT_FALSE(cookies().find(cookie, now + 86'400 * kSecond));
  EXPECT_TRUE(cookies().find(cookie, now - 60 * kSecond)) << "the clocks of servers differ by seconds";
  EXPECT_FALSE(cookies().find(cookie, now - 61 * kSecond));
  EXPECT_EQ(cookies().findOrOpen(cookie, now + 82'800 * kSecond).id, session.id);
  EXPECT_NE(cookies().findOrOpen(cookie, now + 82'801 * kSecond).id, session.id);
}

TEST_P(PrincipalsTest, AnAnonymousCookieIsNoStoredOneAndViceVersa) {
  const auto now = nowMicros();
  auto session = cookies().openAnonymous(now);
  session.stored = true;
  EXPECT_FALSE(cookies().find(cookies().cookie(session), now));
  auto signedIn = cookies().bindUser({}, user_.id, now);
  signedIn.stored = false;
  const auto found = cookies().find(cookies().cookie(signedIn), now);
  EXPECT_TRUE(!found || found->userId.empty());
}

TEST_P(PrincipalsTest, AnAnonymousSessionThatAnEarlierVersionStoredGoesOn) {
  const auto now = nowMicros();
  auto session = cookies().openAnonymous(now);
  session.stored = true;
  const std::string cookie = cookies().cookie(session);
  sql("INSERT INTO mortise_cookie_sessions (id, csrf_secret, created_at, last_seen_at, expires_at) VALUES ('" +
      session.id + "', 'secret', 1, 1, " + std::to_string(now + kSecond) + ")");
  const auto found = cookies().findOrOpen(cookie, now);
  EXPECT_EQ(found.id, session.id);
  EXPECT_EQ(found.csrfSecret, "secret");
}

TEST_P(PrincipalsTest, SigningOutKeepsTheSessionAndItsCsrfTokens) {
  const auto now = nowMicros();
  const auto session = cookies().bindUser({}, user_.id, now);
  const std::string cookie = cookies().cookie(session);
  const std::string token = cookies().csrfToken(session, now);
  ASSERT_TRUE(byCookie(cookie)->signedIn());
  ASSERT_NE(fastByCookie(cookie), nullptr);
  EXPECT_TRUE(cookies().close(cookie, now));
  EXPECT_EQ(fastByCookie(cookie), nullptr) << "known from memory after signing out";
  EXPECT_FALSE(byCookie(cookie)->signedIn());
  const auto stored = cookies().find(cookie, now);
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->userId.empty());
  EXPECT_TRUE(cookies().checkCsrf(*stored, token, now));
  EXPECT_FALSE(cookies().close(cookie, now));
  EXPECT_FALSE(cookies().close("forged", now));
}

TEST_P(PrincipalsTest, ACsrfTokenHoldsForItsSessionForAnHour) {
  const auto now = nowMicros();
  const auto mine = cookies().openAnonymous(now);
  const auto others = cookies().openAnonymous(now);
  const std::string token = cookies().csrfToken(mine, now);
  EXPECT_NE(cookies().csrfToken(mine, now + 1), token);
  EXPECT_TRUE(cookies().checkCsrf(mine, token, now));
  EXPECT_TRUE(cookies().checkCsrf(mine, token, now)) << "any number of times";
  EXPECT_TRUE(cookies().checkCsrf(mine, token, now + 3600 * kSecond));
  EXPECT_FALSE(cookies().checkCsrf(mine, token, now + 3600 * kSecond + 1));
  EXPECT_FALSE(cookies().checkCsrf(others, token, now));
  const auto dot = token.find('.');
  EXPECT_FALSE(cookies().checkCsrf(mine, std::to_string(now + 1) + token.substr(dot), now)) << "another time";
  EXPECT_FALSE(cookies().checkCsrf(mine, cookies().csrfToken(mine, now + 3600 * kSecond), now)) << "from the future";
  for (const std::string bad : {"", ".", "x", "x.y"}) EXPECT_FALSE(cookies().checkCsrf(mine, bad, now)) << bad;
}

TEST_P(PrincipalsTest, ASessionEndsWhenUnusedForLongAndUseMovesItsEndOn) {
  const auto now = nowMicros();
  const auto session = cookies().bindUser({}, user_.id, now);
  const std::string cookie = cookies().cookie(session);
  EXPECT_EQ(session.expiresAt, now + 7 * (86400 * kSecond));
  EXPECT_FALSE(cookies().find(cookie, session.expiresAt));
  cookies().recordUse(session, now + 59 * kSecond);
  EXPECT_EQ(cookies().find(cookie, now)->expiresAt, session.expiresAt);
  cookies().recordUse(session, now + 60 * kSecond);
  EXPECT_EQ(cookies().find(cookie, now)->expiresAt, session.expiresAt + 60 * kSecond);
  sql("UPDATE mortise_cookie_sessions SET expires_at = 1");
  EXPECT_EQ(identity_->cleanUp(), 1);
}

TEST_P(PrincipalsTest, BansNewPasswordsAndRemovalEndCookieSessions) {
  const auto now = nowMicros();
  const auto opened = [&] { return cookies().cookie(cookies().bindUser({}, user_.id, now)); };
  const std::string first = opened();
  identity_->setPassword(user_.id, "another one");
  EXPECT_FALSE(byCookie(first)->signedIn());
  const std::string second = opened();
  identity_->revokeAll(user_.id);
  EXPECT_FALSE(byCookie(second)->signedIn());
  const std::string third = opened();
  UserChange status;
  status.status = "banned";
  identity_->change(user_.id, status);
  EXPECT_FALSE(byCookie(third)->signedIn());
  EXPECT_EQ(problemOf([&] { opened(); }), "403 account_disabled");
  status.status = "active";
  identity_->change(user_.id, status);
  EXPECT_FALSE(byCookie(third)->signedIn());
  const std::string fourth = opened();
  identity_->remove(user_.id);
  EXPECT_FALSE(byCookie(fourth)->signedIn());
  EXPECT_EQ(problemOf([&] { opened(); }), "404 user_not_found");
}

TEST_P(PrincipalsTest, ARecheckSaysWhoStillStandsAndWithWhatRole) {
  ApiKey record;
  const auto key = byKey(mint(newKey(), &record));
  const auto cookie = cookies().cookie(cookies().bindUser({}, user_.id, nowMicros()));
  const auto browser = byCookie(cookie);
  const auto tokenOf = [&](SessionKind kind) {
    const auto tokens = identity_->openSession(user_.id, kind);
    const std::string header = "Bearer " + tokens.accessToken;
    Credentials credentials;
    credentials.authorization = header;
    return std::pair(identity_->authenticate(credentials), tokens.refreshToken);
  };
  const auto [stateless, unused] = tokenOf(SessionKind::stateless);
  const auto [rotating, refresh] = tokenOf(SessionKind::rotating);
  const std::vector<PrincipalPtr> all = {key, browser, stateless, rotating};
  const auto codes = [&] {
    std::string out;
    for (const auto& one : identity_->recheck(all)) out += (one.ended ? one.ended->code : one.principal->role) + " ";
    return out;
  };
  EXPECT_EQ(codes(), "user user user user ");
  UserChange change;
  change.role = "guest";
  identity_->change(user_.id, change);
  EXPECT_EQ(codes(), "guest guest guest guest ");
  EXPECT_FALSE(identity_->recheck(all)[0].principal->permitted("notes.read"));
  keys().revoke(record.id, "leaked");
  cookies().close(cookie, nowMicros());
  identity_->closeSession(refresh);
  EXPECT_EQ(codes(), "api_key_revoked not_authenticated guest invalid_token ");
  identity_->setPassword(user_.id, "another horse 8");
  EXPECT_EQ(codes(), "api_key_revoked not_authenticated invalid_token invalid_token ");
  change.role.reset();
  change.status = "banned";
  identity_->change(user_.id, change);
  EXPECT_EQ(identity_->recheck({stateless})[0].ended->status, 403);
  identity_->remove(user_.id);
  EXPECT_EQ(identity_->recheck({stateless})[0].ended->code, "invalid_token");
}

TEST_P(PrincipalsTest, ARecheckOfManyTakesThemAll) {
  std::vector<PrincipalPtr> all;
  std::vector<std::string> ids;
  for (int i = 0; i < 70; ++i) {
    NewUser user;
    user.username = "user" + std::to_string(i);
    ids.push_back(identity_->create(user).id);
    auto one = std::make_shared<Principal>();
    one->credential = Credential::bearer;
    one->userId = ids.back();
    all.push_back(std::move(one));
  }
  identity_->remove(ids[33]);
  const auto checked = identity_->recheck(all);
  ASSERT_EQ(checked.size(), 70u);
  for (std::size_t i = 0; i < checked.size(); ++i) EXPECT_EQ(checked[i].ended.has_value(), i == 33) << i;
  EXPECT_TRUE(identity_->recheck({}).empty());
}

TEST_P(PrincipalsTest, EveryChangeMovesTheRevision) {
  auto before = identity_->revision();
  ASSERT_TRUE(before);
  const auto moves = [&](const char* what) {
    const auto now = identity_->revision();
    EXPECT_NE(now, before) << what;
    before = now;
  };
  ApiKey record;
  mint(newKey(), &record);
  moves("a new key");
  keys().revoke(record.id, "leaked");
  moves("a revoked key");
  identity_->setPassword(user_.id, "another horse 8");
  moves("a new password");
  identity_->change(user_.id, {});
  moves("a change");
  identity_->remove(user_.id);
  moves("a deletion");
}

}  // namespace
}  // namespace mortise::identity
