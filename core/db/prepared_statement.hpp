// One prepared SOCI statement together with its bound variables. SOCI keeps pointers to them, so both have the same
// lifetime.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/sql.hpp"

namespace mortise::db {

class PreparedStatement {
 public:
  enum class Caching : std::uint8_t {
    byServer,  // under a name, for the life of the connection
    none,      // sent whole with each execution: what is wrong with the SQL shows then
  };
  // Prepares. Throws soci::soci_error.
  PreparedStatement(soci::session& session, std::string_view sql, const Parameters& parameters,
                    std::span<const ColumnType> columns, Caching caching);
  PreparedStatement(const PreparedStatement&) = delete;
  PreparedStatement& operator=(const PreparedStatement&) = delete;

  // False when this call's parameter names or types, or its columns, differ from the prepared ones: prepare again.
  bool fits(const Parameters& parameters, std::span<const ColumnType> columns) const;
  void assign(const Parameters& parameters);

  struct Column {
    ColumnType type;
    soci::indicator indicator = soci::i_null;
    long long integer = 0;
    double real = 0;
    std::string text;
  };

  std::vector<std::string_view> names() const;
  soci::statement& statement() { return statement_; }
  const std::vector<Column>& columns() const { return columns_; }

  bool reading = false;  // a Rows is open on it
  bool writes = false;   // changes data: all its rows are read before the caller gets the first

 private:
  struct Slot {
    std::string name;
    ColumnType type;
    soci::indicator indicator = soci::i_null;
    long long integer = 0;
    double real = 0;
    std::string text;
  };

  std::vector<Slot> slots_;      // never resized after construction
  std::vector<Column> columns_;  // never resized either
  soci::statement statement_;
};

}  // namespace mortise::db
