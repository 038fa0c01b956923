// The database of a test of identity: SQLite in its own folder, or PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "core/db/database.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::identity {

class DatabasesTest : public testing::TestWithParam<db::Backend> {
 protected:
  // Skips the test where PostgreSQL is not installed: check IsSkipped() before continuing. `tables`: emptied there.
  void openDatabase(std::initializer_list<const char*> tables) {
    if (GetParam() == db::Backend::sqlite) {
      sqlite_ = make("sqlite:" + directory_.path() + "/test.db");
      database_ = sqlite_.get();
      return;
    }
    peers::Postgres* const server = peers::Postgres::shared();
    if (!server) GTEST_SKIP() << "PostgreSQL is not installed";
    // Creating a database costs more than all tests of a suite together: one for all, emptied.
    if (!postgres_) postgres_ = make(server->newDatabase());
    database_ = postgres_.get();
    for (const char* table : tables) sql(std::string("DELETE FROM ") + table);
  }
  static void TearDownTestSuite() { postgres_.reset(); }

  static std::unique_ptr<db::Database> make(const std::string& url) {
    db::Options options;
    options.url = url;
    options.connections = 4;
    auto database = db::Database::open(options);
    db::migrate(*database, "kernel", kernelMigrations());
    return database;
  }
  void sql(const std::string& text) {
    database_->transaction([&](db::Connection& connection) { connection.execute(text, {}); });
  }

  peers::TempDirectory directory_{"mortise-identity"};
  static inline std::unique_ptr<db::Database> postgres_;
  std::unique_ptr<db::Database> sqlite_;
  db::Database* database_ = nullptr;
};

}  // namespace mortise::identity
