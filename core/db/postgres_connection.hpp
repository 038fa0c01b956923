// One PostgreSQL connection: settings, transactions, SQLSTATEs, and the detection of a lost server.
#pragma once

#include <chrono>
#include <string>

#include "core/db/driver_connection.hpp"
#include "core/db/watchdog.hpp"

namespace mortise::db {

struct PostgresSettings {
  std::string conninfo;  // key='value' form, complete
  std::string shown;     // the same without the password, for messages
  std::chrono::milliseconds statementTimeout{30000};
};

// Reads postgresql://..., postgres://... and postgresql:key=value ... Throws Error whose text does not contain the URL.
PostgresSettings postgresSettings(const Options& options);
// Opens a new connection and returns whether the server greets in time. Never blocks longer than `limit`.
bool postgresAnswers(const PostgresSettings& settings, std::chrono::milliseconds limit);

class PostgresConnection final : public DriverConnection {
 public:
  // Throws Error{unavailable} that names the server and the reason.
  PostgresConnection(const PostgresSettings& settings, Watchdog& watchdog);
  ~PostgresConnection() override;

  void reset(PreparedStatement& statement) override;
  std::int64_t changed(PreparedStatement& statement) override;
  void script(std::string_view sql) override;
  std::set<std::string> scriptNaming(std::string_view sql) override;
  void begin(Access access) override;
  void commit() override;
  void rollback() override;
  bool inTransaction() override;
  bool alive() override;

  // SELECT 1; never blocks longer than `limit`.
  bool answers(std::chrono::milliseconds limit);

 protected:
  soci::session& session() override { return session_; }
  void arm() override;
  void disarm() override { watched_.deadline.store(0, std::memory_order_relaxed); }
  std::vector<std::string> parameterNames(PreparedStatement& statement) override;
  bool changesData(PreparedStatement&) override { return false; }  // libpq has the whole result when execution returns
  Error translated(const soci::soci_error& error) override;
  bool stale() const override { return stale_; }

 private:
  void command(const char* sql);
  std::set<std::string> firstColumn(const char* sql);
  Error failure(const std::string& state, const std::string& text);

  soci::session session_;
  Watchdog& watchdog_;
  Watchdog::Entry watched_;
  std::chrono::milliseconds statementTimeout_;
  bool stale_ = false;
};

}  // namespace mortise::db
