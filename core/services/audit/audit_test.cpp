#include "core/services/audit/audit.hpp"

#include <gtest/gtest.h>

#include "core/base/identifiers.hpp"
#include "core/services/service_error.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kHour = 3600 * kSecond;

class AuditTest : public ::testing::TestWithParam<db::Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == db::Backend::sqlite) {
      sqlite_ = make("sqlite:" + directory_.path() + "/test.db");
      database_ = sqlite_.get();
      return;
    }
    auto* const server = peers::Postgres::shared();
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    // One for all tests, emptied: creating a database takes longer than they do.
    if (!postgres_) postgres_ = make(server->newDatabase());
    database_ = postgres_.get();
    database_->transaction([](db::Connection& connection) { connection.execute("DELETE FROM mortise_audit", {}); });
  }
  static void TearDownTestSuite() { postgres_.reset(); }
  static std::unique_ptr<db::Database> make(const std::string& url) {
    db::Options where;
    where.url = url;
    auto database = db::Database::open(where);
    db::migrate(
        *database, "test",
        {{1, "001_audit.sql", std::string(auditMigrationSql())}, {2, "002_lists.sql", auditListsMigrationSql()}});
    return database;
  }
  void record(const std::string& action, const std::string& actor = "operator", const std::string& target = {}) {
    Audit(*database_).record({{}, 0, actor, action, target, {}, {}, {}});
  }
  std::size_t count(const AuditFilter& filter) {
    std::int64_t total = 0;
    const auto count = Audit(*database_).list(filter, total).size();
    EXPECT_EQ(static_cast<std::size_t>(total), count);
    return count;
  }
  void move(const std::string& action, std::int64_t to) {
    database_->transaction([&](db::Connection& connection) {
      connection.execute("UPDATE mortise_audit SET at = :at WHERE action = :action", {{"at", to}, {"action", action}});
    });
  }

  peers::TempDirectory directory_{"mortise-audit"};
  static inline std::unique_ptr<db::Database> postgres_;
  std::unique_ptr<db::Database> sqlite_;
  db::Database* database_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(, AuditTest, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& each) { return each.param == db::Backend::sqlite ? "sqlite" : "postgresql"; });

TEST_P(AuditTest, FiltersNarrowWhatIsListed) {
  record("user.created", "operator", "user:1");
  record("user.deleted", "u9", "user:1");
  record("users.counted", "u9", "user:2");
  AuditFilter filter;
  EXPECT_EQ(count(filter), 3U);
  filter.action = "user.";
  EXPECT_EQ(count(filter), 2U) << "a dot at the end takes all below, and nothing beside it";
  filter.actor = "u9";
  EXPECT_EQ(count(filter), 1U);
  filter.action = "user.created";
  EXPECT_EQ(count(filter), 0U);
  filter = {};
  filter.target = "user:1";
  EXPECT_EQ(count(filter), 2U);
}

TEST_P(AuditTest, GroupsMayBeNestedAndPlainActionsAreInNone) {
  for (const auto* action :
       {"user", "user.role.changed", "user.role.kept", "user.roles", "user.role", "users.role.x", ".x"})
    record(action);
  AuditFilter filter;
  const auto with = [&](const char* action) {
    filter.action = action;
    return count(filter);
  };
  EXPECT_EQ(with("user."), 4U);
  EXPECT_EQ(with("user.role."), 2U);
  EXPECT_EQ(with("user.role.changed."), 0U);
  EXPECT_EQ(with("user"), 1U);
  EXPECT_EQ(with("."), 1U);
  EXPECT_EQ(with("nobody."), 0U);
}

TEST_P(AuditTest, TheTotalIsOfAllPages) {
  for (int i = 0; i < 5; ++i) record("user.created");
  AuditFilter filter;
  filter.action = "user.";
  filter.skip = 4;
  filter.limit = 2;
  std::int64_t total = 0;
  EXPECT_EQ(Audit(*database_).list(filter, total).size(), 1U);
  EXPECT_EQ(total, 5);
}

TEST_P(AuditTest, TimesIncludeTheirStartAndNotTheirEnd) {
  record("first");
  record("second");
  move("first", 10 * kHour);
  move("second", 20 * kHour);
  AuditFilter filter;
  filter.since = 10 * kHour;
  EXPECT_EQ(count(filter), 2U);
  filter.since = 10 * kHour + 1;
  EXPECT_EQ(count(filter), 1U);
  filter.since = 0;
  filter.until = 20 * kHour;
  EXPECT_EQ(count(filter), 1U);
}

TEST_P(AuditTest, OldRowsExpireAndTheTrailSaysSo) {
  record("old");
  record("kept");
  move("old", 1);
  Audit audit(*database_);
  EXPECT_EQ(audit.expire(2), 1);
  EXPECT_EQ(audit.expire(2), 0);
  AuditFilter filter;
  std::int64_t total = 0;
  const auto left = audit.list(filter, total);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].action, "audit.expired");
  EXPECT_EQ(left[0].actor, "kernel");
  EXPECT_EQ(left[0].details, R"({"rows":1,"before":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(left[1].action, "kept");
}

TEST(AuditEntryJson, HasEveryFieldAndObjectsAsDetails) {
  AuditEntry entry{"i", 0, "a\"", "x.y", "user:1", R"({"n":1})", "::1", "r"};
  EXPECT_EQ(toJson(entry),
            R"({"id":"i","at":"1970-01-01T00:00:00.000Z","actor":"a\"","action":"x.y","target":"user:1",)"
            R"("details":{"n":1},"ip":"::1","request_id":"r"})");
  entry.details.clear();
  EXPECT_NE(toJson(entry).find("\"details\":{},"), std::string::npos);
}

TEST(AuditTime, ReadsMomentsAndDays) {
  EXPECT_EQ(auditTime("1970-01-02"), 24 * kHour);
  EXPECT_EQ(auditTime("1970-01-01T01:00:00Z"), kHour);
  EXPECT_EQ(auditTime("1970-01-01T01:00:00.25Z"), kHour + kSecond / 4);
  EXPECT_EQ(auditTime("1970-01-01T03:30:00+02:30"), kHour);
  EXPECT_EQ(auditTime("1970-01-01T00:30:00-00:30"), kHour);
  for (const auto* bad : {"", "now", "1970-01-01T01:00:00", "1970-13-01", "1970-01-01T25:00:00Z", "1970-01-01Z"}) {
    EXPECT_FALSE(auditTime(bad)) << bad;
  }
}

}  // namespace
}  // namespace mortise::services
