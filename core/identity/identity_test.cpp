// Behaviour on SQLite and PostgreSQL, against real databases.
#include "core/identity/identity.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/identity/databases_testing.hpp"
#include "core/identity/jwt.hpp"
#include "core/identity/problem_testing.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/service_error.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::identity {
namespace {

using std::chrono::seconds;

const std::string kSecret(32, 'k');

Options quick() {
  Options options;
  options.secret = kSecret;
  options.argon2Memory = 64 << 10;  // tests check the rules, not the cost
  options.argon2Passes = 1;
  return options;
}

class IdentityTest : public DatabasesTest {
 protected:
  void SetUp() override {
    openDatabase({"mortise_users", "mortise_sessions", "mortise_setup", "mortise_audit"});
    if (IsSkipped()) return;
    open(quick());
  }
  void open(const Options& options) {
    options_ = options;
    identity_ = std::make_unique<Identity>(*database_, options);
  }

  User ada() {
    NewUser user;
    user.username = "Ada";
    user.email = "Ada@Example.org";
    user.password = "correct horse";
    return identity_->create(user);
  }

  static Credentials bearer(const std::string& header) {
    Credentials credentials;
    credentials.authorization = header;
    return credentials;
  }
  PrincipalPtr authenticate(const std::string& token) {
    const std::string header = "Bearer " + token;
    return identity_->authenticate(bearer(header));
  }
  std::string refusal(const std::string& token) {
    return problemOf([&] { authenticate(token); });
  }
  std::string refreshRefusal(const std::string& token) {
    return problemOf([&] { identity_->refresh(token); });
  }

  Options options_;
  std::unique_ptr<Identity> identity_;
};

INSTANTIATE_TEST_SUITE_P(Both, IdentityTest, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& which) {
                           return which.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

TEST_P(IdentityTest, FindsAnAccountByEveryKey) {
  const User user = ada();
  EXPECT_TRUE(isUuid(user.id));
  EXPECT_EQ(user.email, "ada@example.org");
  EXPECT_EQ(identity_->find(UserKey::id, user.id)->username, "Ada");
  EXPECT_EQ(identity_->find(UserKey::username, "Ada")->id, user.id);
  EXPECT_FALSE(identity_->find(UserKey::username, "ada"));
  EXPECT_EQ(identity_->find(UserKey::usernameFolded, "aDA")->id, user.id);
  EXPECT_EQ(identity_->find(UserKey::email, "ADA@example.org")->id, user.id);
  EXPECT_FALSE(identity_->find(UserKey::email, ""));
}

TEST_P(IdentityTest, RefusesATakenNameExactlyOrIgnoringCase) {
  ada();
  NewUser other;
  other.username = "Ada";
  EXPECT_EQ(problemOf([&] { identity_->create(other); }), "409 username_taken");
  other.username = "ADA";
  other.uniqueFolded = true;
  EXPECT_EQ(problemOf([&] { identity_->create(other); }), "409 username_taken");
  other.uniqueFolded = false;
  EXPECT_EQ(problemOf([&] { identity_->create(other); }), "none");
  other.username = "eve";
  other.email = "ada@EXAMPLE.org";
  EXPECT_EQ(problemOf([&] { identity_->create(other); }), "409 email_taken");
}

TEST_P(IdentityTest, UserNamesHaveOneForm) {
  NewUser user;
  user.username = "  Ａda e\u0301 ";
  const auto made = identity_->create(user);
  EXPECT_EQ(made.username, "Ada \u00e9");
  for (const char* typed :
       {"Ada \u00e9", "Ada e\u0301", "\uff21da\u3000\u00e9", " Ada \u00e9\t", "\u00a0Ada \u00e9\ufeff"}) {
    const auto found = identity_->find(UserKey::username, typed);
    ASSERT_TRUE(found) << typed;
    EXPECT_EQ(found->id, made.id) << typed;
    user.username = typed;
    EXPECT_EQ(problemOf([&] { identity_->create(user); }), "409 username_taken") << typed;
  }
  EXPECT_FALSE(identity_->find(UserKey::username, "ada \u00e9")) << "case counts";
  for (const char* bad :
       {"a\u200cb", "\u3164", "a\u200bb", "a\u202eb", "a  b", "\u2460", "   ", "a\nb", "\U0001f600"}) {
    user.username = bad;
    EXPECT_EQ(problemOf([&] { identity_->create(user); }), "422 username_invalid") << bad;
    UserChange change;
    change.username = bad;
    EXPECT_EQ(problemOf([&] { identity_->change(made.id, change); }), "422 username_invalid") << bad;
  }
  UserChange change;
  change.username = " Grace\u3000Hopper";
  EXPECT_EQ(identity_->change(made.id, change).username, "Grace Hopper");
}

TEST_P(IdentityTest, AUserNameOfBeforeStaysAsItIs) {
  NewUser user;
  user.username = "placeholder";
  user.password = "correct horse";
  const auto old = identity_->create(user);
  for (const char* name : {"blank ", " a\u200cb", "\u3164\u3164\u3164", "e\u0301", "\uff21\uff22\uff23"}) {
    database_->transaction([&](db::Connection& connection) {
      connection.execute("UPDATE mortise_users SET username = :name, username_folded = :name WHERE id = :id",
                         {{"name", std::string(name)}, {"id", old.id}});
    });
    EXPECT_TRUE(identity_->checkPassword(UserKey::username, name, "correct horse")) << name;
    UserChange change;
    change.username = name;
    change.nickname = name;
    EXPECT_EQ(identity_->change(old.id, change).username, name) << "its own name is no new one";
  }
}

TEST_P(IdentityTest, AccountsWithoutNameOrAddressDoNotCollide) {
  NewUser nameless;
  EXPECT_EQ(problemOf([&] { identity_->create(nameless); }), "422 account_unnamed");
  nameless.unnamed = true;
  EXPECT_EQ(problemOf([&] { identity_->create(nameless); }), "422 nickname_required");
  nameless.nickname = "first";
  identity_->create(nameless);
  EXPECT_EQ(problemOf([&] { identity_->create(nameless); }), "none");
}

TEST_P(IdentityTest, OfSeveralWhoTakeANameAtOnceOneGetsIt) {
  std::atomic<int> created{0}, taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      NewUser user;
      user.username = i % 2 == 0 ? "Grace" : "gRACE";
      user.uniqueFolded = true;
      const std::string result = problemOf([&] { identity_->create(user); });
      if (result == "none") ++created;
      if (result == "409 username_taken") ++taken;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(taken, 3);
}

TEST_P(IdentityTest, ChangesOnlyWhatIsNamed) {
  const User user = ada();
  UserChange change;
  change.bio = "";
  change.nickname = "Countess";
  User now = identity_->change(user.id, change);
  EXPECT_EQ(now.nickname, "Countess");
  EXPECT_EQ(now.username, "Ada");
  ASSERT_TRUE(now.bio);
  EXPECT_EQ(*now.bio, "");
  UserChange clear;
  clear.clearBio = true;
  clear.username = "ADA";  // only the case of the own name
  clear.uniqueFolded = true;
  now = identity_->change(user.id, clear);
  EXPECT_FALSE(identity_->find(UserKey::id, user.id)->bio);
  EXPECT_EQ(identity_->find(UserKey::username, "ADA")->id, user.id);
  EXPECT_EQ(problemOf([&] { identity_->change("no-such-id", clear); }), "404 user_not_found");
}

TEST_P(IdentityTest, ListsNewestFirstAndCounts) {
  ada();
  NewUser admin;
  admin.username = "root";
  admin.role = "super_admin";
  identity_->create(admin);
  std::int64_t total = 0;
  const auto users = identity_->list(0, 1, total);
  EXPECT_EQ(total, 2);
  ASSERT_EQ(users.size(), 1u);
  EXPECT_EQ(users[0].username, "root");
  EXPECT_EQ(identity_->list(1, 10, total).at(0).username, "Ada");
  EXPECT_EQ(identity_->countWithRole("super_admin"), 1);
}

TEST_P(IdentityTest, ChecksPasswordsWithoutTellingWhatWasWrong) {
  const User user = ada();
  EXPECT_EQ(identity_->checkPassword(UserKey::email, "ada@example.org", "correct horse")->id, user.id);
  EXPECT_FALSE(identity_->checkPassword(UserKey::email, "ada@example.org", "wrong"));
  EXPECT_FALSE(identity_->checkPassword(UserKey::email, "nobody@example.org", "correct horse"));
  EXPECT_FALSE(identity_->checkPassword(UserKey::username, "Ada", std::string(5000, 'x')));
  NewUser newUser;
  newUser.username = "nopass";
  identity_->create(newUser);
  EXPECT_FALSE(identity_->checkPassword(UserKey::username, "nopass", ""));
}

TEST_P(IdentityTest, PasswordsThatDifferOnlyAfterByte72AreDifferent) {
  NewUser user;
  user.username = "long";
  user.password = std::string(72, 'a') + "1";
  identity_->create(user);
  EXPECT_FALSE(identity_->checkPassword(UserKey::username, "long", std::string(72, 'a') + "2"));
  EXPECT_TRUE(identity_->checkPassword(UserKey::username, "long", user.password));
  EXPECT_EQ(problemOf([&] { identity_->hashPassword(std::string(1025, 'a')); }), "422 validation_failed");
}

TEST_P(IdentityTest, AHashOfNoAccountIsChecked) {
  const std::string hash = identity_->hashPassword("open sesame");
  EXPECT_TRUE(identity_->checkHash(hash, "open sesame"));
  EXPECT_FALSE(identity_->checkHash(hash, "open"));
  EXPECT_FALSE(identity_->checkHash("", ""));
  EXPECT_FALSE(identity_->checkHash("no hash", "no hash"));
  EXPECT_FALSE(identity_->checkHash(hash, std::string(5000, 'x')));
}

TEST_P(IdentityTest, AHashOfOldParametersIsRenewedAtLogin) {
  const User user = ada();
  Options stronger = quick();
  stronger.argon2Memory = 128 << 10;
  open(stronger);
  ASSERT_TRUE(identity_->checkPassword(UserKey::id, user.id, "correct horse"));
  const std::string hash = identity_->find(UserKey::id, user.id)->passwordHash;
  EXPECT_NE(hash, user.passwordHash);
  EXPECT_NE(hash.find("m=128"), std::string::npos);
  EXPECT_TRUE(identity_->checkPassword(UserKey::id, user.id, "correct horse"));
}

TEST_P(IdentityTest, BothKindsOfTokensAreBearers) {
  const User user = ada();
  identity_->grant({{"thing.see", {"user", "admin"}}, {"thing.change", {"admin"}}});
  for (const SessionKind kind : {SessionKind::rotating, SessionKind::stateless}) {
    const Tokens tokens = identity_->openSession(user.id, kind);
    const auto principal = authenticate(tokens.accessToken);
    EXPECT_EQ(principal->userId, user.id);
    EXPECT_EQ(principal->credential, Credential::bearer);
    EXPECT_EQ(principal->sessionId, tokens.sessionId);
    EXPECT_TRUE(principal->permitted("thing.see"));
    EXPECT_FALSE(principal->permitted("thing.change"));
  }
}

// A role holds what names it, and nothing more; super_admin holds everything, service_role what a user holds, besides.
TEST_P(IdentityTest, EachRoleHoldsThePermissionsThatNameIt) {
  const User user = ada();
  identity_->grant({{"by.user", {"user"}},
                    {"by.admin", {"admin"}},
                    {"by.root", {"super_admin"}},
                    {"by.service", {"service_role"}},
                    {"by.nobody", {}}});
  const auto held = [&](const std::string& role) {
    UserChange change;
    change.role = role;
    identity_->change(user.id, change);
    const auto principal = authenticate(identity_->openSession(user.id, SessionKind::rotating).accessToken);
    const auto later = identity_->recheck({principal}).at(0).principal;
    std::string out;
    for (const char* permission : {"by.user", "by.admin", "by.root", "by.service", "by.nobody"}) {
      EXPECT_EQ(later->permitted(permission), principal->permitted(permission)) << role << " " << permission;
      if (principal->permitted(permission)) out += std::string(permission) + " ";
    }
    return out;
  };
  EXPECT_EQ(held("super_admin"), "by.user by.admin by.root by.service by.nobody ");
  EXPECT_EQ(held("admin"), "by.admin ");
  EXPECT_EQ(held("user"), "by.user ");
  EXPECT_EQ(held("service_role"), "by.user by.service ");
  for (const char* role : {"viewer", "guest", "Admin", "super_admin ", "SUPER_ADMIN", ""})
    EXPECT_EQ(held(role), "") << role;
}

TEST_P(IdentityTest, ATokenNamesTheServiceRole) {
  const User user = ada();
  for (const auto& [role, claim] :
       {std::pair("user", "authenticated"), std::pair("admin", "authenticated"), std::pair("viewer", "authenticated"),
        std::pair("service_role", "service_role"), std::pair("super_admin", "service_role")}) {
    UserChange change;
    change.role = role;
    identity_->change(user.id, change);
    const auto token = identity_->openSession(user.id, SessionKind::rotating).accessToken;
    const auto payload = text::fromBase64Url(text::split(token, '.').at(1));
    ASSERT_TRUE(payload);
    EXPECT_NE(payload->find("\"role\":\"" + std::string(claim) + "\""), std::string::npos) << role << *payload;
  }
}

TEST_P(IdentityTest, TheSchemeIsReadInAnyCaseAndOthersCountAsNone) {
  const std::string token = identity_->openSession(ada().id, SessionKind::rotating).accessToken;
  const std::string lower = "bEARER  " + token;
  EXPECT_TRUE(identity_->authenticate(bearer(lower))->signedIn());
  EXPECT_FALSE(identity_->authenticate(bearer("Basic YTpi"))->signedIn());
  EXPECT_FALSE(identity_->authenticateFast({})->signedIn());
  EXPECT_EQ(problemOf([&] { identity_->authenticateFast(bearer("Bearer ")); }), "401 invalid_token");
  Credentials twice = bearer(lower);
  twice.repeatedAuthorization = true;
  EXPECT_EQ(problemOf([&] { identity_->authenticate(twice); }), "401 not_authenticated");
  Credentials query;
  query.queryToken = token;
  EXPECT_EQ(identity_->authenticate(query)->credential, Credential::query);
}

TEST_P(IdentityTest, RefusesTokensThatAreNotExactlyOurs) {
  const User user = ada();
  const std::string token = identity_->openSession(user.id, SessionKind::rotating).accessToken;
  const auto parts = text::split(token, '.');
  const std::string payload = *text::fromBase64Url(parts[1]);
  const JwtKey ours("HS256", kSecret, "");
  const JwtKey theirs("HS256", std::string(32, 'x'), "");
  ASSERT_EQ(refusal(ours.sign(payload)), "none");  // checks the recipe of the refusals below
  EXPECT_EQ(refusal(theirs.sign(payload)), "401 invalid_token");
  const std::string none = text::base64Url(R"({"alg":"none","typ":"JWT"})");
  EXPECT_EQ(refusal(none + "." + std::string(parts[1]) + "."), "401 invalid_token");
  EXPECT_EQ(refusal(none + "." + std::string(parts[1]) + "." + std::string(parts[2])), "401 invalid_token");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = payload;
    const auto at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return ours.sign(changed.replace(at, from.size(), to));
  };
  EXPECT_EQ(refusal(with(R"("aud":"authenticated")", R"("aud":"other")")), "401 invalid_token");
  EXPECT_EQ(refusal(with(R"("aud":"authenticated")", R"("x":1)")), "401 invalid_token");
  EXPECT_EQ(refusal(with(R"("gen":0)", R"("gen":1)")), "401 invalid_token");
  EXPECT_EQ(refusal(with(R"("gen":0)", R"("gen":"0")")), "401 invalid_token");
  EXPECT_EQ(refusal(with(user.id, uuid4())), "401 invalid_token");
  EXPECT_EQ(refusal(token.substr(0, token.size() - 2)), "401 invalid_token");
  EXPECT_EQ(refusal("abc"), "401 invalid_token");
  EXPECT_EQ(refusal(std::string(20000, 'a')), "401 invalid_token");
  EXPECT_EQ(refusal(ours.sign("[1]")), "401 invalid_token");
  EXPECT_EQ(refusal(ours.sign("not json")), "401 invalid_token");
}

TEST_P(IdentityTest, AnExpiredTokenSaysSo) {
  Options options = quick();
  options.accessLifetime = seconds(0);  // exp = iat, and there is no skew
  options.statelessAccessLifetime = seconds(0);
  open(options);
  const User user = ada();
  EXPECT_EQ(refusal(identity_->openSession(user.id, SessionKind::rotating).accessToken), "401 token_expired");
  EXPECT_EQ(refusal(identity_->openSession(user.id, SessionKind::stateless).accessToken), "401 token_expired");
}

TEST_P(IdentityTest, ARefreshTokenIsNoAccessToken) {
  const User user = ada();
  EXPECT_EQ(refusal(identity_->openSession(user.id, SessionKind::rotating).refreshToken), "401 invalid_token");
  const Tokens stateless = identity_->openSession(user.id, SessionKind::stateless);
  EXPECT_EQ(refusal(stateless.refreshToken), "401 invalid_token");
  EXPECT_EQ(refreshRefusal(stateless.accessToken), "401 invalid_refresh_token");
}

TEST_P(IdentityTest, RefreshRotatesWithinOneSession) {
  const Tokens first = identity_->openSession(ada().id, SessionKind::rotating);
  const Tokens second = identity_->refresh(first.refreshToken);
  EXPECT_NE(second.refreshToken, first.refreshToken);
  EXPECT_EQ(second.sessionId, first.sessionId);
  EXPECT_EQ(second.expiresIn, 3600);
  EXPECT_EQ(refusal(second.accessToken), "none");
  EXPECT_EQ(refusal(first.accessToken), "none");
  EXPECT_NE(identity_->refresh(second.refreshToken).refreshToken, second.refreshToken);
}

TEST_P(IdentityTest, WithinTheGraceTheUsedTokenGivesTheIssuedSuccessor) {
  const Tokens first = identity_->openSession(ada().id, SessionKind::rotating);
  const Tokens second = identity_->refresh(first.refreshToken);
  const Tokens again = identity_->refresh(first.refreshToken);
  EXPECT_EQ(again.refreshToken, second.refreshToken);
  EXPECT_EQ(refusal(again.accessToken), "none");
  EXPECT_EQ(refreshRefusal(second.refreshToken), "none");
}

TEST_P(IdentityTest, ALateReuseEndsTheWholeSession) {
  Options options = quick();
  options.refreshGrace = seconds(0);
  open(options);
  const User user = ada();
  const Tokens other = identity_->openSession(user.id, SessionKind::rotating);
  const Tokens first = identity_->openSession(user.id, SessionKind::rotating);
  const Tokens second = identity_->refresh(first.refreshToken);
  EXPECT_EQ(refusal(second.accessToken), "none");
  EXPECT_EQ(refreshRefusal(first.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(refreshRefusal(second.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(refusal(second.accessToken), "401 invalid_token");
  EXPECT_EQ(refusal(other.accessToken), "none");
}

TEST_P(IdentityTest, ATokenTwoGenerationsOldIsReuseEvenWithinTheGrace) {
  const Tokens first = identity_->openSession(ada().id, SessionKind::rotating);
  const Tokens third = identity_->refresh(identity_->refresh(first.refreshToken).refreshToken);
  EXPECT_EQ(refreshRefusal(first.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(refreshRefusal(third.refreshToken), "401 invalid_refresh_token");
}

TEST_P(IdentityTest, ManyRefreshesAtOnceWithOneTokenAgreeOnTheSuccessor) {
  std::string token = identity_->openSession(ada().id, SessionKind::rotating).refreshToken;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> results(4);
    std::vector<std::thread> threads;
    for (std::string& result : results) {
      threads.emplace_back([&] {
        try {
          result = identity_->refresh(token).refreshToken;
        } catch (const std::exception& error) {
          result = std::string("failed: ") + error.what();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& result : results) EXPECT_EQ(result, results[0]);
    EXPECT_NE(results[0], token);
    EXPECT_FALSE(results[0].starts_with("failed")) << results[0];
    token = results[0];
  }
}

TEST_P(IdentityTest, GarbageAndForeignRefreshTokensAreRefused) {
  const Tokens tokens = identity_->openSession(ada().id, SessionKind::rotating);
  std::string altered = tokens.refreshToken;
  altered[30] = altered[30] == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {std::string("garbage"), altered, std::string(75, 'A'), std::string("a.b.c"), std::string()}) {
    EXPECT_EQ(refreshRefusal(token), "401 invalid_refresh_token") << token;
  }
  Options foreign = quick();
  foreign.secret = std::string(32, 'z');
  const auto other = std::make_unique<Identity>(*database_, foreign);
  EXPECT_EQ(problemOf([&] { other->refresh(tokens.refreshToken); }), "401 invalid_refresh_token");
  EXPECT_EQ(refreshRefusal(tokens.refreshToken), "none");
}

TEST_P(IdentityTest, AnUnusedRefreshTokenDies) {
  Options options = quick();
  options.refreshLifetime = seconds(0);
  open(options);
  const Tokens tokens = identity_->openSession(ada().id, SessionKind::rotating);
  EXPECT_EQ(refreshRefusal(tokens.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(refusal(tokens.accessToken), "401 invalid_token");
  EXPECT_EQ(identity_->cleanUp(), 1);
}

TEST_P(IdentityTest, LogoutActsAtOnceAndIsIdempotent) {
  const Tokens first = identity_->openSession(ada().id, SessionKind::rotating);
  const Tokens second = identity_->refresh(first.refreshToken);
  identity_->closeSession(first.refreshToken);  // a rotated token ends its session, too
  EXPECT_EQ(refusal(second.accessToken), "401 invalid_token");
  EXPECT_EQ(refreshRefusal(second.refreshToken), "401 invalid_refresh_token");
  identity_->closeSession(first.refreshToken);
  identity_->closeSession("garbage");
}

TEST_P(IdentityTest, StatelessPairsStayValidSideBySide) {
  const Tokens first = identity_->openSession(ada().id, SessionKind::stateless);
  const Tokens second = identity_->refresh(first.refreshToken);
  EXPECT_EQ(refusal(first.accessToken), "none");
  EXPECT_EQ(refusal(second.accessToken), "none");
  EXPECT_EQ(refreshRefusal(first.refreshToken), "none");
  const std::string claims = *text::fromBase64Url(text::split(second.accessToken, '.')[1]);
  json::Document document;
  json::ParseError error;
  ASSERT_TRUE(json::parse(claims, document, error));
  EXPECT_EQ(json::textMember(document, "username"), "Ada");
  EXPECT_EQ(json::textMember(document, "role"), "user");
  EXPECT_EQ(json::textMember(document, "type"), "access");
  EXPECT_TRUE(isUuid(json::textMember(document, "jti")));
  EXPECT_EQ(document["exp"].GetInt64() - document["iat"].GetInt64(), 1800);
}

TEST_P(IdentityTest, ANewPasswordVoidsEveryTokenOfTheAccount) {
  const User user = ada();
  const Tokens rotating = identity_->openSession(user.id, SessionKind::rotating);
  const Tokens stateless = identity_->openSession(user.id, SessionKind::stateless);
  identity_->setPassword(user.id, "another one");
  EXPECT_EQ(refusal(rotating.accessToken), "401 invalid_token");
  EXPECT_EQ(refusal(stateless.accessToken), "401 invalid_token");
  EXPECT_EQ(refreshRefusal(rotating.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(refreshRefusal(stateless.refreshToken), "401 invalid_refresh_token");
  EXPECT_TRUE(identity_->checkPassword(UserKey::id, user.id, "another one"));
  EXPECT_FALSE(identity_->checkPassword(UserKey::id, user.id, "correct horse"));
  EXPECT_EQ(refusal(identity_->openSession(user.id, SessionKind::stateless).accessToken), "none");
}

TEST_P(IdentityTest, ABanActsAtOnceAndItsTokensStayVoidAfterwards) {
  const User user = ada();
  const Tokens rotating = identity_->openSession(user.id, SessionKind::rotating);
  const Tokens stateless = identity_->openSession(user.id, SessionKind::stateless);
  UserChange ban;
  ban.status = "banned";
  identity_->change(user.id, ban);
  EXPECT_EQ(refusal(rotating.accessToken), "403 account_disabled");
  EXPECT_EQ(refusal(stateless.accessToken), "403 account_disabled");
  EXPECT_EQ(refreshRefusal(rotating.refreshToken), "401 user_inactive");
  EXPECT_EQ(refreshRefusal(stateless.refreshToken), "401 user_inactive");
  EXPECT_EQ(problemOf([&] { identity_->openSession(user.id, SessionKind::rotating); }), "401 user_inactive");
  UserChange pardon;
  pardon.status = "active";
  identity_->change(user.id, pardon);
  EXPECT_EQ(refusal(stateless.accessToken), "401 invalid_token");
  EXPECT_EQ(refreshRefusal(rotating.refreshToken), "401 invalid_refresh_token");
}

TEST_P(IdentityTest, RemovalAndRevocationVoidTokens) {
  const User user = ada();
  const Tokens first = identity_->openSession(user.id, SessionKind::stateless);
  identity_->revokeAll(user.id);
  EXPECT_EQ(refusal(first.accessToken), "401 invalid_token");
  const Tokens second = identity_->openSession(user.id, SessionKind::rotating);
  identity_->remove(user.id);
  EXPECT_EQ(refusal(second.accessToken), "401 invalid_token");
  EXPECT_EQ(refreshRefusal(second.refreshToken), "401 invalid_refresh_token");
  EXPECT_EQ(problemOf([&] { identity_->remove(user.id); }), "404 user_not_found");
  EXPECT_EQ(problemOf([&] { identity_->revokeAll(user.id); }), "404 user_not_found");
}

TEST_P(IdentityTest, WithoutARevisionFileNothingIsAnsweredFromMemory) {
  const std::string header = "Bearer " + identity_->openSession(ada().id, SessionKind::rotating).accessToken;
  identity_->authenticate(bearer(header));
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), nullptr);
}

TEST_P(IdentityTest, AKnownTokenIsAnsweredFromMemoryUntilAnyProcessChangesAnAccount) {
  Options options = quick();
  options.revisionFile = directory_.path() + "/identity.revision";
  open(options);
  const auto other =
      std::make_unique<Identity>(*database_, options);  // another process on the same file, such as the command line
  const User user = ada();
  const std::string header = "Bearer " + identity_->openSession(user.id, SessionKind::rotating).accessToken;
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), nullptr);
  const auto principal = identity_->authenticate(bearer(header));
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), principal);

  UserChange change;
  change.role = "admin";
  other->change(user.id, change);
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), nullptr);
  EXPECT_EQ(identity_->authenticate(bearer(header))->role, "admin");
  EXPECT_EQ(identity_->authenticateFast(bearer(header))->role, "admin");

  Credentials cookie;
  cookie.sessionCookie = std::string_view(header).substr(7);
  EXPECT_FALSE(identity_->authenticateFast(cookie)->signedIn()) << "a cookie must not be taken for a bearer token";

  other->revokeAll(user.id);
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), nullptr);
  EXPECT_EQ(problemOf([&] { identity_->authenticate(bearer(header)); }), "401 invalid_token");
}

TEST_P(IdentityTest, NewGrantsReachKnownTokens) {
  Options options = quick();
  options.revisionFile = directory_.path() + "/identity.revision";
  open(options);
  const std::string header = "Bearer " + identity_->openSession(ada().id, SessionKind::stateless).accessToken;
  EXPECT_FALSE(identity_->authenticate(bearer(header))->permitted("thing.see"));
  identity_->grant({{"thing.see", {"user"}}});
  EXPECT_EQ(identity_->authenticateFast(bearer(header)), nullptr);
  EXPECT_TRUE(identity_->authenticate(bearer(header))->permitted("thing.see"));
}

TEST_P(IdentityTest, ASetupTokenMakesOneAdministratorOnce) {
  const std::string token = identity_->makeSetupToken();
  const std::string second = identity_->makeSetupToken();
  ASSERT_GE(token.size(), 32u);
  NewUser root;
  root.username = "root";
  root.password = "a good password";
  EXPECT_EQ(problemOf([&] { identity_->completeSetup("wrong", root); }), "401 invalid_token");
  EXPECT_EQ(problemOf([&] { identity_->completeSetup("", root); }), "401 invalid_token");
  const User administrator = identity_->completeSetup(token, root);
  EXPECT_EQ(administrator.role, "super_admin");
  EXPECT_TRUE(identity_->checkPassword(UserKey::username, "root", "a good password"));
  root.username = "second";
  EXPECT_EQ(problemOf([&] { identity_->completeSetup(token, root); }), "401 invalid_token");
  EXPECT_EQ(problemOf([&] { identity_->completeSetup(second, root); }), "401 invalid_token");
  EXPECT_EQ(identity_->makeSetupToken(), "");
}

TEST_P(IdentityTest, OfSeveralSetUpsAtOnceOneWins) {
  const std::vector<std::string> links = {identity_->makeSetupToken(), identity_->makeSetupToken()};
  std::atomic<int> created{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      NewUser root;
      root.username = "root" + std::to_string(i);
      root.passwordHash = "unused";
      const std::string result =
          problemOf([&] { identity_->completeSetup(links[static_cast<std::size_t>(i % 2)], root); });
      if (result == "none") ++created;
      if (result == "401 invalid_token") ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(identity_->countWithRole("super_admin"), 1);
}

TEST_P(IdentityTest, ARefusedSetUpLeavesTheTokenUsable) {
  ada();
  const std::string token = identity_->makeSetupToken();
  NewUser root;
  root.username = "Ada";
  root.passwordHash = "unused";
  EXPECT_EQ(problemOf([&] { identity_->completeSetup(token, root); }), "409 username_taken");
  root.username = "root";
  EXPECT_EQ(problemOf([&] { identity_->completeSetup(token, root); }), "none");
}

TEST_P(IdentityTest, AuditKeepsWhatWasDoneNewestFirst) {
  services::Audit audit(*database_);
  services::AuditEntry entry;
  entry.actor = "operator";
  entry.action = "user.role_changed";
  entry.target = "user:1";
  entry.details = R"({"role":"admin"})";
  audit.record(entry);
  entry.action = "user.removed";
  audit.record(entry);
  std::int64_t total = 0;
  auto entries = audit.list({}, total);
  EXPECT_EQ(total, 2);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].action, "user.removed");
  EXPECT_EQ(entries[1].details, R"({"role":"admin"})");
  EXPECT_GT(entries[1].at, 0);
  services::AuditFilter filter;
  filter.action = "user.role_changed";
  EXPECT_EQ(audit.list(filter, total).size(), 1u);
  EXPECT_EQ(total, 1);
  entry.details = "[1]";
  EXPECT_THROW(audit.record(entry), services::ServiceError);
  entry.details.clear();
  entry.action = "Not An Action";
  EXPECT_THROW(audit.record(entry), services::ServiceError);
  EXPECT_THROW(database_->transaction([&](db::Connection& connection) {
    entry.action = "undone";
    services::Audit::record(connection, entry);
    throw std::runtime_error("the act failed");
  }),
               std::runtime_error);
  audit.list({}, total);
  EXPECT_EQ(total, 2);
}

TEST(Passwords, AFullQueueIsUnavailable) {
  peers::TempDirectory directory("mortise-identity");
  db::Options where;
  where.url = "sqlite:" + directory.path() + "/test.db";
  const auto database = db::Database::open(where);
  Options options = quick();
  options.argon2Memory = 16 << 20;
  options.argon2Passes = 3;
  options.passwordConcurrency = 1;
  options.passwordQueue = 1;
  // Not on the stack: g++ 12 places over-aligned objects wrongly on the address sanitizer's own stack (GCC 110027).
  const auto owner = std::make_unique<Identity>(*database, options);
  Identity& identity = *owner;
  std::atomic<int> hashed{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      try {
        identity.hashPassword("password");
        ++hashed;
      } catch (const Problem& problem) {
        if (problem.status == 503 && problem.code == "unavailable" && problem.retryAfter > 0) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hashed + refused, 8);
  EXPECT_GE(hashed, 1);
}

class KeyFile : public testing::Test {
 protected:
  std::string write(EVP_PKEY* key) {
    const std::string path = directory_.path() + "/key.pem";
    std::FILE* file = std::fopen(path.c_str(), "w");
    EXPECT_EQ(PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    std::fclose(file);
    EVP_PKEY_free(key);
    return path;
  }
  peers::TempDirectory directory_{"mortise-key"};
};

TEST_F(KeyFile, Rs256AndEs256SignAndAreCheckedWithTheirKeyOnly) {
  const std::string claims = R"({"sub":"a"})";
  for (const std::string algorithm : {"RS256", "ES256"}) {
    const auto make = [&] {
      return algorithm == "RS256" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                                  : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    };
    const JwtKey key(algorithm, "", write(make()));
    const JwtKey other(algorithm, "", write(make()));
    const std::string token = key.sign(claims);
    EXPECT_EQ(key.open(token), claims) << algorithm;
    EXPECT_EQ(other.open(token), std::nullopt) << algorithm;
    EXPECT_EQ(key.open(JwtKey("HS256", kSecret, "").sign(claims)), std::nullopt) << algorithm;
    std::string altered = token;
    altered[altered.size() - 10] ^= 1;
    EXPECT_EQ(key.open(altered), std::nullopt) << algorithm;
  }
}

TEST_F(KeyFile, AnUnfitKeyIsRefusedInOneSentence) {
  const std::string curve = write(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  EXPECT_THROW(JwtKey("RS256", "", curve), std::runtime_error);
  EXPECT_THROW(JwtKey("ES256", "", curve + ".missing"), std::runtime_error);
  EXPECT_THROW(JwtKey("none", kSecret, ""), std::runtime_error);
  EXPECT_THROW(JwtKey("HS256", "short", ""), std::runtime_error);
  const std::string small = write(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
  EXPECT_THROW(JwtKey("RS256", "", small), std::runtime_error);
}

TEST(JwtKey, SignsAsOthersDoWithSecretsOfAnyLength) {
  for (const std::size_t size : {32u, 64u, 65u, 200u}) {
    const std::string secret(size, 's');
    const std::string token = JwtKey("HS256", secret, "").sign("{}");
    const auto last = token.rfind('.');
    EXPECT_EQ(token.substr(last + 1), text::base64Url(hmacSha256(secret, token.substr(0, last)))) << size;
  }
}

TEST(JwtKey, AHeaderInAnotherSpellingIsReadAndUnknownCriticalPartsAreNot) {
  const JwtKey key("HS256", kSecret, "");
  const auto token = [&](const std::string& header) {
    const std::string input = text::base64Url(header) + "." + text::base64Url("{}");
    return input + "." + text::base64Url(hmacSha256(kSecret, input));
  };
  EXPECT_EQ(key.open(token(R"({"typ":"JWT","alg":"HS256"})")), "{}");
  EXPECT_EQ(key.open(token(R"({"alg":"HS256","crit":["x"]})")), std::nullopt);
  EXPECT_EQ(key.open(token(R"({"alg":"HS512"})")), std::nullopt);
  EXPECT_EQ(key.open(token(R"({"alg":"hs256"})")), std::nullopt);
  EXPECT_EQ(key.open(token(R"({"alg":"HS256","alg":"none"})")), std::nullopt);
}

}  // namespace
}  // namespace mortise::identity
