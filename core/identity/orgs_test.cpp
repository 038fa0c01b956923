// Organisations, tiers and user numbers on SQLite and PostgreSQL, against real databases.
#include "core/identity/orgs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/identity/databases_testing.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/identity/problem_testing.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::identity {
namespace {

class OrgsTest : public DatabasesTest {
 protected:
  void SetUp() override {
    openDatabase({"mortise_users", "mortise_sessions", "mortise_api_keys", "mortise_cookie_sessions", "mortise_orgs",
                  "mortise_org_members", "mortise_teams", "mortise_team_members"});
    if (IsSkipped()) return;
    options_.secret = std::string(32, 'k');
    options_.argon2Memory = 64 << 10;
    options_.argon2Passes = 1;
    options_.defaultTier = "starter";
    options_.upgradeUrl = "https://example.org/pricing";
    // As the kernel does: a shared counter where several processes share one SQLite, else no cache.
    if (GetParam() == db::Backend::sqlite) options_.revisionFile = directory_.path() + "/identity.revision";
    identity_ = std::make_unique<Identity>(*database_, options_);
    identity_->features().declare({{"team_management", "team"}, {"cloud_sync", "starter"}});
    ada_ = user("ada");
    bob_ = user("bob");
  }

  Orgs& orgs() { return identity_->orgs(); }
  User user(const std::string& name, const std::string& role = "user") {
    NewUser user;
    user.username = name;
    user.role = role;
    return identity_->create(user);
  }
  Org acme(std::int64_t seats = 0) {
    NewOrg org;
    org.name = "Acme";
    org.slug = "acme";
    org.tier = "team";
    org.seatsLimit = seats;
    org.founderId = ada_.id;
    org.founderRole = "admin";
    return orgs().create(org);
  }
  PrincipalPtr by(const std::string& bearer) {
    const std::string header = "Bearer " + bearer;
    Credentials credentials;
    credentials.authorization = header;
    return identity_->authenticate(credentials);
  }
  PrincipalPtr fastBy(const std::string& bearer) {
    const std::string header = "Bearer " + bearer;
    Credentials credentials;
    credentials.authorization = header;
    return identity_->authenticateFast(credentials);
  }
  std::string token(const User& user) { return identity_->openSession(user.id, SessionKind::rotating).accessToken; }
  std::string serviceKey(const std::string& userId, const std::string& orgId) {
    NewApiKey key;
    key.userId = userId;
    key.kind = KeyKind::service;
    key.scopes = {"notes:read"};
    key.orgId = orgId;
    std::string raw;
    identity_->apiKeys().mint(key, raw);
    return raw;
  }

  Options options_;
  std::unique_ptr<Identity> identity_;
  User ada_, bob_;
};

INSTANTIATE_TEST_SUITE_P(Both, OrgsTest, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& which) {
                           return which.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

TEST_P(OrgsTest, AFoundedOrganisationHasItsFounder) {
  const Org created = acme(5);
  EXPECT_TRUE(created.id.starts_with("org_"));
  EXPECT_EQ(created.id.size(), 20u);
  EXPECT_EQ(created.seatsUsed, 1);
  const Org loaded = orgs().find(created.id);
  EXPECT_EQ(loaded.name, "Acme");
  EXPECT_EQ(loaded.slug, "acme");
  EXPECT_EQ(loaded.tier, "team");
  EXPECT_EQ(loaded.seatsLimit, 5);
  EXPECT_EQ(loaded.createdAt, created.createdAt);
  const auto founder = orgs().membership(ada_.id);
  ASSERT_TRUE(founder);
  EXPECT_EQ(founder->orgId, created.id);
  EXPECT_EQ(founder->role, "admin");
  EXPECT_EQ(founder->username, "ada");
  EXPECT_FALSE(orgs().membership(bob_.id));
  EXPECT_EQ(problemOf([&] { orgs().find("org_0000000000000000"); }), "404 org_not_found");
}

TEST_P(OrgsTest, ATakenSlugASecondOrganisationAndBadWordsAreRefused) {
  acme();
  NewOrg other{"Other", "acme", "team", bob_.id, "owner"};
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "409 slug_taken");
  other.slug = "other";
  other.founderId = ada_.id;
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "409 already_in_org");
  other.founderId = uuid4();
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "404 user_not_found");
  other.founderId = bob_.id;
  other.founderRole = "member";
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "422 unknown_role");
  other.founderRole = "owner";
  other.tier = "admin";
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "422 unknown_tier");
  other.tier = "pro";
  other.name = "";
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "422 validation_failed");
  other.name = "Other";
  other.seatsLimit = -1;
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "422 validation_failed");
  other.seatsLimit = 0;
  EXPECT_EQ(problemOf([&] { orgs().create(other); }), "none");
  EXPECT_EQ(orgs().membership(bob_.id)->role, "owner");
}

TEST_P(OrgsTest, ListsNewestFirstByPage) {
  const Org first = acme();
  const Org second = orgs().create({"Other", "other", "pro", bob_.id, "owner"});
  std::int64_t total = 0;
  auto page = orgs().list(0, 1, total);
  EXPECT_EQ(total, 2);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].id, second.id);
  page = orgs().list(1, 10, total);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].id, first.id);
}

TEST_P(OrgsTest, MembersComeInTheOrderInWhichTheyJoined) {
  const Org org = acme();
  EXPECT_EQ(orgs().addMember(org.id, bob_.id, "member").role, "member");
  const User eve = user("eve");
  orgs().addMember(org.id, eve.id, "owner");
  std::vector<std::string> names;
  for (const auto& member : orgs().members(org.id)) names.push_back(member.username);
  EXPECT_EQ(names, (std::vector<std::string>{"ada", "bob", "eve"}));
  EXPECT_EQ(orgs().find(org.id).seatsUsed, 3);
  EXPECT_EQ(problemOf([&] { orgs().addMember(org.id, bob_.id, "member"); }), "409 already_in_org");
  EXPECT_EQ(problemOf([&] { orgs().addMember("org_none", bob_.id, "member"); }), "404 org_not_found");
  EXPECT_EQ(problemOf([&] { orgs().addMember(org.id, uuid4(), "member"); }), "404 user_not_found");
  EXPECT_EQ(problemOf([&] { orgs().addMember(org.id, user("mallory").id, "boss"); }), "422 unknown_role");
  EXPECT_EQ(problemOf([&] { orgs().members("org_none"); }), "404 org_not_found");
}

TEST_P(OrgsTest, OfSeveralWhoTakeTheLastSeatOneGetsIt) {
  const Org org = acme(2);
  std::vector<User> guests;
  for (int i = 0; i < 6; ++i) guests.push_back(user("guest" + std::to_string(i)));
  std::atomic<int> in{0}, full{0};
  std::vector<std::thread> threads;
  threads.reserve(guests.size());
  for (const User& guest : guests) {
    threads.emplace_back([&, id = guest.id] {
      try {
        orgs().addMember(org.id, id, "member");
        ++in;
      } catch (const Problem& problem) {
        if (problem.code == "seat_limit" && problem.details == R"({"seats_used":2,"seats_limit":2})") ++full;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(in, 1);
  EXPECT_EQ(full, 5);
  EXPECT_EQ(orgs().find(org.id).seatsUsed, 2);
}

TEST_P(OrgsTest, AUserTakenInByTwoOrganisationsAtOnceIsInOne) {
  const Org first = acme();
  const Org second = orgs().create({"Other", "other", "pro", bob_.id, "owner"});
  const User eve = user("eve");
  std::atomic<int> in{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto outcome = problemOf([&] { orgs().addMember(i % 2 == 0 ? first.id : second.id, eve.id, "member"); });
      if (outcome == "none") ++in;
      if (outcome == "409 already_in_org") ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(in, 1);
  EXPECT_EQ(refused, 3);
}

TEST_P(OrgsTest, ALowerSeatLimitPutsNobodyOut) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "member");
  OrgChange change;
  change.seatsLimit = 1;
  change.name = "Acme Ltd";
  change.tier = "enterprise";
  change.storageLimit = 1 << 20;
  const Org changed = orgs().change(org.id, change);
  EXPECT_EQ(changed.seatsUsed, 2);
  EXPECT_EQ(orgs().find(org.id).name, "Acme Ltd");
  EXPECT_EQ(orgs().find(org.id).storageLimit, 1 << 20);
  EXPECT_EQ(problemOf([&] { orgs().addMember(org.id, user("eve").id, "member"); }), "403 seat_limit");
  change.tier = "gold";
  EXPECT_EQ(problemOf([&] { orgs().change(org.id, change); }), "422 unknown_tier");
  EXPECT_EQ(problemOf([&] { orgs().change("org_none", {}); }), "404 org_not_found");
}

TEST_P(OrgsTest, ATeamHasMembersOfItsOrganisation) {
  const Org org = acme();
  const Team core = identity_->teams().create({org.id, "Core", "core", ada_.id});
  EXPECT_TRUE(core.id.starts_with("tm_"));
  EXPECT_EQ(core.id.size(), 19u);
  EXPECT_EQ(core.memberCount, 0);
  EXPECT_EQ(problemOf([&] { identity_->teams().addMember(core.id, bob_.id, ada_.id); }), "422 user_not_in_org");
  orgs().addMember(org.id, bob_.id, "member");
  const TeamMember added = identity_->teams().addMember(core.id, bob_.id, ada_.id);
  EXPECT_EQ(added.userId, bob_.id);
  EXPECT_EQ(added.addedBy, ada_.id);
  EXPECT_EQ(added.username, "bob");
  EXPECT_EQ(problemOf([&] { identity_->teams().addMember(core.id, bob_.id, ada_.id); }), "409 already_in_team");
  EXPECT_EQ(identity_->teams().find(core.id).memberCount, 1);
  ASSERT_EQ(identity_->teams().ofUser(bob_.id).size(), 1u);
  EXPECT_EQ(identity_->teams().ofUser(bob_.id)[0].slug, "core");
  EXPECT_TRUE(identity_->teams().ofUser(ada_.id).empty());
  identity_->teams().removeMember(core.id, bob_.id);
  EXPECT_EQ(problemOf([&] { identity_->teams().removeMember(core.id, bob_.id); }), "404 member_not_found");
  EXPECT_TRUE(identity_->teams().members(core.id).empty());
}

TEST_P(OrgsTest, TeamsAreListedOldestFirstAndRefuseASecondOfTheirSlug) {
  const Org org = acme();
  const Org other = orgs().create({"Other", "other", "team", bob_.id, "owner"});
  const Team first = identity_->teams().create({org.id, "Core", "core", ada_.id});
  const Team second = identity_->teams().create({org.id, "Web", "web", ada_.id});
  identity_->teams().create({other.id, "Core", "core", bob_.id});
  EXPECT_EQ(problemOf([&] { identity_->teams().create({org.id, "Again", "core", ada_.id}); }), "409 slug_taken");
  EXPECT_EQ(problemOf([&] { identity_->teams().create({"org_none", "Core", "core", ada_.id}); }), "404 org_not_found");
  EXPECT_EQ(problemOf([&] { identity_->teams().create({org.id, "", "x", ada_.id}); }), "422 validation_failed");
  const auto listed = identity_->teams().ofOrg(org.id);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].id, first.id);
  EXPECT_EQ(listed[1].id, second.id);
  identity_->teams().remove(first.id);
  EXPECT_EQ(problemOf([&] { identity_->teams().find(first.id); }), "404 team_not_found");
  EXPECT_EQ(problemOf([&] { identity_->teams().remove(first.id); }), "404 team_not_found");
  EXPECT_EQ(identity_->teams().ofOrg(org.id).size(), 1u);
}

TEST_P(OrgsTest, WhoLeavesTheOrganisationLeavesItsTeams) {
  const Org org = acme();
  const User eve = user("eve");
  orgs().addMember(org.id, bob_.id, "member");
  orgs().addMember(org.id, eve.id, "member");
  const Team team = identity_->teams().create({org.id, "Core", "core", ada_.id});
  for (const auto& id : {ada_.id, bob_.id, eve.id}) identity_->teams().addMember(team.id, id, ada_.id);
  orgs().removeMember(org.id, bob_.id);
  EXPECT_EQ(identity_->teams().find(team.id).memberCount, 2);
  identity_->remove(eve.id);
  EXPECT_EQ(identity_->teams().find(team.id).memberCount, 1);
  orgs().remove(org.id);
  EXPECT_EQ(problemOf([&] { identity_->teams().find(team.id); }), "404 team_not_found");
  EXPECT_TRUE(identity_->teams().ofUser(ada_.id).empty());
}

TEST_P(OrgsTest, TheLastAdministratorNeitherStepsDownNorLeaves) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "member");
  EXPECT_EQ(problemOf([&] { orgs().setRole(org.id, ada_.id, "member"); }), "403 last_administrator");
  EXPECT_EQ(problemOf([&] { orgs().removeMember(org.id, ada_.id); }), "403 last_administrator");
  EXPECT_EQ(orgs().setRole(org.id, ada_.id, "owner").role, "owner");  // one administrator remains
  EXPECT_EQ(orgs().setRole(org.id, bob_.id, "admin").role, "admin");
  EXPECT_EQ(orgs().setRole(org.id, ada_.id, "member").role, "member");
  EXPECT_EQ(problemOf([&] { orgs().setRole(org.id, ada_.id, "king"); }), "422 unknown_role");
  orgs().removeMember(org.id, ada_.id);
  EXPECT_EQ(problemOf([&] { orgs().removeMember(org.id, ada_.id); }), "404 member_not_found");
  EXPECT_EQ(problemOf([&] { orgs().setRole(org.id, ada_.id, "admin"); }), "404 member_not_found");
}

TEST_P(OrgsTest, OfTwoAdministratorsWhoLeaveAtOnceOneStays) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "owner");
  std::atomic<int> left{0}, kept{0};
  std::vector<std::thread> threads;
  for (const auto& id : {ada_.id, bob_.id}) {
    threads.emplace_back([&, id] {
      const auto outcome = problemOf([&] { orgs().removeMember(org.id, id); });
      if (outcome == "none") ++left;
      if (outcome == "403 last_administrator") ++kept;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(left, 1);
  EXPECT_EQ(kept, 1);
}

TEST_P(OrgsTest, WhoLeavesLosesTheServiceKeysOfTheOrganisation) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "admin");
  const auto his = serviceKey(bob_.id, org.id);
  const auto hers = serviceKey(ada_.id, org.id);
  const auto elsewhere = serviceKey(bob_.id, "");
  EXPECT_EQ(by(his)->orgId, org.id);
  orgs().removeMember(org.id, bob_.id);
  EXPECT_EQ(problemOf([&] { by(his); }), "401 api_key_revoked");
  EXPECT_EQ(identity_->apiKeys().find(his)->revokeReason, "left the organisation");
  EXPECT_EQ(problemOf([&] { by(elsewhere); }), "none");
  EXPECT_EQ(problemOf([&] { by(hers); }), "none");
  orgs().remove(org.id);
  EXPECT_EQ(problemOf([&] { by(hers); }), "401 api_key_revoked");
  EXPECT_FALSE(orgs().membership(ada_.id));
  EXPECT_EQ(problemOf([&] { orgs().remove(org.id); }), "404 org_not_found");
}

TEST_P(OrgsTest, AServiceKeyRestsWhileItsPeopleDoNotAdministerTheOrganisation) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "admin");
  const auto his = serviceKey(bob_.id, org.id);
  const auto hers = serviceKey(ada_.id, org.id);
  const auto elsewhere = serviceKey(bob_.id, "");
  const auto foreign = serviceKey(bob_.id, "an organisation that a module keeps");
  const auto rest = [&] {
    std::string out;
    for (const auto& key : {his, hers, elsewhere, foreign}) {
      const auto principal = by(key);
      const auto again = identity_->recheck({principal}).at(0).principal;
      EXPECT_EQ(again->keyRests, principal->keyRests);
      out += principal->keyRests ? "rests " : "works ";
    }
    return out;
  };
  EXPECT_EQ(rest(), "works works works works ");
  const auto before = by(his);
  orgs().setRole(org.id, bob_.id, "member");
  EXPECT_EQ(rest(), "rests works works works ");
  EXPECT_TRUE(identity_->recheck({before}).at(0).principal->keyRests) << "what is open notices, too";
  const auto rights = identity_->openSession(bob_.id, SessionKind::rotating).accessToken;
  EXPECT_FALSE(by(rights)->keyRests);
  orgs().setRole(org.id, bob_.id, "owner");
  EXPECT_EQ(rest(), "works works works works ");
  sql("UPDATE mortise_api_keys SET created_by = 'nobody' WHERE user_id = '" + ada_.id + "'");
  EXPECT_EQ(rest(), "works rests works works ");
}

TEST_P(OrgsTest, ARemovedUserLeavesNothingBehindEvenAsTheLastAdministrator) {
  const Org org = acme();
  orgs().addMember(org.id, bob_.id, "member");
  const auto key = serviceKey(ada_.id, org.id);
  const auto session = token(ada_);
  identity_->remove(ada_.id);
  EXPECT_EQ(problemOf([&] { by(key); }), "401 not_authenticated");
  EXPECT_EQ(problemOf([&] { by(session); }), "401 invalid_token");
  EXPECT_FALSE(identity_->apiKeys().find(key));
  const auto members = orgs().members(org.id);
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0].username, "bob");
}

// Principals from the cache must not outlive a change: reads them on the fast path, like a request.
TEST_P(OrgsTest, AChangeCountsFromTheNextRequest) {
  const auto hers = token(ada_);
  const auto sees = [&] {
    const auto fast = fastBy(hers);
    const auto principal = fast ? fast : by(hers);
    return principal->orgId + "/" + principal->orgRole + "/" + principal->tier;
  };
  EXPECT_EQ(sees(), "//starter");
  const Org org = acme();
  EXPECT_EQ(sees(), org.id + "/admin/team");
  EXPECT_EQ(sees(), org.id + "/admin/team");
  orgs().setRole(org.id, ada_.id, "owner");
  EXPECT_EQ(sees(), org.id + "/owner/team");
  OrgChange change;
  change.tier = "enterprise";
  orgs().change(org.id, change);
  EXPECT_EQ(sees(), org.id + "/owner/enterprise");
  orgs().addMember(org.id, bob_.id, "admin");
  orgs().removeMember(org.id, ada_.id);
  EXPECT_EQ(sees(), "//starter");
  UserChange own;
  own.tier = "pro";
  identity_->change(ada_.id, own);
  EXPECT_EQ(sees(), "//pro");
  orgs().addMember(org.id, ada_.id, "member");
  orgs().remove(org.id);
  EXPECT_EQ(sees(), "//pro");
}

TEST_P(OrgsTest, ThePrincipalSaysNumberAndWhetherTheAddressIsProved) {
  EXPECT_EQ(by(token(ada_))->number, ada_.number);
  EXPECT_FALSE(by(token(ada_))->emailConfirmed);
  UserChange change;
  change.emailConfirmedAt = nowMicros();
  identity_->change(ada_.id, change);
  EXPECT_TRUE(by(token(ada_))->emailConfirmed);
}

TEST_P(OrgsTest, NumbersCountOnAndNeverComeBack) {
  EXPECT_GE(ada_.number, 1);
  EXPECT_EQ(bob_.number, ada_.number + 1);
  EXPECT_EQ(identity_->find(UserKey::id, bob_.id)->number, bob_.number);
  identity_->remove(bob_.id);
  EXPECT_EQ(user("carol").number, bob_.number + 1);
  EXPECT_EQ(problemOf([&] { user("ada"); }), "409 username_taken");
}

TEST_P(OrgsTest, AccountsOfAnOlderServerAreNumberedInTheOrderOfTheirSignUp) {
  const bool sqlite = GetParam() == db::Backend::sqlite;
  db::Options options;
  options.url = sqlite ? "sqlite:" + directory_.path() + "/older.db" : peers::Postgres::shared()->newDatabase();
  options.connections = 2;
  const auto older = db::Database::open(options);
  auto migrations = kernelMigrations();
  migrations.resize(3);  // before numbers
  db::migrate(*older, "kernel", migrations);
  older->transaction([&](db::Connection& connection) {
    for (const auto& [id, createdAt] :
         std::vector<std::pair<std::string, std::int64_t>>{{"c", 100}, {"b", 200}, {"d", 100}, {"a", 300}}) {
      connection.execute(
          "INSERT INTO mortise_users (id, username, role, status, created_at) VALUES (:id, :id, 'user', 'active', :at)",
          {{"id", id}, {"at", createdAt}});
    }
  });
  db::migrate(*older, "kernel", kernelMigrations());
  options_.revisionFile.clear();
  const auto upgraded = std::make_unique<Identity>(*older, options_);
  std::string order;
  for (const auto* id : {"c", "d", "b", "a"}) {
    const auto user = upgraded->find(UserKey::id, id);
    order += std::to_string(user->number) + user->tier + std::to_string(user->lastLoginAt) + " ";
  }
  EXPECT_EQ(order, "10 20 30 40 ");  // none has its own tier or a known sign-in
  NewUser next;
  next.username = "next";
  EXPECT_EQ(upgraded->create(next).number, 5);
}

TEST_P(OrgsTest, TotalsFollowEveryWriterAndCountWhatAnOlderServerWrote) {
  std::int64_t total = -1;
  const auto users = [&] {
    identity_->list(0, 1, total);
    return total;
  };
  const auto organisations = [&] {
    orgs().list(0, 1, total);
    return total;
  };
  EXPECT_EQ(users(), 2);
  EXPECT_EQ(organisations(), 0);
  const auto org = acme();
  EXPECT_EQ(organisations(), 1);
  EXPECT_THROW(acme(), Problem);
  EXPECT_EQ(organisations(), 1);
  orgs().remove(org.id);
  EXPECT_EQ(organisations(), 0);
  identity_->remove(bob_.id);
  EXPECT_EQ(users(), 1);
  sql("INSERT INTO mortise_users (id, username, role, status, created_at, number) VALUES ('x', 'x', 'user', 'active', "
      "1, 1001), ('y', 'y', 'user', 'active', 1, 1002)");
  EXPECT_EQ(users(), 3);
  sql("DELETE FROM mortise_users");
  EXPECT_EQ(users(), 0);

  const bool sqlite = GetParam() == db::Backend::sqlite;
  db::Options options;
  options.url = sqlite ? "sqlite:" + directory_.path() + "/older.db" : peers::Postgres::shared()->newDatabase();
  options.connections = 2;
  const auto older = db::Database::open(options);
  auto migrations = kernelMigrations();
  migrations.resize(6);  // before totals
  db::migrate(*older, "kernel", migrations);
  older->transaction([&](db::Connection& connection) {
    connection.executeScript(
        "INSERT INTO mortise_users (id, username, role, status, created_at, number) VALUES ('a', 'a', 'user', "
        "'active', 1, 1), ('b', 'b', 'user', 'active', 1, 2), ('c', 'c', 'user', 'active', 1, 3);"
        "INSERT INTO mortise_orgs (id, name, slug, tier, seats_limit, storage_limit, created_at) VALUES ('o', 'O', "
        "'o', 'team', 0, 0, 1), ('p', 'P', 'p', 'team', 0, 0, 1)");
  });
  db::migrate(*older, "kernel", kernelMigrations());
  options_.revisionFile.clear();
  const auto upgraded = std::make_unique<Identity>(*older, options_);
  EXPECT_EQ(upgraded->list(0, 2, total).size(), 2U);
  EXPECT_EQ(total, 3);
  upgraded->orgs().list(0, 1, total);
  EXPECT_EQ(total, 2);
}

TEST_P(OrgsTest, AnAccountWithoutATierHasTheDefaultAndAnAdministratorHasAll) {
  EXPECT_EQ(identity_->ownTier(ada_), "starter");
  UserChange change;
  change.tier = "pro";
  EXPECT_EQ(identity_->ownTier(identity_->change(ada_.id, change)), "pro");
  change.tier = "gold";
  EXPECT_EQ(problemOf([&] { identity_->change(ada_.id, change); }), "422 unknown_tier");
  change.tier = "admin";
  EXPECT_EQ(problemOf([&] { identity_->change(ada_.id, change); }), "422 unknown_tier");
  change.tier = "";
  EXPECT_EQ(identity_->ownTier(identity_->change(ada_.id, change)), "starter");
  const User root = user("root", "super_admin");
  EXPECT_EQ(identity_->ownTier(root), "admin");
  const Org org = acme();
  orgs().addMember(org.id, root.id, "member");
  EXPECT_EQ(identity_->effectiveTier(*identity_->find(UserKey::id, root.id)), "admin");
  EXPECT_EQ(identity_->effectiveTier(*identity_->find(UserKey::id, ada_.id)), "team");
  EXPECT_EQ(identity_->ownTier(*identity_->find(UserKey::id, ada_.id)), "starter");
}

TEST_P(OrgsTest, AFeatureWantsItsTier) {
  const auto& features = identity_->features();
  EXPECT_EQ(problemOf([&] { features.require("cloud_sync", "starter"); }), "none");
  EXPECT_EQ(problemOf([&] { features.require("cloud_sync", "free"); }), "403 upgrade_required");
  EXPECT_EQ(problemOf([&] { features.require("team_management", "enterprise"); }), "none");
  EXPECT_EQ(problemOf([&] { features.require("team_management", "admin"); }), "none");
  EXPECT_EQ(problemOf([&] { features.require("cloud_sync", "what is this"); }), "403 upgrade_required");
  EXPECT_EQ(problemOf([&] { features.require("team_managment", "admin"); }), "422 unknown_feature");
  try {
    features.require("team_management", "pro");
    FAIL();
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.details, R"({"feature":"team_management","current_tier":"pro","required_tier":"team",)"
                               R"("upgrade_url":"https://example.org/pricing"})");
  }
}

TEST_P(OrgsTest, ASignInIsRemembered) {
  const auto last = [&] { return identity_->find(UserKey::id, ada_.id)->lastLoginAt; };
  EXPECT_EQ(last(), 0);
  const std::int64_t before = nowMicros();
  const auto rotating = identity_->openSession(ada_.id, SessionKind::rotating);
  EXPECT_GE(last(), before);
  EXPECT_EQ(rotating.user.lastLoginAt, last());
  sql("UPDATE mortise_users SET last_login_at = 0");
  identity_->openSession(ada_.id, SessionKind::stateless);
  EXPECT_GE(last(), before);
  sql("UPDATE mortise_users SET last_login_at = 0");
  identity_->refresh(rotating.refreshToken);
  EXPECT_EQ(last(), 0);  // renewing a token is no sign-in
  identity_->cookieSessions().bindUser("", ada_.id, nowMicros());
  EXPECT_GE(last(), before);
}

}  // namespace
}  // namespace mortise::identity
