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

class ForeignTablesTest : public MigrationsTest {
 protected:
  void SetUp() override {
    MigrationsTest::SetUp();
    if (IsSkipped()) return;
    migrate(*database_, "kernel",
            {{1, "001_audit.sql",
              "CREATE TABLE mortise_audit (id BIGINT PRIMARY KEY);\nINSERT INTO mortise_audit VALUES (7);"
              "CREATE TABLE notes_archive_old (id BIGINT PRIMARY KEY); CREATE TABLE \"odd notes_x\" (id BIGINT)"}});
    migrate(*database_, "notes_archive", {{1, "001_old.sql", "CREATE TABLE notes_archive_new (id BIGINT)"}});
    migrate(*database_, "notes",
            {{1, "001_notes.sql", "CREATE TABLE notes_a (id BIGINT PRIMARY KEY); CREATE TABLE notes_b (id BIGINT)"}},
            Tables::own);
  }
  std::string refusalOf(const std::string& sql) {
    try {
      migrate(*database_, "notes",
              {{1, "001_notes.sql", "CREATE TABLE notes_a (id BIGINT PRIMARY KEY); CREATE TABLE notes_b (id BIGINT)"},
               {2, "002_more.sql", sql}},
              Tables::own);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  void expectRefused(const std::string& sql, const std::string& reason) {
    const auto refusal = refusalOf(sql);
    EXPECT_NE(refusal.find(reason), std::string::npos) << sql << ": " << refusal;
    EXPECT_EQ(one("SELECT count(*) FROM mortise_migrations WHERE owner = 'notes'"), 1) << sql << ": undone";
    EXPECT_EQ(one("SELECT id FROM mortise_audit"), 7) << sql;
  }
};

TEST_P(ForeignTablesTest, AreOutOfReachByRenamesForeignKeysViewsAndLongerNames) {
  const std::string names = "begin with notes_";
  for (const std::string sql :
       {"ALTER TABLE notes_a RENAME TO mortise_a", "ALTER TABLE notes_a RENAME TO other",
        "ALTER TABLE notes_a RENAME TO notes_c; ALTER TABLE notes_c RENAME TO archive",
        "ALTER TABLE mortise_audit RENAME TO notes_audit", "ALTER TABLE mortise_audit RENAME COLUMN id TO number",
        "CREATE TABLE notes_c (id BIGINT REFERENCES mortise_audit (id))",
        "CREATE TABLE notes_c (id BIGINT, FOREIGN KEY (id) REFERENCES mortise_audit (id) ON DELETE CASCADE)",
        "CREATE VIEW notes_v AS SELECT id FROM mortise_audit",
        "CREATE VIEW notes_v AS SELECT id FROM notes_a WHERE id IN (SELECT id FROM mortise_audit)",
        "CREATE VIEW notes_v AS SELECT id FROM notes_archive_new", "DROP TABLE notes_archive_new",
        "INSERT INTO notes_a SELECT id FROM \"odd notes_x\"", "DROP TABLE \"odd notes_x\"",
        "CREATE TABLE \"of a notes_\" (id BIGINT)", "CREATE TABLE \"a\"\"notes_\" (id BIGINT)",
        "CREATE TABLE notes_c AS SELECT owner FROM mortise_migrations",
        "INSERT INTO notes_b SELECT number FROM mortise_migrations"}) {
    expectRefused(sql, names);
  }
}

TEST_P(ForeignTablesTest, AreOutOfReachWhenAScriptEndsItsTransaction) {
  for (const std::string sql :
       {"COMMIT", "DELETE FROM notes_a; COMMIT; DELETE FROM mortise_audit; BEGIN",
        "INSERT INTO notes_a VALUES (5); /* x */ commit ; BEGIN; DELETE FROM mortise_audit", "END; BEGIN", "ROLLBACK",
        "SAVEPOINT a; INSERT INTO notes_a VALUES (6); RELEASE a", "-- COMMIT\nBEGIN"}) {
    expectRefused(sql, "transaction of its own");
    EXPECT_EQ(one("SELECT count(*) FROM notes_a"), 0) << sql;
  }
  EXPECT_EQ(
      refusalOf("INSERT INTO notes_a VALUES (9); -- no COMMIT; here\nINSERT INTO notes_b VALUES (1) /* COMMIT; */"),
      "");
}

TEST_P(ForeignTablesTest, AreOutOfReachByTriggers) {
  const bool sqlite = GetParam() == Backend::sqlite;
  const std::string function =
      "CREATE FUNCTION notes_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE notes_b SET id = 1; RETURN NEW; "
      "END $$; CREATE TRIGGER ";
  const std::string does =
      sqlite ? " BEGIN UPDATE notes_b SET id = 1; END" : " FOR EACH ROW EXECUTE FUNCTION notes_f()";
  const std::string make = sqlite ? "CREATE TRIGGER " : function;
  expectRefused(make + "mortise_t AFTER INSERT ON notes_a" + does, "begin with notes_");
  expectRefused(make + "\"a notes_t\" AFTER DELETE ON notes_a" + does, "begin with notes_");
  expectRefused(make + "notes_t AFTER INSERT ON mortise_audit" + does, "begin with notes_");
  expectRefused(make + "notes_archive_t AFTER UPDATE ON notes_a" + does, "begin with notes_");
  if (sqlite) {
    for (const std::string event : {"INSERT", "UPDATE", "UPDATE OF id", "DELETE"}) {
      expectRefused("CREATE TRIGGER notes_t AFTER " + event + " ON notes_a BEGIN DELETE FROM mortise_audit; END",
                    "begin with notes_");
    }
    expectRefused(
        "CREATE VIEW notes_v AS SELECT id FROM notes_a; CREATE TRIGGER notes_t INSTEAD OF DELETE ON notes_v BEGIN "
        "DELETE FROM mortise_audit; END",
        "begin with notes_");
    expectRefused("CREATE TRIGGER notes_t AFTER INSERT ON notes_a BEGIN INSERT INTO skills_later VALUES (1); END",
                  "begin with notes_");
    expectRefused("CREATE TEMP TRIGGER notes_t AFTER INSERT ON mortise_audit BEGIN DELETE FROM notes_a; END",
                  "temporary trigger");
  } else {
    expectRefused(make + "notes_t AFTER INSERT ON notes_a" + does + "; ALTER TRIGGER notes_t ON notes_a RENAME TO t",
                  "begin with notes_");
    expectRefused(
        "CREATE FUNCTION notes_g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.\"mortise_audit\"; "
        "RETURN NEW; END $$; CREATE TRIGGER notes_t AFTER INSERT ON notes_a FOR EACH ROW EXECUTE FUNCTION notes_g()",
        "begin with notes_");
  }
  EXPECT_EQ(refusalOf(make + "notes_t AFTER INSERT ON notes_a" + does + "; INSERT INTO notes_a VALUES (1)"), "");
}

TEST_P(ForeignTablesTest, AreNotHiddenByWhatAMigrationMakesOrSetsForItsConnection) {
  ASSERT_EQ(refusalOf("CREATE TEMP TABLE mortise_audit (id BIGINT); INSERT INTO mortise_audit VALUES (1);"
                      "CREATE TEMPORARY TABLE \"copy of\" AS SELECT * FROM notes_a;"
                      "CREATE TEMP VIEW seen AS SELECT * FROM notes_a; INSERT INTO notes_a SELECT * FROM \"copy of\"" +
                      std::string(GetParam() == Backend::sqlite
                                      ? "; PRAGMA foreign_keys = OFF"
                                      : "; SET search_path = pg_catalog; SET DateStyle = 'German'")),
            "");
  const auto connection = database_->lease(Access::write);
  const auto rows = connection->query("SELECT id FROM mortise_audit", {}, kInteger);
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->integer(0), 7);
}

TEST_P(ForeignTablesTest, AreOutOfReachByWhatOnlyOneDatabaseKnows) {
  if (GetParam() == Backend::sqlite) {
    for (const std::string sql :
         {"PRAGMA writable_schema = ON; UPDATE sqlite_master SET name = 'notes_x' WHERE name = 'mortise_audit'",
          "PRAGMA query_only = ON", "PRAGMA main.journal_mode = DELETE", "PRAGMA trusted_schema = ON",
          "PRAGMA ignore_check_constraints = ON", "PRAGMA legacy_alter_table = ON"}) {
      expectRefused(sql, "is not for migrations");
    }
    expectRefused("ATTACH '" + directory_->path() + "/other.db' AS other", "the server's database only");
    expectRefused("ATTACH '" + directory_->path() + "/test.db' AS again; DELETE FROM again.mortise_audit",
                  "the server's database only");
    for (const std::string sql :
         {"PRAGMA table_info(mortise_audit)", "PRAGMA foreign_key_check(mortise_audit)",
          "CREATE TABLE notes_c AS SELECT name FROM pragma_table_info('mortise_audit')",
          "INSERT INTO notes_a SELECT 1 FROM mortise_audit", "INSERT INTO notes_a SELECT count(*) FROM mortise_audit",
          "INSERT INTO notes_a SELECT 1 FROM main.mortise_audit",
          "CREATE VIEW notes_v AS SELECT count(*) AS n FROM mortise_audit",
          "CREATE VIEW notes_v AS WITH one AS (SELECT 1) SELECT count(*) AS n FROM one, mortise_audit",
          "WITH one AS (SELECT 1 FROM mortise_audit) SELECT count(*) FROM one"}) {
      expectRefused(sql, "names mortise_audit");
    }
    expectRefused("PRAGMA user_version = 5", "is not for migrations");
    expectRefused("PRAGMA page_size = 8192", "is not for migrations");
    expectRefused("CREATE TABLE json_each (value BIGINT)", "names json_each");
    expectRefused("CREATE VIRTUAL TABLE search USING fts5(text)", "names search");
    expectRefused(
        "CREATE VIRTUAL TABLE notes_s USING fts5(id, content='mortise_audit', content_rowid='id');"
        "INSERT INTO notes_s (notes_s) VALUES ('rebuild')",
        "names mortise_audit");
    return;
  }
  for (const std::string sql :
       {"DO $$ BEGIN DELETE FROM mortise_audit; END $$",
        "DO $$ BEGIN EXECUTE 'DELETE FROM mortise' || '_audit'; END $$", "CREATE TABLE notes_c AS TABLE mortise_audit",
        "GRANT SELECT ON mortise_audit TO PUBLIC", "SET search_path = public; DELETE FROM mortise_audit",
        "ALTER SCHEMA public RENAME TO elsewhere", "CREATE SCHEMA apart; ALTER TABLE mortise_audit SET SCHEMA apart",
        "TRUNCATE notes_a, mortise_audit", "LOCK TABLE mortise_audit", "COMMENT ON TABLE mortise_audit IS 'x'",
        "CREATE FUNCTION notes_g() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM mortise_audit'",
        "CREATE FUNCTION notes_g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM Mortise_Audit; END $$",
        "CREATE RULE notes_r AS ON INSERT TO notes_a DO ALSO DELETE FROM mortise_audit",
        "CREATE TABLE notes_c () INHERITS (mortise_audit)", "CREATE TABLE notes_c (LIKE mortise_audit)",
        "CREATE MATERIALIZED VIEW notes_m AS SELECT id FROM mortise_audit", "CREATE MATERIALIZED VIEW m AS SELECT 1",
        "CREATE SCHEMA apart CREATE TABLE notes (id BIGINT)",
        "CREATE SCHEMA apart; CREATE TABLE apart.mortise_audit (id BIGINT); ALTER TABLE mortise_audit RENAME TO "
        "notes_c"}) {
    expectRefused(sql, "begin with notes_");
  }
  expectRefused("CREATE FUNCTION notes_g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM mortise_audit; END $$",
                "names mortise_audit (in the text of the function notes_g)");
  for (const std::string end : {"COMMIT", "ROLLBACK", "EXECUTE 'COMMIT'", "EXECUTE 'BEGIN'"}) {
    expectRefused("DO $$ BEGIN DELETE FROM notes_a; " + end + "; DELETE FROM mortise_audit; END $$",
                  "transaction of its own");
  }
  for (const std::string other : {"COPY notes_a FROM STDIN", "DO $$ BEGIN EXECUTE 'SELECT 1 INTO notes_d'; END $$"}) {
    const auto refusal = refusalOf(other);
    EXPECT_NE(refusal, "") << other;
    EXPECT_EQ(refusal.find("transaction of its own"), std::string::npos) << refusal;
  }
  EXPECT_EQ(one("SELECT id FROM mortise_audit"), 7);
  EXPECT_EQ(refusalOf("SELECT id INTO notes_d FROM notes_a; DO $mortise$ BEGIN DELETE FROM notes_b; END $mortise$;"
                      "SELECT id INTO notes_e FROM notes_a -- the last"),
            "");
}

// NOLINTBEGIN(bugprone-suspicious-missing-comma): scripts of several lines
// What modules of 1.0 do with their own tables.
TEST_P(ForeignTablesTest, AreNotSeenWhereThereAreNone) {
  static const std::vector<std::string> kSqlite{
      "CREATE VIRTUAL TABLE notes_fts USING fts5(text, content='notes_b', content_rowid='id');"
      "CREATE TRIGGER notes_added AFTER INSERT ON notes_b BEGIN INSERT INTO notes_fts (rowid, text) VALUES (new.id, "
      "'x'); "
      "END; SELECT count(*) FROM notes_fts WHERE notes_fts MATCH 'x'; INSERT INTO notes_fts (notes_fts) VALUES "
      "('delete-all')",
      "CREATE VIRTUAL TABLE notes_fts USING fts4(text); CREATE TRIGGER notes_added AFTER INSERT ON notes_b BEGIN "
      "INSERT INTO notes_fts (docid, text) VALUES (new.id, 'x'); END; INSERT INTO notes_fts (text) VALUES ('x');"
      "SELECT count(*) FROM notes_fts WHERE notes_fts MATCH 'x'",
      "CREATE VIRTUAL TABLE notes_fts USING fts5(text); INSERT INTO notes_fts VALUES ('a b'), ('c');"
      "DELETE FROM notes_fts WHERE notes_fts MATCH 'c'; INSERT INTO notes_fts (notes_fts) VALUES ('optimize');"
      "ALTER TABLE notes_fts RENAME TO notes_found; DROP TABLE notes_found",
      "CREATE VIRTUAL TABLE notes_fts USING fts4(text); INSERT INTO notes_fts VALUES ('a b');"
      "SELECT count(*) FROM notes_fts WHERE text MATCH 'a'; DROP TABLE notes_fts",
      "CREATE VIRTUAL TABLE notes_places USING rtree(id, low, high); INSERT INTO notes_places VALUES (1, 0, 2);"
      "SELECT id FROM notes_places WHERE low > -1; DROP TABLE notes_places",
      "INSERT INTO notes_a SELECT value FROM json_each('[4, 5]')",
      "CREATE TABLE notes_tags (tag); INSERT INTO notes_tags SELECT value FROM notes_a, json_each('[' || notes_a.id || "
      "']')",
      "INSERT INTO notes_b SELECT 1 FROM json_tree('{\"a\": [1]}')",
      "CREATE VIEW notes_v AS SELECT value FROM json_each('[1]')",
      "CREATE VIEW notes_v AS SELECT count(*) AS n FROM notes_a, json_each('[1]')",
      "CREATE TABLE notes_columns AS SELECT name FROM pragma_table_info('notes_a')",
      "INSERT INTO notes_b SELECT 1 FROM pragma_table_info('notes_a')",
      "INSERT INTO notes_b SELECT count(*) FROM pragma_index_list('notes_a')",
      "INSERT INTO notes_b WITH RECURSIVE d(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 3) SELECT 1 FROM d",
      "INSERT INTO notes_a VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id + 1",
      "CREATE TABLE notes_c (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO notes_c DEFAULT VALUES",
      "CREATE TEMP TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT UNIQUE); INSERT INTO t DEFAULT VALUES",
      "CREATE TEMP TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE t",
      "CREATE VIRTUAL TABLE temp.found USING fts5(text); INSERT INTO temp.found VALUES ('a')",
      "CREATE VIRTUAL TABLE temp.places USING rtree(id, low, high); INSERT INTO temp.places VALUES (1, 0, 2)",
      "ANALYZE notes_a",
      "CREATE INDEX notes_by ON notes_b (id); ANALYZE notes_b; DROP INDEX notes_by; REINDEX notes_b",
      "PRAGMA foreign_keys = OFF; CREATE TABLE notes_new (id BIGINT PRIMARY KEY, text TEXT NOT NULL DEFAULT '');"
      "INSERT INTO notes_new (id) SELECT id FROM notes_a; DROP TABLE notes_a; ALTER TABLE notes_new RENAME TO notes_a;"
      "PRAGMA foreign_key_check; PRAGMA foreign_key_check(notes_a); PRAGMA foreign_keys = ON",
      "PRAGMA user_version; PRAGMA encoding; PRAGMA table_list; PRAGMA database_list; PRAGMA quick_check;"
      "PRAGMA integrity_check; PRAGMA data_version; PRAGMA page_size; PRAGMA table_xinfo(notes_a)",
      "CREATE TABLE notes_g (a INT PRIMARY KEY, b INT GENERATED ALWAYS AS (a * 2) STORED, CHECK (a > 0)) STRICT, "
      "WITHOUT ROWID"};
  static const std::vector<std::string> kPostgres{
      "CREATE TABLE notes_c (id SERIAL PRIMARY KEY, text TEXT, words TSVECTOR);"
      "CREATE INDEX notes_words ON notes_c USING gin (words);"
      "CREATE FUNCTION notes_index() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "NEW.words = to_tsvector('simple', NEW.text); RETURN NEW; END $$;"
      "CREATE TRIGGER notes_indexed BEFORE INSERT ON notes_c FOR EACH ROW EXECUTE FUNCTION notes_index();"
      "INSERT INTO notes_c (text) VALUES ('a b')",
      "CREATE TABLE notes_c (id BIGINT GENERATED ALWAYS AS IDENTITY, kind TEXT) PARTITION BY LIST (kind);"
      "CREATE TABLE notes_c_a PARTITION OF notes_c FOR VALUES IN ('a'); INSERT INTO notes_c (kind) VALUES ('a')",
      "DO $$ DECLARE r RECORD; BEGIN FOR r IN SELECT id FROM notes_a LOOP INSERT INTO notes_b VALUES (r.id); END LOOP; "
      "END $$",
      "DO $$ BEGIN INSERT INTO notes_a VALUES (1); INSERT INTO notes_a VALUES (1); EXCEPTION WHEN unique_violation "
      "THEN "
      "CREATE TABLE notes_c (id BIGINT); END $$",
      "INSERT INTO notes_b WITH RECURSIVE d(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 3) SELECT 1 FROM d",
      "INSERT INTO notes_a VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id + 1",
      "INSERT INTO notes_a SELECT value::bigint FROM jsonb_array_elements_text('[4, 5]')",
      "INSERT INTO notes_b SELECT n FROM generate_series(1, 3) AS n",
      "CREATE TYPE notes_kind AS ENUM ('a'); CREATE TABLE notes_c (kind notes_kind); CREATE SEQUENCE notes_numbers",
      "CREATE MATERIALIZED VIEW notes_m AS SELECT id FROM notes_a; REFRESH MATERIALIZED VIEW notes_m",
      "CREATE TEMP TABLE t (id SERIAL); INSERT INTO t DEFAULT VALUES",
      "ANALYZE notes_a",
      "GRANT SELECT ON notes_a TO PUBLIC; COMMENT ON TABLE notes_a IS 'x'; LOCK TABLE notes_a; TRUNCATE notes_b"};
  std::vector<std::string> scripts{
      "WITH one AS (SELECT 1) SELECT count(*) FROM one",
      "CREATE TABLE notes_c AS WITH one AS (SELECT 1 AS n) SELECT n FROM one",
      "CREATE VIEW notes_v AS WITH one AS (SELECT 1) SELECT count(*) AS n FROM one",
      "CREATE VIEW notes_v AS WITH one AS (SELECT id FROM notes_a) SELECT id FROM one",
      "INSERT INTO notes_b SELECT 1 FROM (SELECT id FROM notes_a) AS inner_one",
      "ALTER TABLE notes_a ADD COLUMN text TEXT; ALTER TABLE notes_a RENAME COLUMN text TO words;"
      "UPDATE notes_a SET words = ''; ALTER TABLE notes_a DROP COLUMN words; ALTER TABLE notes_a RENAME TO notes_c"};
  const auto& more = GetParam() == Backend::sqlite ? kSqlite : kPostgres;
  scripts.insert(scripts.end(), more.begin(), more.end());
  for (const auto& sql : scripts) {
    database_.reset();
    SetUp();  // a database of its own for each
    EXPECT_EQ(refusalOf(sql), "") << sql;
  }
}
// NOLINTEND(bugprone-suspicious-missing-comma)

// A module of somebody else whose name begins like that of a module that ships: auth_sign beside auth.
class NestedNamesTest : public MigrationsTest {
 protected:
  void SetUp() override {
    MigrationsTest::SetUp();
    if (IsSkipped()) return;
    EXPECT_EQ(refusalOf("auth", {kAuth}), "");
  }
  std::string refusalOf(std::string_view owner, const std::vector<std::string>& scripts) {
    std::vector<Migration> migrations;
    for (const auto& sql : scripts) {
      const auto number = static_cast<int>(migrations.size()) + 1;
      migrations.push_back({number, "00" + std::to_string(number) + ".sql", sql});
    }
    try {
      migrate(*database_, owner, migrations, Tables::own);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  static constexpr const char* kAuth =
      "CREATE TABLE auth_sign_ups (id BIGINT PRIMARY KEY); INSERT INTO auth_sign_ups VALUES (7);"
      "CREATE VIEW auth_sign_view AS SELECT id FROM auth_sign_ups; CREATE TABLE auth_keys (id BIGINT PRIMARY KEY)";
};

TEST_P(NestedNamesTest, TheLongerNameDoesNotReachWhatTheShorterOneMade) {
  for (const bool atFirst : {true, false}) {
    const std::string harmless = "CREATE TABLE auth_sign_own (id BIGINT PRIMARY KEY)";
    if (!atFirst) {
      EXPECT_EQ(refusalOf("auth_sign", {harmless}), "");
    }
    for (const std::string sql :
         {"DROP VIEW auth_sign_view", "DELETE FROM auth_sign_ups", "UPDATE auth_sign_ups SET id = 8",
          "ALTER TABLE auth_sign_ups ADD COLUMN more BIGINT", "ALTER TABLE auth_sign_ups RENAME TO auth_sign_mine",
          "CREATE TABLE auth_sign_copy AS SELECT id FROM auth_sign_ups",
          "CREATE TABLE auth_sign_child (id BIGINT REFERENCES auth_sign_ups (id) ON DELETE CASCADE)",
          "CREATE VIEW auth_sign_peek AS SELECT id FROM auth_sign_view", "CREATE INDEX any_name ON auth_sign_ups (id)",
          "DROP VIEW auth_sign_view; DROP TABLE auth_sign_ups; CREATE TABLE auth_sign_ups (id BIGINT)"}) {
      std::vector<std::string> scripts{sql};
      if (!atFirst) scripts.insert(scripts.begin(), harmless);
      const auto refusal = refusalOf("auth_sign", scripts);
      EXPECT_NE(refusal.find("which the module auth made"), std::string::npos) << sql << ": " << refusal;
      EXPECT_EQ(one("SELECT id FROM auth_sign_view"), 7) << sql;
    }
  }
}

TEST_P(NestedNamesTest, TheShorterNameKeepsWhatItMade) {
  EXPECT_EQ(refusalOf("auth_sign", {"CREATE TABLE auth_sign_own (id BIGINT PRIMARY KEY)"}), "");
  const std::string more =
      "ALTER TABLE auth_sign_ups ADD COLUMN more BIGINT; UPDATE auth_sign_ups SET more = 1; DROP VIEW auth_sign_view;"
      "ALTER TABLE auth_sign_ups RENAME TO auth_sign_attempts; CREATE TABLE auth_sign_mails (id BIGINT PRIMARY KEY)";
  EXPECT_EQ(refusalOf("auth", {kAuth, more}), "");
  EXPECT_EQ(refusalOf("auth", {kAuth, more, "DROP TABLE auth_sign_mails; UPDATE auth_sign_attempts SET more = 2"}), "");
  for (const std::string sql :
       {"DROP TABLE auth_sign_own", "INSERT INTO auth_keys SELECT id FROM auth_sign_own",
        "ALTER TABLE auth_sign_own RENAME TO auth_own", "CREATE VIEW auth_sign_peek AS SELECT id FROM auth_sign_own"}) {
    const auto refusal =
        refusalOf("auth", {kAuth, more, "DROP TABLE auth_sign_mails; UPDATE auth_sign_attempts SET more = 2", sql});
    EXPECT_NE(refusal.find("which the module auth_sign made"), std::string::npos) << sql << ": " << refusal;
  }
}

TEST_P(NestedNamesTest, ANameThatBecameFreeIsAnybodysOfItsBeginning) {
  EXPECT_EQ(refusalOf("auth", {kAuth, "DROP VIEW auth_sign_view; ALTER TABLE auth_sign_ups RENAME TO auth_ups"}), "");
  EXPECT_EQ(refusalOf("auth_sign", {"CREATE TABLE auth_sign_ups (id BIGINT); INSERT INTO auth_sign_ups VALUES (1)"}),
            "");
  const auto refusal = refusalOf(
      "auth",
      {kAuth, "DROP VIEW auth_sign_view; ALTER TABLE auth_sign_ups RENAME TO auth_ups", "DELETE FROM auth_sign_ups"});
  EXPECT_NE(refusal.find("which the module auth_sign made"), std::string::npos) << refusal;
}

// The makers of tables that a program made which noted none: all that are there belong to whoever could have made them.
TEST_P(NestedNamesTest, TablesOfBeforeBelongToTheOwnerOfThatTime) {
  database_->lease(Access::write)->executeScript("DROP TABLE mortise_tables");
  const auto refusal = refusalOf("auth_sign", {"DELETE FROM auth_sign_ups"});
  EXPECT_NE(refusal.find("which the module auth made"), std::string::npos) << refusal;
  EXPECT_EQ(refusalOf("auth_sign", {"CREATE TABLE auth_sign_own (id BIGINT)"}), "");
  database_->lease(Access::write)->executeScript("DROP TABLE mortise_tables");
  EXPECT_EQ(refusalOf("auth_sign", {"CREATE TABLE auth_sign_own (id BIGINT)", "UPDATE auth_sign_own SET id = 1"}), "");
}

INSTANTIATE_TEST_SUITE_P(Both, NestedNamesTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

// The script waits in the middle for a lock that the other session holds.
TEST_P(ForeignTablesTest, AreNotBlamedOnAMigrationWhenAnotherSessionChangesThemMeanwhile) {
  if (GetParam() == Backend::sqlite) GTEST_SKIP() << "SQLite has one writer";
  const auto other = database_->lease(Access::write);
  other->executeScript(
      "CREATE TABLE moved_later (id BIGINT); CREATE TABLE dropped_later (id BIGINT); CREATE SCHEMA apart;"
      "CREATE FUNCTION notes_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
      "INSERT INTO notes_a VALUES (1); SELECT pg_advisory_lock(1)");
  std::string refusal;
  std::thread migrating([&] {
    refusal = refusalOf(
        "CREATE TABLE notes_c (id BIGINT); DO $$ BEGIN CREATE TABLE notes_d (id BIGINT); EXCEPTION WHEN others THEN "
        "END $$; GRANT USAGE ON SCHEMA public TO PUBLIC; SELECT pg_advisory_xact_lock(1);"
        "UPDATE notes_a SET id = id + 1");
  });
  for (int i = 0; i < 3000 && one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 0;
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  other->executeScript(
      "CREATE TABLE made_meanwhile (id BIGINT); CREATE VIEW seen_meanwhile AS SELECT id FROM mortise_audit;"
      "ALTER TABLE moved_later SET SCHEMA apart; DROP TABLE dropped_later; GRANT SELECT ON mortise_audit TO PUBLIC;"
      "ALTER SCHEMA apart RENAME TO elsewhere;"
      "CREATE TRIGGER made_meanwhile AFTER INSERT ON mortise_audit FOR EACH ROW EXECUTE FUNCTION notes_trigger();"
      "CREATE FUNCTION other_f() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM mortise_audit';"
      "UPDATE notes_a SET id = 5");
  other->executeScript("SELECT pg_advisory_unlock(1)");
  migrating.join();
  EXPECT_EQ(refusal, "");
  EXPECT_EQ(one("SELECT id FROM notes_a"), 6);
}

INSTANTIATE_TEST_SUITE_P(Both, ForeignTablesTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

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
