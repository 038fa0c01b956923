// db/1 over an SQLite database in memory, for the store's tests: no kernel, one connection.
#pragma once

#include <sqlite3.h>
#include <mortise/db.hpp>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace auth::testing {

class SqliteDb {
 public:
  explicit SqliteDb(const std::string& migration) {
    if (sqlite3_open(":memory:", &connection()) != SQLITE_OK) throw std::runtime_error("no SQLite");
    std::ifstream file(migration);
    std::stringstream sql;
    sql << file.rdbuf();
    run(sql.str());
  }
  ~SqliteDb() { sqlite3_close(connection()); }
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;

  mortise::Db face() const { return mortise::Db(nullptr, &kTable); }
  static void run(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(connection(), sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + message);
    }
  }

 private:
  // The C table has no place for a state of its own: one database at a time.
  static sqlite3*& connection() {
    static sqlite3* one = nullptr;
    return one;
  }

  static mortise_status failed(mortise_error* error) {
    const int extended = sqlite3_extended_errcode(connection());
    const bool unique = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY;
    if (error != nullptr) std::snprintf(error->text, sizeof error->text, "%s", sqlite3_errmsg(connection()));
    return unique ? MORTISE_EXISTS : MORTISE_INVALID;
  }
  static sqlite3_stmt* prepared(mortise_str sql, const mortise_db_parameter* parameters, std::size_t count) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection(), sql.data, static_cast<int>(sql.size), &statement, nullptr) != SQLITE_OK)
      return nullptr;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = ":" + std::string(parameters[i].name.data, parameters[i].name.size);
      const int index = sqlite3_bind_parameter_index(statement, name.c_str());
      const auto& value = parameters[i].value;
      if (index == 0) throw std::logic_error("the statement has no parameter " + name);
      if (value.type == MORTISE_INTEGER) sqlite3_bind_int64(statement, index, value.as.integer);
      if (value.type == MORTISE_TEXT) {
        sqlite3_bind_text(statement, index, value.as.text.data, static_cast<int>(value.as.text.size), SQLITE_TRANSIENT);
      }
    }
    return statement;
  }
  static mortise_status exec(const char* sql, mortise_error* error) {
    return sqlite3_exec(connection(), sql, nullptr, nullptr, nullptr) == SQLITE_OK ? MORTISE_OK : failed(error);
  }

  static mortise_status open(mortise_host*, std::int32_t, mortise_db_session** session, mortise_error*) {
    *session = reinterpret_cast<mortise_db_session*>(connection());
    return MORTISE_OK;
  }
  static void close(mortise_db_session*) {
    if (sqlite3_get_autocommit(connection()) == 0) sqlite3_exec(connection(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  static mortise_status begin(mortise_db_session*, mortise_error* error) { return exec("BEGIN", error); }
  static mortise_status commit(mortise_db_session*, mortise_error* error) { return exec("COMMIT", error); }
  static mortise_status rollback(mortise_db_session*, mortise_error* error) { return exec("ROLLBACK", error); }
  static mortise_status execute(mortise_db_session*, mortise_str sql, const mortise_db_parameter* parameters,
                                std::size_t count, std::int64_t* changed, mortise_error* error) {
    auto* statement = prepared(sql, parameters, count);
    if (statement == nullptr) return failed(error);
    const int result = sqlite3_step(statement);
    const auto status = result == SQLITE_DONE ? MORTISE_OK : failed(error);
    sqlite3_finalize(statement);
    if (changed != nullptr) *changed = sqlite3_changes(connection());
    return status;
  }
  static mortise_status query(mortise_db_session*, mortise_str sql, const mortise_db_parameter* parameters,
                              std::size_t count, const mortise_type*, std::size_t, mortise_db_rows** rows,
                              mortise_error* error) {
    auto* statement = prepared(sql, parameters, count);
    *rows = reinterpret_cast<mortise_db_rows*>(statement);
    return statement == nullptr ? failed(error) : MORTISE_OK;
  }
  static mortise_status next(mortise_db_rows* rows, mortise_value* values, mortise_error* error) {
    auto* statement = reinterpret_cast<sqlite3_stmt*>(rows);
    const int result = sqlite3_step(statement);
    if (result == SQLITE_DONE) return MORTISE_NOT_FOUND;
    if (result != SQLITE_ROW) return failed(error);
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      values[i] = {};
      if (sqlite3_column_type(statement, i) == SQLITE_INTEGER) {
        values[i].type = MORTISE_INTEGER;
        values[i].as.integer = sqlite3_column_int64(statement, i);
      } else if (sqlite3_column_type(statement, i) == SQLITE_TEXT) {
        values[i].type = MORTISE_TEXT;
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        values[i].as.text = {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))};
      }
    }
    return MORTISE_OK;
  }
  static void rowsClose(mortise_db_rows* rows) { sqlite3_finalize(reinterpret_cast<sqlite3_stmt*>(rows)); }
  static char backend(mortise_host*) { return 's'; }

  static constexpr mortise_db_v1 kTable = {
      sizeof(mortise_db_v1), &open, &close, &begin, &commit, &rollback, &execute, &query, &next, &rowsClose, &backend};
};

}  // namespace auth::testing
