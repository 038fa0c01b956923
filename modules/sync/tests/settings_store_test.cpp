// The tables of settings, webhooks and audits, on both databases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include "audits/audit_report.hpp"
#include "settings/github_installations.hpp"
#include "settings/gitlab_settings.hpp"
#include "settings/judge_settings.hpp"
#include "settings/settings_removal.hpp"
#include "settings/triggers.hpp"
#include "webhooks/review_comment.hpp"

namespace session_sharing {
namespace {

using mortise::timeOf;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class SettingsTables : public mortise::testing::DatabaseTest {
 protected:
  SettingsTables() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  static AuditReport report(const std::string& id, std::int64_t at, const std::string& session = "ses_1") {
    AuditReport out;
    out.id = id;
    out.sessionId = session;
    out.userId = "ada";
    out.model = "m";
    out.provider = "openai";
    out.trust = at;
    out.createdAt = timeOf(at);
    return out;
  }
  static AuditRun run(const std::string& session, std::int64_t lease) {
    AuditRun out;
    out.sessionId = session;
    out.userId = "ada";
    out.provider = "openai";
    out.model = "m";
    out.leaseUntil = out.requestedAt = timeOf(lease);
    return out;
  }
  static ReviewComment comment(std::int64_t number) {
    ReviewComment out;
    out.host = "github";
    out.userId = "ada";
    out.repository = "acme/app";
    out.number = number;
    out.installationId = 7;
    out.sourceRemote = "acme/app";
    out.branch = "main";
    out.nextTryAt = out.createdAt = timeOf(100);
    return out;
  }

  JudgeStore judges_{db()};
  TriggerStore triggers_{db()};
  GitlabStore gitlab_{db()};
  GithubStore github_{db()};
  AuditStore audits_{db()};
  ReviewCommentStore comments_{db()};
};
MORTISE_ON_EVERY_DATABASE(SettingsTables);

TEST_P(SettingsTables, KeepTheJudgeOfAUser) {
  EXPECT_FALSE(judges_.find("ada"));
  judges_.put({"ada", "openai", "gpt-4o", "https://a", "sealed", "https://a", timeOf(1)});
  judges_.put({"ada", "anthropic", "claude", {}, {}, "https://b", timeOf(2)});
  const auto found = judges_.find("ada").value();
  EXPECT_EQ(found.provider, "anthropic");
  EXPECT_FALSE(found.baseUrl);
  EXPECT_FALSE(found.sealedKey);
  EXPECT_TRUE(judges_.remove("ada"));
  EXPECT_FALSE(judges_.remove("ada"));
}

TEST_P(SettingsTables, KeepTriggersWithDefaults) {
  EXPECT_EQ(triggers_.of("ada").audit, "manual");
  triggers_.put({"ada", "on_sync", "manual"});
  triggers_.put({"ada", "on_sync", "on_pr"});
  EXPECT_EQ(triggers_.of("ada").audit, "on_sync");
  EXPECT_EQ(triggers_.of("ada").summarize, "on_pr");
  EXPECT_TRUE(isTrigger("manual") && isTrigger("on_sync") && isTrigger("on_pr"));
  EXPECT_FALSE(isTrigger("") || isTrigger("always"));
}

TEST_P(SettingsTables, FindAGitlabByTheHashOfItsSecret) {
  gitlab_.put({"ada", "https://gitlab.com", "t", "h1", timeOf(1)});
  gitlab_.put({"bob", "https://gitlab.com", "t", "h2", timeOf(1)});
  const auto found = gitlab_.withSecret("h2");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].userId, "bob");
  EXPECT_TRUE(gitlab_.withSecret("h3").empty());
}

TEST_P(SettingsTables, GiveAnInstallationToOneUser) {
  github_.note(7, "acme", "Organization");
  EXPECT_FALSE(github_.find(7)->userId);
  EXPECT_TRUE(github_.claim(7, "ada", timeOf(5)));
  EXPECT_TRUE(github_.claim(7, "ada", timeOf(6)));
  EXPECT_FALSE(github_.claim(7, "bob", timeOf(7)));
  EXPECT_FALSE(github_.claim(8, "bob", timeOf(7))) << "there is none";
  github_.note(7, "acme-inc", "Organization");
  const auto found = github_.find(7).value();
  EXPECT_EQ(found.userId, "ada");
  EXPECT_EQ(found.accountLogin, "acme-inc");
  github_.choose("ada", {false, {}, {}});
  EXPECT_FALSE(github_.find(7)->autoComment);
  EXPECT_TRUE(github_.find(7)->includeTrustScore);
  github_.setSuspended(7, true);
  EXPECT_TRUE(github_.find(7)->suspended);
  EXPECT_EQ(github_.of("ada").size(), 1U);
  EXPECT_EQ(github_.release("ada"), 1);
  EXPECT_TRUE(github_.claim(7, "bob", timeOf(8)));
  github_.remove(7);
  EXPECT_FALSE(github_.find(7));
}

TEST_P(SettingsTables, TakeAStateOnce) {
  github_.remember({"s1", "ada", "b", timeOf(100)});
  github_.remember({"s2", "ada", "b", timeOf(200)});
  EXPECT_EQ(github_.findState("s1")->userId, "ada");
  EXPECT_TRUE(github_.forgetState("s1"));
  EXPECT_FALSE(github_.forgetState("s1"));
  EXPECT_EQ(github_.forgetStatesBefore(timeOf(150)), 0);
  EXPECT_EQ(github_.forgetStatesBefore(timeOf(201)), 1);
}

TEST_P(SettingsTables, QueueACommentOnce) {
  EXPECT_TRUE(comments_.add(comment(1)));
  EXPECT_FALSE(comments_.add(comment(1)));
  EXPECT_FALSE(comments_.take(timeOf(99), timeOf(200)));
  auto taken = comments_.take(timeOf(100), timeOf(200));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->attempts, 1);
  EXPECT_FALSE(comments_.take(timeOf(100), timeOf(200))) << "another worker is at it";
  EXPECT_TRUE(comments_.take(timeOf(200), timeOf(300))) << "that one died";
  taken->state = "posted";
  comments_.set(*taken);
  EXPECT_FALSE(comments_.take(timeOf(1000), timeOf(2000)));
  EXPECT_FALSE(comments_.add(comment(1))) << "one for ever";
  comments_.remove(*taken);
  EXPECT_TRUE(comments_.add(comment(1)));
  EXPECT_TRUE(comments_.noteDelivery("x", timeOf(1)));
  EXPECT_FALSE(comments_.noteDelivery("x", timeOf(2)));
  EXPECT_EQ(comments_.forgetDeliveriesBefore(timeOf(2)), 1);
}

TEST_P(SettingsTables, KeepTheReportsOfASession) {
  EXPECT_FALSE(audits_.latest("ses_1"));
  for (int i = 1; i <= 103; ++i) audits_.add(report("aud_" + std::to_string(i), i));
  audits_.add(report("aud_x", 500, "ses_2"));
  EXPECT_EQ(audits_.latest("ses_1")->id, "aud_103");
  EXPECT_EQ(audits_.of("ses_1").size(), 100U);
  EXPECT_EQ(audits_.of("ses_1").back().id, "aud_4");
  EXPECT_FALSE(audits_.find("aud_3"));
  EXPECT_EQ(audits_.trustOf({"ses_1", "ses_2", "ses_3"}),
            (std::map<std::string, std::int64_t>{{"ses_1", 103}, {"ses_2", 500}}));
  audits_.removeOfSession("ses_1");
  EXPECT_FALSE(audits_.latest("ses_1"));
  EXPECT_TRUE(audits_.latest("ses_2"));
}

TEST_P(SettingsTables, LetOneWorkerMakeAnAudit) {
  EXPECT_TRUE(audits_.beginRun(run("ses_1", 10)));
  EXPECT_FALSE(audits_.beginRun(run("ses_1", 10)));
  EXPECT_TRUE(audits_.isRunning("ses_1"));
  const auto first = audits_.takeRun(timeOf(10), timeOf(50));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->attempts, 1);
  EXPECT_FALSE(audits_.takeRun(timeOf(49), timeOf(90)));
  EXPECT_TRUE(audits_.keepRun(*first, timeOf(60)));
  const auto second = audits_.takeRun(timeOf(60), timeOf(90));
  ASSERT_TRUE(second) << "the first one died";
  EXPECT_FALSE(audits_.keepRun(*first, timeOf(100))) << "it came back too late";
  audits_.releaseRun(*first, timeOf(60));
  EXPECT_FALSE(audits_.takeRun(timeOf(89), timeOf(200))) << "it came back too late";
  audits_.releaseRun(*second, timeOf(70));
  EXPECT_EQ(audits_.takeRun(timeOf(70), timeOf(200))->attempts, 2) << "the second try did not count";
  audits_.endRun("ses_1");
  EXPECT_FALSE(audits_.isRunning("ses_1"));
}

TEST_P(SettingsTables, KeepNothingOfAnAccountThatIsGone) {
  for (const std::string user : {"ada", "bob"}) {
    judges_.put({user, "openai", "gpt-4o", {}, "sealed", "https://a", timeOf(1)});
    triggers_.put({user, "on_sync", "on_sync"});
    gitlab_.put({user, "https://gitlab.com", "t", "h" + user, timeOf(1)});
    github_.remember({"s" + user, user, "b", timeOf(100)});
    auto reported = report("aud_" + user, 1, "ses_" + user);
    reported.userId = user;
    audits_.add(reported);
    auto begun = run("ses_" + user, 10);
    begun.userId = user;
    audits_.beginRun(begun);
    auto waiting = comment(1);
    waiting.userId = user;
    comments_.add(waiting);
  }
  github_.note(7, "acme", "Organization");
  github_.claim(7, "ada", timeOf(5));
  db().transaction([&](mortise::Transaction& tx) { removeSettingsOf(tx, db(), "ada"); });
  EXPECT_FALSE(judges_.find("ada"));
  EXPECT_EQ(triggers_.of("ada").audit, "manual");
  EXPECT_FALSE(gitlab_.find("ada"));
  EXPECT_FALSE(github_.find(7)->userId);
  EXPECT_FALSE(github_.findState("sada"));
  EXPECT_FALSE(audits_.find("aud_ada"));
  EXPECT_FALSE(audits_.isRunning("ses_ada"));
  EXPECT_EQ(comments_.take(timeOf(100), timeOf(200))->userId, "bob");
  EXPECT_TRUE(judges_.find("bob") && gitlab_.find("bob") && github_.findState("sbob") && audits_.isRunning("ses_bob"));
}

TEST_P(SettingsTables, AreReadAlongIndexesHoweverMuchThereIs) {
  database().fill("sync_audit_reports", kManyRows,
                  {{"id", "'aud_' || n"},
                   {"session_id", "'ses_' || (n % 1000)"},
                   {"user_id", "'u' || (n % 100)"},
                   {"judge_model", "'m'"},
                   {"judge_provider", "'p'"},
                   {"trust_score", "1"},
                   {"total_claims", "1"},
                   {"verified", "1"},
                   {"unverified", "1"},
                   {"hallucinations", "1"},
                   {"critical", "1"},
                   {"high", "1"},
                   {"low", "1"},
                   {"findings", "'[]'"},
                   {"warnings", "'[]'"},
                   {"execution_time_ms", "1"},
                   {"created_at", "n"}});
  database().fill("sync_audit_runs", kManyRows,
                  {{"session_id", "'ses_' || n"},
                   {"user_id", "'u' || (n % 100)"},
                   {"provider", "'p'"},
                   {"model", "'m'"},
                   {"lease_until", "n"},
                   {"attempts", "0"},
                   {"requested_at", "n"}});
  database().fill("sync_review_comments", kManyRows,
                  {{"host", "'github'"},
                   {"user_id", "'u' || (n % 100)"},
                   {"repository", "'a/b'"},
                   {"number", "n"},
                   {"installation_id", "1"},
                   {"source_remote", "'a/b'"},
                   {"branch", "'main'"},
                   {"state", "CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'posted' END"},
                   {"attempts", "0"},
                   {"next_try_at", "n"},
                   {"created_at", "n"}});
  database().fill("sync_webhook_deliveries", kManyRows, {{"body_hash", "'h' || n"}, {"received_at", "n"}});
  database().fill("sync_gitlab_settings", kManyRows,
                  {{"user_id", "'u' || n"},
                   {"instance_url", "'https://gitlab.com'"},
                   {"sealed_token", "'t'"},
                   {"webhook_secret_hash", "'h' || n"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    audits_.latest("ses_7");
    audits_.of("ses_7");
    audits_.find("aud_7");
    audits_.isRunning("ses_7");
    audits_.hasReportOf("ses_7", "e");
    audits_.trustOf({"ses_7", "ses_8"});
    audits_.takeRun(timeOf(50), timeOf(90));
    audits_.keepRun(run("ses_7", 1), timeOf(90));
    audits_.releaseRun(run("ses_7", 1), timeOf(90));
    comments_.take(timeOf(5), timeOf(9));
    comments_.sessionsOf("u1", "a/b", "main");
    comments_.noteDelivery("h5", timeOf(1));
    comments_.forgetDeliveriesBefore(timeOf(5));
    gitlab_.withSecret("h7");
    github_.of("u1");
  }));
}

}  // namespace
}  // namespace session_sharing
