// The plan of every list of the kernel, at 100,000 rows.
#include "core/testing/database/kernel_lists_testing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "mortise/testing/plans.hpp"
#include "mortise/testing/test_database.hpp"
#include "tests/peers/process.hpp"

namespace mortise::testing {
namespace {

const std::string& migrations() {
  static const peers::TempDirectory kFolder{"mortise-kernel-migrations"};
  static const std::string kPath = [] {
    writeKernelMigrations(kFolder.path());
    return kFolder.path();
  }();
  return kPath;
}

class KernelLists : public DatabaseTest {
 protected:
  KernelLists() : DatabaseTest("kernel", migrations()) {}
  void fill() {
    database().fill("mortise_users", kManyRows,
                    {{"id", "'user' || n"},
                     {"username", "'name' || n"},
                     {"role", "CASE WHEN n % 1000 = 0 THEN 'admin' ELSE 'user' END"},
                     {"status", "'active'"},
                     {"created_at", "n / 3"},
                     {"number", "n"}});
    database().fill("mortise_orgs", kManyRows,
                    {{"id", "'org' || n"},
                     {"name", "'Org ' || n"},
                     {"slug", "'slug' || n"},
                     {"tier", "'team'"},
                     {"seats_limit", "0"},
                     {"storage_limit", "0"},
                     {"created_at", "n / 3"}});
    // One large organisation among small ones.
    database().fill("mortise_org_members", kManyRows,
                    {{"user_id", "'user' || n"},
                     {"org_id", "CASE WHEN n % 2 = 0 THEN 'org7' ELSE 'org' || n END"},
                     {"role", "'member'"},
                     {"joined_at", "n / 3"}});
    database().fill("mortise_teams", kManyRows,
                    {{"id", "'team' || n"},
                     {"org_id", "'org' || (n % 200)"},
                     {"name", "'Team ' || n"},
                     {"slug", "'slug' || n"},
                     {"created_by", "'user7'"},
                     {"created_at", "n / 3"}});
    // One large team among small ones.
    database().fill("mortise_team_members", kManyRows,
                    {{"team_id", "CASE WHEN n % 2 = 0 THEN 'team7' ELSE 'team' || (n % 1000) END"},
                     {"user_id", "'user' || n"},
                     {"added_by", "'user7'"},
                     {"added_at", "n / 3"}});
    database().fill("mortise_api_keys", kManyRows,
                    {{"id", "'key' || n"},
                     {"user_id", "'user' || (n % 50)"},
                     {"kind", "'service'"},
                     {"key_hash", "'hash' || n"},
                     {"key_prefix", "'mt_'"},
                     {"scopes", "'[]'"},
                     {"org_id", "'org' || (n % 40)"},
                     {"created_at", "n / 3"}});
    database().fill("mortise_audit", kManyRows,
                    {{"id", "'entry' || n"},
                     {"at", "n / 3"},
                     {"actor", "'actor' || (n % 50)"},
                     {"action", "CASE WHEN n % 3 = 0 THEN 'user.act' || (n % 20) ELSE 'file.act.' || (n % 20) END"},
                     {"target", "'user:' || (n % 70)"},
                     {"details", "''"},
                     {"ip", "''"},
                     {"request_id", "''"}});
    database().fill("mortise_jobs", kManyRows,
                    {{"id", "'job' || n"},
                     {"module", "'module' || (n % 50)"},
                     {"job", "'job' || n"},
                     {"declared", "1"},
                     {"name", "'job'"},
                     {"description", "''"},
                     {"trigger_text", "''"},
                     {"zone", "''"},
                     {"jitter", "0"},
                     {"time_limit", "0"},
                     {"max_instances", "1"},
                     {"misfire_grace", "0"},
                     {"joins_missed", "0"},
                     {"removed", "CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END"},
                     {"revision", "n"}});
    database().fill("mortise_job_runs", kManyRows,
                    {{"id", "'run' || n"},
                     {"job_id", "'job' || (n % 50)"},
                     {"outcome", "CASE WHEN n % 1000 = 0 THEN 'running' ELSE 'done' END"},
                     {"node", "'node'"},
                     {"boot", "'boot'"},
                     {"epoch", "1"},
                     {"due_at", "n"},
                     {"started_at", "n"},
                     {"ended_at", "n"},
                     {"report_revision", "CASE WHEN n % 2 = 0 THEN n ELSE 0 END"}});
    database().fill("mortise_job_reports", kManyRows,
                    {{"run_id", "'run7'"},
                     {"number", "n"},
                     {"revision", "n"},
                     {"target", "''"},
                     {"state", "0"},
                     {"synced", "0"},
                     {"created", "0"},
                     {"updated", "0"},
                     {"deleted", "0"},
                     {"failure", "''"},
                     {"details", "''"},
                     {"started_at", "n"},
                     {"ended_at", "n"}});
    // One server has most of the mails.
    database().fill("mortise_mails", kManyRows,
                    {{"id", "'mail' || n"},
                     {"node", "CASE WHEN n % 10 = 0 THEN 'node' || n ELSE 'node7' END"},
                     {"sealed", "''"},
                     {"created_at", "n"},
                     {"expires_at", "n"},
                     {"due_at", "n"}});
    database().analyze();
  }
  static RecordedStatement recorded(const KernelStatement& from) {
    RecordedStatement statement;
    statement.sql = from.sql;
    for (const auto& [name, value] : from.values) {
      auto& to = statement.values.emplace_back();
      to.name = name;
      if (const auto* text = std::get_if<std::string>(&value)) {
        to.text = *text;
        to.value.type = MORTISE_TEXT;
      } else {
        to.value.type = MORTISE_INTEGER;
        to.value.as.integer = std::get<std::int64_t>(value);
      }
    }
    return statement;
  }
};

MORTISE_ON_EVERY_DATABASE(KernelLists);

TEST_P(KernelLists, WalkAlongIndexes) {
  fill();
  const peers::TempDirectory folder{"mortise-kernel-lists"};
  const auto statements = statementsOfKernelLists(folder.path());
  EXPECT_GT(statements.size(), 70U);
  for (const auto& statement : statements) {
    PlanRules rules;
    // These read an index from end to end, a page of it or what the index is limited to: the only condition is that of
    // a subquery, or the one of a partial index.
    rules.mayFilter = statement.list == "organisations" || statement.list == "jobs";
    EXPECT_PLANS(isIndexed(database(), recorded(statement), rules)) << statement.list;
  }
}

}  // namespace
}  // namespace mortise::testing
