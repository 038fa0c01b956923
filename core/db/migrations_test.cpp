#include "core/db/migrations.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "core/db/database.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::db {
namespace {

constexpr ColumnType kInteger[] = {ColumnType::integer};
using Names = std::vector<std::string>;

const std::vector<Migration> kBoth{
    {1, "001_runs.sql", "CREATE TABLE s_runs (id BIGINT PRIMARY KEY);\n"},
    {2, "002_note.sql", "ALTER TABLE s_runs ADD COLUMN note TEXT;\nINSERT INTO s_runs VALUES (1, 'x')"}};

class MigrationsTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::sqlite) {
      directory_.emplace("mortise-migrations");
      options_.url = "sqlite:" + directory_->path() + "/test.db";
    } else {
      peers::Postgres* const server = peers::Postgres::shared();
      if (!server) GTEST_SKIP() << "PostgreSQL is not installed";
      options_.url = server->newDatabase();
    }
    database_ = Database::open(options_);
  }
  std::string refusal(const std::vector<Migration>& migrations) {
    try {
      migrate(*database_, "scheduler", migrations);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }
  std::int64_t one(std::string_view sql) {
    const auto connection = database_->lease(Access::read);
    const auto rows = connection->query(sql, {}, kInteger);
    return rows->next() ? rows->integer(0) : -1;
  }

  std::optional<peers::TempDirectory> directory_;
  Options options_;
  std::unique_ptr<Database> database_;
};

// A module's migration may not read or change what is the kernel's or another module's.
TEST_P(MigrationsTest, OfAModuleNameOnlyItsOwnTables) {
  migrate(*database_, "kernel",
          {{1, "001_audit.sql",
            "CREATE TABLE mortise_audit (id BIGINT PRIMARY KEY);\nCREATE VIEW other_view AS SELECT id FROM "
            "mortise_audit"}});
  const auto refusalOf = [&](const std::string& sql) {
    try {
      migrate(*database_, "notes", {{1, "001_notes.sql", sql}}, Tables::own);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const bool sqlite = GetParam() == Backend::sqlite;
  for (const std::string sql :
       {"INSERT INTO mortise_audit VALUES (1)", "UPDATE MORTISE_AUDIT SET id = 2", "DELETE FROM mortise_audit",
        "CREATE TABLE notes_copy AS SELECT * FROM mortise_audit", "CREATE TABLE notes (id BIGINT)",
        "CREATE TABLE othernotes (id BIGINT)", "DROP VIEW other_view", "DROP VIEW other_view; DROP TABLE mortise_audit",
        "ALTER TABLE mortise_audit ADD COLUMN x BIGINT", "CREATE INDEX notes_index ON mortise_audit (id)",
        "CREATE VIEW notes_view AS SELECT id FROM mortise_audit; INSERT INTO notes_view SELECT id FROM notes_view",
        "CREATE TABLE notes_a (id BIGINT); INSERT INTO notes_a SELECT id FROM other_view",
        "DELETE FROM mortise_migrations"}) {
    if (sql.find("INSERT INTO notes_view") != std::string::npos && sqlite) continue;  // a view takes no rows there
    const auto refusal = refusalOf(sql);
    EXPECT_NE(refusal.find("begin with notes_"), std::string::npos) << sql << ": " << refusal;
    EXPECT_EQ(pending(*database_, "notes", {{1, "001_notes.sql", sql}}), Names{"001_notes.sql"}) << "undone";
  }
  EXPECT_EQ(refusalOf("CREATE TABLE notes_a (id BIGINT PRIMARY KEY, b BIGINT REFERENCES notes_a (id));"
                      "CREATE INDEX any_name ON notes_a (b);"
                      "CREATE VIEW notes_v AS SELECT id FROM notes_a;"
                      "INSERT INTO notes_a VALUES (1, 1); ALTER TABLE notes_a ADD COLUMN c BIGINT; DROP VIEW notes_v"),
            "");
}

INSTANTIATE_TEST_SUITE_P(Both, MigrationsTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

TEST_P(MigrationsTest, AppliesWhatIsMissingInOrderAndOnce) {
  EXPECT_EQ(pending(*database_, "scheduler", kBoth), (Names{"001_runs.sql", "002_note.sql"}));
  EXPECT_EQ(migrate(*database_, "scheduler", {kBoth[0]}).applied, Names{"001_runs.sql"});
  EXPECT_EQ(pending(*database_, "scheduler", kBoth), Names{"002_note.sql"});
  EXPECT_EQ(migrate(*database_, "scheduler", {kBoth[1], kBoth[0]}).applied, Names{"002_note.sql"});
  EXPECT_EQ(migrate(*database_, "scheduler", kBoth).applied, Names{});
  EXPECT_EQ(one("SELECT count(*) FROM s_runs"), 1);
  EXPECT_EQ(one("SELECT count(*) FROM mortise_migrations WHERE owner = 'scheduler' AND applied_at > 0"), 2);
}

TEST_P(MigrationsTest, OwnersDoNotMeet) {
  migrate(*database_, "scheduler", kBoth);
  EXPECT_EQ(migrate(*database_, "files", {{1, "001_files.sql", "CREATE TABLE f (x BIGINT)"}}).applied,
            Names{"001_files.sql"});
  EXPECT_EQ(pending(*database_, "scheduler", kBoth), Names{});
}

TEST_P(MigrationsTest, AChangedMigrationStopsWithOneSentence) {
  migrate(*database_, "scheduler", kBoth);
  auto changed = kBoth;
  changed[1].sql += " ";
  const std::string text = refusal(changed);
  EXPECT_EQ(text, "scheduler: migration 002_note.sql was changed after it was applied (recorded sha256 " +
                      checksum(kBoth[1]).substr(0, 12) + "…, file has " + checksum(changed[1]).substr(0, 12) +
                      "…); restore the old file and add a new migration");
  EXPECT_THROW(pending(*database_, "scheduler", changed), Error);
}

TEST_P(MigrationsTest, LineEndsAreNoChange) {
  migrate(*database_, "scheduler", {kBoth[0]});
  auto other = kBoth[0];
  other.sql = "CREATE TABLE s_runs (id BIGINT PRIMARY KEY);\r\n";
  EXPECT_EQ(migrate(*database_, "scheduler", {other}).applied, Names{});
}

TEST_P(MigrationsTest, AMissingMigrationStopsWithOneSentence) {
  migrate(*database_, "scheduler", kBoth);
  EXPECT_EQ(refusal({kBoth[0]}),
            "scheduler: migration 002_note.sql was applied to this database but is missing here; run the version that "
            "has it, or a newer one");
}

TEST_P(MigrationsTest, ADoubledNumberStopsWithOneSentence) {
  auto doubled = kBoth;
  doubled.push_back({2, "002_other.sql", "SELECT 1"});
  EXPECT_EQ(refusal(doubled),
            "scheduler: migrations 002_note.sql and 002_other.sql have the same number; give one of them the next free "
            "number");
  EXPECT_EQ(pending(*database_, "scheduler", kBoth).size(), 2u);
}

TEST_P(MigrationsTest, AFailingMigrationIsUndoneWholly) {
  const std::string text = refusal({kBoth[0], {2, "002_bad.sql", "CREATE TABLE half (x BIGINT); NONSENSE"}});
  EXPECT_TRUE(text.starts_with("scheduler: migration 002_bad.sql failed and was undone: ")) << text;
  EXPECT_EQ(pending(*database_, "scheduler", kBoth), Names{"002_note.sql"});
  EXPECT_THROW(one("SELECT count(*) FROM half"), Error);
}

TEST_P(MigrationsTest, SectionsArePerBackend) {
  const Migration migration{
      1, "001_x.sql",
      "CREATE TABLE a (x BIGINT);\n-- mortise:sqlite\nCREATE TABLE b (only_sqlite BIGINT);\n  -- mortise:postgresql  \n"
      "CREATE TABLE b (only_postgresql BIGINT);\n-- mortise:all\nCREATE TABLE c (x BIGINT);\n"};
  migrate(*database_, "scheduler", {migration});
  const std::string mine = GetParam() == Backend::sqlite ? "only_sqlite" : "only_postgresql";
  EXPECT_EQ(one("SELECT count(" + mine + ") FROM b"), 0);
  EXPECT_EQ(one("SELECT count(x) FROM c"), 0);
  EXPECT_THROW(sqlFor({1, "001_y.sql", "-- mortise:mysql\n"}, GetParam()), Error);
}

// Two processes at a rolling start: each applies what the other has not, nothing twice.
TEST_P(MigrationsTest, TwoProcessesMigratingAtOnceAgree) {
  std::vector<Migration> many;
  for (int i = 1; i <= 12; ++i) {
    const std::string number = std::to_string(i);
    many.push_back({i, number + ".sql", "CREATE TABLE m" + number + " (x BIGINT)"});
  }
  database_.reset();  // no connection may cross a fork
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        migrate(*Database::open(options_), "scheduler", many);
        ::_exit(0);
      } catch (const std::exception& error) {
        ::dprintf(2, "%s\n", error.what());
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  database_ = Database::open(options_);
  EXPECT_EQ(one("SELECT count(*) FROM mortise_migrations"), 12);
}

}  // namespace
}  // namespace mortise::db
