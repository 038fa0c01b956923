// One PostgreSQL connection: settings, transactions, SQLSTATEs, and the detection of a lost server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
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
// Opens a new connection. Returns an empty text when the server greets in time and takes writes, else the reason. Never
// blocks longer than `limit`.
std::string postgresTrouble(const PostgresSettings& settings, std::chrono::milliseconds limit);

// How often a connection of one pool has found that its server is the wrong one. Connections that were opened before
// the last time are not used again: most likely they lead to the same server.
using PostgresMoves = std::atomic<std::uint64_t>;

class PostgresConnection final : public DriverConnection {
 public:
  // Both references outlive it. Throws Error{unavailable} that names the server and the reason.
  PostgresConnection(const PostgresSettings& settings, Watchdog& watchdog, PostgresMoves& moves);
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

  // Asks whether the server takes writes; never blocks longer than `limit`. Returns an empty text when it does, else the
  // reason.
  std::string trouble(std::chrono::milliseconds limit);

 protected:
  soci::session& session() override { return session_; }
  void arm() override;
  void disarm() override { watched_.deadline.store(0, std::memory_order_relaxed); }
  std::vector<std::string> parameterNames(PreparedStatement& statement) override;
  bool changesData(PreparedStatement&) override { return false; }  // libpq has the whole result when execution returns
  Error translated(const soci::soci_error& error) override;
  bool stale() const override { return stale_; }
  PreparedStatement::Caching caching() const override {
    return pooled_ ? PreparedStatement::Caching::none : PreparedStatement::Caching::byServer;
  }

 private:
  // Returns the rows of the last statement.
  std::vector<std::vector<std::string>> command(const std::string& sql);
  // What is set for the whole connection. Finds out whether a pooler stands in between.
  void prepareSession();
  std::string timeoutSetting() const;
  void scriptInside(std::string_view sql);  // script() that can't end the open transaction
  void resetSession();
  std::set<std::string> underWay(const std::set<std::string>& transactions);
  Error failure(const std::string& state, const std::string& text);
  bool meansWrongServer(const std::string& state);
  void noteWrongServer(const std::string& reason);

  soci::session session_;
  Watchdog& watchdog_;
  Watchdog::Entry watched_;
  std::chrono::milliseconds statementTimeout_;
  PostgresMoves& moves_;
  const std::uint64_t openedAt_;  // of moves_
  const std::string shown_;
  bool pooled_ = false;  // transactions may each meet another server process: nothing is kept between them
  bool broken_ = false;  // out of step with the server, or with a server that goes
  bool stale_ = false;
  bool refusedToEnd_ = false;  // the latest failure of command(): a script may not end its transaction
};

}  // namespace mortise::db
