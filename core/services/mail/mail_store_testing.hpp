// The queue of a test of mail: a database with its tables, a secret, and a clock that can be set.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/ops/metrics.hpp"
#include "core/services/mail/mail.hpp"
#include "core/services/mail/mail_queue.hpp"
#include "core/services/secrets/secrets.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services::mail {

class MailStoreForTests {
 public:
  // `url`: a new database; empty: SQLite in a folder of its own.
  explicit MailStoreForTests(const std::string& url = {}) {
    db::Options options;
    options.url = url.empty() ? "sqlite:" + directory_.path() + "/test.db" : url;
    options.connections = 6;
    database_ = db::Database::open(options);
    db::migrate(*database_, "test", {{1, "001_mails.sql", std::string(MailQueue::migrationSql())}});
  }

  // For the server `node`.
  MailStore of(std::string node) { return of(std::move(node), *database_); }
  // Through `database`, which leads to this one.
  MailStore of(std::string node, db::Database& database) { return {database, secrets_, std::move(node), &metrics_}; }
  MailQueue queue(std::string node, std::size_t most = 100) { return {*database_, secrets_, std::move(node), most}; }
  MailerOptions quick() {
    MailerOptions options;
    options.firstPause = std::chrono::milliseconds(20);
    options.longestPause = std::chrono::milliseconds(200);
    options.lease = std::chrono::milliseconds(300);
    options.clock = [this] { return now(); };
    return options;
  }
  std::int64_t now() const { return nowMicros() + offset_.load(); }
  void advance(std::chrono::microseconds by) { offset_ += by.count(); }

  std::int64_t rows() { return number("count(*)"); }
  std::int64_t tries() { return number("coalesce(max(tries), 0)"); }
  std::string lastFailure() { return text("max(last_failure)"); }
  // Of all rows: `expression` is one of SQL.
  std::int64_t number(const std::string& expression) {
    static constexpr db::ColumnType kColumns[] = {db::ColumnType::integer};
    const auto connection = database_->lease(db::Access::read);
    const auto rows = connection->query("SELECT " + expression + " FROM mortise_mails", {}, kColumns);
    return rows->next() && !rows->isNull(0) ? rows->integer(0) : 0;
  }
  std::string text(const std::string& expression) {
    static constexpr db::ColumnType kColumns[] = {db::ColumnType::text};
    const auto connection = database_->lease(db::Access::read);
    const auto rows = connection->query("SELECT " + expression + " FROM mortise_mails", {}, kColumns);
    return rows->next() && !rows->isNull(0) ? std::string(rows->text(0)) : std::string();
  }
  void sql(const std::string& statement) {
    database_->transaction([&](db::Connection& connection) { connection.execute(statement, {}); });
  }
  db::Database& database() { return *database_; }
  ops::Registry& metrics() { return metrics_; }

 private:
  peers::TempDirectory directory_{"mortise-mails"};
  std::unique_ptr<db::Database> database_;
  Secrets secrets_{randomBytes(32)};
  ops::Registry metrics_;
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace mortise::services::mail
