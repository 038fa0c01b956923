#include "handoffs/handoff_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <mortise/problem.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "handoffs/handoff_party.hpp"
#include "library/session_places.hpp"

namespace session_sharing {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

class Handoffs : public mortise::testing::DatabaseTest {
 protected:
  Handoffs() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  Handoff add(const std::string& id, const std::string& recipient = inboxOfUser("bob"),
              std::vector<HandoffAttachment> attachments = {}, mortise::Time createdAt = kNow) {
    Handoff handoff;
    handoff.id = id;
    handoff.sessionId = "ses_1";
    handoff.senderId = "ada";
    handoff.senderEmail = "ada@example.com";
    handoff.senderTier = "team";
    handoff.recipient = recipient;
    handoff.createdAt = createdAt;
    handoff.expiresAt = createdAt + 1h;
    for (auto& attachment : attachments) attachment.handoffId = id;
    store_.add(handoff, attachments, {"ada", {}});
    return handoff;
  }
  std::string status(const std::string& id) const {
    return std::string(mortise::detail::nameOf(store_.find(id)->status));
  }
  std::string events(const std::string& id) const {
    std::string out;
    for (const auto& event : store_.events(id, 100)) out += event.eventType + " ";
    return out;
  }
  static std::string ids(const std::vector<Handoff>& handoffs) {
    std::string out;
    for (const auto& handoff : handoffs) out += handoff.id + " ";
    return out;
  }

  HandoffStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Handoffs);

TEST_P(Handoffs, AreKeptWithWhatGoesAlong) {
  HandoffAttachment page{"", 0, "wiki_page", "setup", "proj_1", kNow};
  HandoffAttachment ticket{"", 1, "ticket", "tk_1", {}, kNow};
  add("hnd_1", inboxOfEmail("Bob@Example.com"), {page, ticket});
  const auto found = store_.find("hnd_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recipient, "email:bob@example.com");
  EXPECT_EQ(found->status, HandoffStatus::pending);
  const auto attachments = store_.attachments("hnd_1");
  ASSERT_EQ(attachments.size(), 2u);
  EXPECT_EQ(attachments[0].refId, "setup");
  EXPECT_EQ(attachments[1].kind, "ticket");
  EXPECT_EQ(events("hnd_1"), "created ");
  EXPECT_EQ(store_.events("hnd_1", 100)[0].actorUserId, "ada");
  EXPECT_FALSE(store_.find("hnd_2"));
}

TEST_P(Handoffs, NeedTheirPersonaUntilTheyEnd) {
  const SessionPlaces places(db());
  const auto isNeeded = [&](const std::vector<std::string>& projects, mortise::Time now = kNow) {
    return places.hasPendingHandoff(projects, "Reviewer", now);
  };
  Handoff handoff;
  handoff.id = "hnd_1";
  handoff.sessionId = "ses_1";
  handoff.senderId = "ada";
  handoff.recipient = inboxOfUser("bob");
  handoff.createdAt = kNow;
  handoff.expiresAt = kNow + 1h;
  handoff.sourceProjectId = "proj_2";
  handoff.personaName = "REVIEWER";  // as the sender wrote it
  handoff.snapshotPersonaName = "Reviewer";
  store_.add(handoff, {}, {"ada", {}});
  EXPECT_TRUE(isNeeded({"proj_1", "proj_2", "proj_3"}));
  EXPECT_TRUE(isNeeded({"proj_2"}));
  EXPECT_FALSE(isNeeded({"proj_1", "proj_3"}));
  EXPECT_FALSE(isNeeded({}));
  EXPECT_FALSE(places.hasPendingHandoff({"proj_2"}, "Writer", kNow));
  EXPECT_FALSE(isNeeded({"proj_2"}, kNow + 1h)) << "its time is over";
  ASSERT_TRUE(store_.decline("hnd_1", {"bob", {}}, {}, kNow));
  EXPECT_FALSE(isNeeded({"proj_2"}));
}

TEST_P(Handoffs, AreListedNewestFirstOfSeveralInboxes) {
  add("hnd_1", inboxOfUser("bob"), {}, kNow);
  add("hnd_2", inboxOfTeam("tm_1"), {}, kNow + 1s);
  add("hnd_3", inboxOfUser("bob"), {}, kNow + 2s);
  add("hnd_4", inboxOfUser("eve"), {}, kNow + 3s);
  EXPECT_EQ(ids(store_.inbox({inboxOfUser("bob"), inboxOfTeam("tm_1")}, 10)), "hnd_3 hnd_2 hnd_1 ");
  EXPECT_EQ(ids(store_.inbox({inboxOfUser("bob"), inboxOfTeam("tm_1")}, 2)), "hnd_3 hnd_2 ");
  EXPECT_EQ(ids(store_.inbox({inboxOfUser("bob")}, 10)), "hnd_3 hnd_1 ");
  EXPECT_EQ(store_.inboxCount({inboxOfUser("bob"), inboxOfTeam("tm_1")}), 3);
  EXPECT_EQ(store_.inboxCount({inboxOfUser("nobody")}), 0);
  EXPECT_EQ(ids(store_.sent("ada", 3)), "hnd_4 hnd_3 hnd_2 ");
  EXPECT_EQ(store_.sentCount("ada"), 4);
}

TEST_P(Handoffs, EndOnce) {
  for (const char* id : {"hnd_claim", "hnd_revoke", "hnd_decline", "hnd_expire"}) add(id);
  EXPECT_TRUE(store_.claim("hnd_claim", {"bob", "ci"}, "ses_copy", kNow));
  EXPECT_TRUE(store_.revoke("hnd_revoke", {"ada", {}}, "wrong one", kNow));
  EXPECT_TRUE(store_.decline("hnd_decline", {"bob", {}}, "no time", kNow));
  EXPECT_FALSE(store_.expire("hnd_expire", kNow)) << "its time is not over";
  EXPECT_TRUE(store_.expire("hnd_expire", kNow + 1h));
  for (const char* id : {"hnd_claim", "hnd_revoke", "hnd_decline", "hnd_expire"}) {
    EXPECT_FALSE(store_.claim(id, {"eve", {}}, "ses_other", kNow)) << id;
    EXPECT_FALSE(store_.revoke(id, {"ada", {}}, "again", kNow)) << id;
    EXPECT_FALSE(store_.decline(id, {"bob", {}}, {}, kNow)) << id;
    EXPECT_FALSE(store_.expire(id, kNow + 2h)) << id;
  }
  const auto claimed = store_.find("hnd_claim").value();
  EXPECT_EQ(claimed.status, HandoffStatus::claimed);
  EXPECT_EQ(claimed.claimerId, "bob");
  EXPECT_EQ(claimed.recipientSessionId, "ses_copy");
  EXPECT_EQ(claimed.claimedAt, kNow);
  EXPECT_EQ(store_.events("hnd_claim", 10)[1].serviceKeyName, "ci");
  const auto revoked = store_.find("hnd_revoke").value();
  EXPECT_EQ(revoked.revokedByUserId, "ada");
  EXPECT_EQ(revoked.revokeReason, "wrong one");
  EXPECT_EQ(status("hnd_decline"), "declined");
  EXPECT_EQ(store_.events("hnd_decline", 10)[1].payload, R"({"reason":"no time"})");
  EXPECT_EQ(status("hnd_expire"), "expired");
  EXPECT_EQ(events("hnd_expire"), "created expired ");
}

TEST_P(Handoffs, CanNotBeClaimedOnceTheirTimeIsOver) {
  add("hnd_1");
  EXPECT_FALSE(store_.claim("hnd_1", {"bob", {}}, "ses_copy", kNow + 1h));
  EXPECT_FALSE(store_.revoke("hnd_1", {"ada", {}}, "late", kNow + 1h));
  EXPECT_FALSE(store_.decline("hnd_1", {"bob", {}}, {}, kNow + 1h));
  EXPECT_EQ(status("hnd_1"), "pending");
  EXPECT_EQ(store_.find("hnd_1")->shownStatus(kNow + 1h), HandoffStatus::expired);
  EXPECT_EQ(store_.find("hnd_1")->shownStatus(kNow), HandoffStatus::pending);
}

TEST_P(Handoffs, OfManyWhoClaimAtOnceOneWins) {
  add("hnd_1", inboxOfTeam("tm_1"));
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (store_.claim("hnd_1", {"user" + std::to_string(i), {}}, "ses_" + std::to_string(i), kNow)) ++won;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(events("hnd_1"), "created claimed ");
}

TEST_P(Handoffs, OfASessionEndWithIt) {
  add("hnd_1");
  add("hnd_2");
  store_.claim("hnd_2", {"bob", {}}, "ses_copy", kNow);
  store_.expirePendingOf("ses_1", kNow);
  EXPECT_EQ(status("hnd_1"), "expired");
  EXPECT_EQ(events("hnd_1"), "created expired ");
  EXPECT_EQ(status("hnd_2"), "claimed");
  add("hnd_3");
  store_.revokePendingOf("ses_other", "gone", kNow);
  EXPECT_EQ(status("hnd_3"), "pending");
  store_.revokePendingOf("ses_1", "gone", kNow);
  EXPECT_EQ(status("hnd_3"), "revoked");
  EXPECT_FALSE(store_.find("hnd_3")->revokedByUserId);
}

TEST_P(Handoffs, AreSeenOnce) {
  add("hnd_1");
  EXPECT_TRUE(store_.view("hnd_1", {"bob", {}}, kNow));
  EXPECT_FALSE(store_.view("hnd_1", {"bob", {}}, kNow + 1s));
  EXPECT_EQ(store_.find("hnd_1")->viewedAt, kNow);
  EXPECT_EQ(events("hnd_1"), "created viewed ");
}

TEST_P(Handoffs, AreCommentedOn) {
  add("hnd_1");
  for (int i = 0; i < 3; ++i)
    store_.comment(
        {"hcm_" + std::to_string(i), "hnd_1", "bob", "text " + std::to_string(i), kNow + std::chrono::seconds(i)},
        {"bob", {}});
  const auto comments = store_.comments("hnd_1", 2);
  ASSERT_EQ(comments.size(), 2u);
  EXPECT_EQ(comments[0].content, "text 0");
  EXPECT_EQ(comments[1].id, "hcm_1");
  EXPECT_EQ(store_.events("hnd_1", 2).back().payload, R"({"comment_id":"hcm_0"})");
  database().fill("sync_handoff_comments", HandoffStore::kMaxComments,
                  {{"id", "'c' || n"}, {"handoff_id", "'hnd_1'"}, {"content", "'x'"}, {"created_at", "n"}});
  try {
    store_.comment({"hcm_more", "hnd_1", "bob", "more", kNow}, {"bob", {}});
    FAIL() << "one too many";
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(problem.code(), "handoff_comments_full");
  }
}

TEST_P(Handoffs, AreListedAlongIndexesHoweverManyThereAre) {
  database().fill("sync_handoffs", kManyRows,
                  {{"id", "'hnd_' || n"},
                   {"session_id", "'ses_' || (n % 5000)"},
                   {"sender_id", "'user' || (n % 50)"},
                   {"sender_email", "''"},
                   {"sender_tier", "'team'"},
                   {"recipient", "'user:user' || (n % 40)"},
                   {"status", "CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'claimed' END"},
                   {"created_at", "n / 3"},
                   {"expires_at", "n / 3 + 1000"}});
  database().fill(
      "sync_handoff_comments", kManyRows,
      {{"id", "'c' || n"}, {"handoff_id", "'hnd_' || (n % 100 + 1)"}, {"content", "'x'"}, {"created_at", "n / 3"}});
  database().fill("sync_handoff_attachments", kManyRows,
                  {{"handoff_id", "'hnd_' || (n % 100 + 1)"},
                   {"position", "n / 100"},
                   {"kind", "'ticket'"},
                   {"ref_id", "'ref' || n"},
                   {"created_at", "n / 3"}});
  database().fill("sync_handoff_events", kManyRows,
                  {{"handoff_id", "'hnd_' || (n % 100 + 1)"},
                   {"event_type", "'viewed'"},
                   {"payload", "'{}'"},
                   {"created_at", "n / 3"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("hnd_7");
    store_.inbox({"user:user7", "user:user8"}, 200);
    store_.inboxCount({"user:user7"});
    store_.sent("user7", 200);
    store_.expirePendingOf("ses_10", kNow);
    EXPECT_EQ(store_.attachments("hnd_7").size(), 1000U);
    store_.comments("hnd_7", 200);
    EXPECT_EQ(store_.events("hnd_7", 200).size(), 200U);
  }));
}

}  // namespace
}  // namespace session_sharing
