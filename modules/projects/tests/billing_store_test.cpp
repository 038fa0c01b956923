#include "billing/billing_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>
#include <string>

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);
const BillingOwner kAda{OwnerType::user, "ada"};

class BillingStoreTest : public mortise::testing::DatabaseTest {
 protected:
  BillingStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Entitlement entitlement(const std::string& id, EntitlementStatus status, mortise::Time startedAt = kNow) {
    Entitlement out;
    out.id = "ent_" + id;
    out.ownerId = "ada";
    out.source = "stripe";
    out.subscriptionId = "sub_" + id;
    out.tier = "pro";
    out.status = status;
    out.providerStatus = "active";
    out.periodEnd = kNow + 1h;
    out.startedAt = startedAt;
    out.createdAt = out.updatedAt = kNow;
    return out;
  }
  std::string paid() const {
    std::string out;
    for (const auto& each : store_.paid(kAda)) out += each.id + " ";
    return out;
  }

  BillingStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(BillingStoreTest);

TEST_P(BillingStoreTest, OneOwnerHasOneActiveEntitlement) {
  store_.add(entitlement("1", EntitlementStatus::active));
  store_.add(entitlement("2", EntitlementStatus::waiting, kNow + 1s));
  store_.add(entitlement("3", EntitlementStatus::ended, kNow + 2s));
  EXPECT_THROW(store_.add(entitlement("4", EntitlementStatus::active)), mortise::db::Error);
  EXPECT_THROW(store_.setStatus("ent_2", EntitlementStatus::active), mortise::db::Error);
  EXPECT_EQ(store_.active(kAda)->id, "ent_1");
  EXPECT_EQ(paid(), "ent_2 ent_1 ");
  store_.setStatus("ent_1", EntitlementStatus::waiting);
  store_.setStatus("ent_2", EntitlementStatus::active);
  EXPECT_EQ(store_.active(kAda)->id, "ent_2");
  EXPECT_FALSE(store_.active({OwnerType::org, "ada"}));
}

TEST_P(BillingStoreTest, AChangeIsTheNextRevisionOfWhatItSaw) {
  store_.add(entitlement("1", EntitlementStatus::waiting));
  auto mine = store_.ofSubscription("stripe", "sub_1").value();
  auto theirs = mine;
  mine.tier = "team";
  EXPECT_TRUE(store_.change(mine));
  EXPECT_FALSE(store_.change(theirs));
  EXPECT_EQ(store_.ofSubscription("stripe", "sub_1")->tier, "team");
  EXPECT_FALSE(store_.ofSubscription("other", "sub_1"));
}

TEST_P(BillingStoreTest, WhatItsOwnerLeftIsToBeCancelled) {
  BillingAccount account;
  account.ownerId = "ada";
  account.customerId = "cus_1";
  store_.put(account);
  EXPECT_EQ(store_.ofCustomer("cus_1")->ownerId, "ada");
  store_.add(entitlement("1", EntitlementStatus::active));
  store_.add(entitlement("2", EntitlementStatus::ended));
  store_.ownerGone(kAda, kNow);
  store_.ownerGone(kAda, kNow);
  const auto unwanted = store_.unwanted({}, 10);
  ASSERT_EQ(unwanted.size(), 1U);
  EXPECT_EQ(unwanted[0].id, "ent_1");
  EXPECT_FALSE(store_.account(kAda));
}

TEST_P(BillingStoreTest, AnEventIsTakenOnce) {
  EXPECT_TRUE(store_.noteEvent("stripe:evt_1", kNow));
  EXPECT_FALSE(store_.noteEvent("stripe:evt_1", kNow + 1s));
  EXPECT_TRUE(store_.isKnownEvent("stripe:evt_1"));
  EXPECT_TRUE(store_.noteEvent("stripe:evt_2", kNow + 1s));
  EXPECT_EQ(store_.forgetEvents(kNow + 1s, 10), 1);
  EXPECT_FALSE(store_.isKnownEvent("stripe:evt_1"));
  EXPECT_TRUE(store_.isKnownEvent("stripe:evt_2"));
}

TEST_P(BillingStoreTest, IsOverdueBehindItsPeriod) {
  store_.add(entitlement("1", EntitlementStatus::active));
  store_.add(entitlement("2", EntitlementStatus::ended));
  EXPECT_TRUE(store_.overdue(kNow + 1h, {}, 10).empty());
  EXPECT_EQ(store_.overdue(kNow + 2h, {}, 10).size(), 1U);
}

TEST_P(BillingStoreTest, ListsForTheJobGoOnBehindAPlace) {
  for (const char* id : {"1", "2", "3"}) {
    auto each = entitlement(id, std::string(id) == "1" ? EntitlementStatus::active : EntitlementStatus::waiting);
    each.cancelWanted = true;
    if (std::string(id) == "3") each.periodEnd = each.updatedAt = kNow;
    store_.add(each);
  }
  const auto ids = [](const std::vector<Entitlement>& page) {
    std::string out;
    for (const auto& each : page) out += each.id + " ";
    return out;
  };
  EXPECT_EQ(ids(store_.overdue(kNow + 2h, {}, 2)), "ent_3 ent_1 ");
  EXPECT_EQ(ids(store_.overdue(kNow + 2h, {kNow + 1h, "ent_1"}, 2)), "ent_2 ");
  EXPECT_EQ(ids(store_.overdue(kNow + 2h, {kNow + 1h, "ent_2"}, 2)), "");
  EXPECT_EQ(ids(store_.unwanted({}, 2)), "ent_1 ent_2 ");
  EXPECT_EQ(ids(store_.unwanted({kNow, "ent_2"}, 2)), "ent_3 ");
}

TEST_P(BillingStoreTest, IsFoundAlongIndexesHoweverManyThereAre) {
  database().fill("projects_entitlements", kManyRows,
                  {{"id", "'ent_' || n"},
                   {"owner_type", "CASE WHEN n % 2 = 0 THEN 'user' ELSE 'org' END"},
                   {"owner_id", "'owner' || (n / 4)"},
                   {"source", "'stripe'"},
                   {"subscription_id", "'sub_' || n"},
                   {"tier", "'pro'"},
                   {"seats", "1"},
                   {"storage_bytes", "0"},
                   {"status", "CASE WHEN n % 4 < 2 THEN 'active' ELSE 'ended' END"},
                   {"provider_status", "'active'"},
                   {"period_end", "n"},
                   {"cancel_wanted", "CASE WHEN n % 1000 = 0 THEN 1 ELSE 0 END"},
                   {"revision", "1"},
                   {"started_at", "n"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_billing_accounts", kManyRows,
                  {{"owner_type", "'user'"}, {"owner_id", "'owner' || n"}, {"customer_id", "'cus_' || n"}});
  database().fill("projects_billing_events", kManyRows, {{"id", "'stripe:evt_' || n"}, {"received_at", "n"}});
  database().analyze();
  const BillingOwner owner{OwnerType::user, "owner7"};
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.account(owner);
    store_.ofCustomer("cus_7");
    store_.ofSubscription("stripe", "sub_7");
    store_.active(owner);
    store_.paid(owner);
    store_.unwanted({}, 100);
    store_.unwanted({mortise::timeOf(50'000), "ent_50000"}, 100);
    store_.overdue(mortise::timeOf(50), {}, 100);
    store_.overdue(mortise::timeOf(60'000), {mortise::timeOf(50'000), "ent_50000"}, 100);
    auto known = store_.ofSubscription("stripe", "sub_7").value();
    store_.change(known);
    store_.noteEvent("stripe:evt_0", kNow);
    store_.ownerGone(owner, kNow);
    store_.isKnownEvent("stripe:evt_7");
    store_.setStatus("ent_7", EntitlementStatus::ended);
    store_.forgetEvents(mortise::timeOf(50), 10);
  }));
}

}  // namespace
}  // namespace projects
