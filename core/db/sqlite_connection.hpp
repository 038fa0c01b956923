// One SQLite connection: pragmas, transactions, error codes, backup.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "core/db/driver_connection.hpp"

namespace mortise::db {

struct SqliteSettings {
  std::string path;
  std::string synchronous = "FULL";
  std::chrono::milliseconds busyTimeout{2000};
  std::chrono::milliseconds statementTimeout{30000};
};

class SqliteConnection final : public DriverConnection {
 public:
  // Throws Error that names the path.
  SqliteConnection(const SqliteSettings& settings, Access access);
  ~SqliteConnection() override;

  void reset(PreparedStatement& statement) override;
  std::int64_t changed(PreparedStatement& statement) override;
  void script(std::string_view sql) override;
  std::set<std::string> scriptNaming(std::string_view sql) override;
  void begin(Access access) override;
  void commit() override;
  void rollback() override;
  bool inTransaction() override;
  bool alive() override { return !broken_; }

  // Copies the database into the new file `path`; other connections continue to write meanwhile.
  void copyInto(const std::string& path);

 protected:
  soci::session& session() override { return session_; }
  void arm() override;
  void disarm() override { deadline_ = {}; }
  std::vector<std::string> parameterNames(PreparedStatement& statement) override;
  bool changesData(PreparedStatement& statement) override;
  Error translated(const soci::soci_error& error) override;

 private:
  void exec(const char* sql);
  Error failure(const std::string& text);
  void removeTemporary();  // tables and views of this connection alone
  static int onProgress(void* self);

  soci::session session_;
  std::chrono::milliseconds statementTimeout_;
  std::chrono::steady_clock::time_point deadline_{};  // epoch = none
  int changesBefore_ = 0;
  bool broken_ = false;
};

}  // namespace mortise::db
