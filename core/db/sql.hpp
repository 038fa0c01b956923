// The parameters, results and errors of SQL statements. Connections and the pool are in database.hpp.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mortise::db {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Parameters = std::vector<std::pair<std::string_view, Value>>;

enum class ColumnType : std::uint8_t { integer, real, text };

enum class ErrorKind : std::uint8_t {
  unavailable,    // no connection, pool exhausted within the deadline, database locked: 503, try again
  full,           // disk or quota full: 507
  unique,         // a UNIQUE or PRIMARY KEY constraint refused the row
  constraint,     // any other constraint
  serialization,  // the transaction lost a race; run it again
  syntax,         // the SQL is wrong
  other,
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// The result of one query, read row by row. Views are valid until the next next(). Must not outlive its Connection
// (database.hpp).
class Rows {
 public:
  virtual ~Rows() = default;
  virtual bool next() = 0;
  virtual std::size_t columns() const = 0;
  virtual bool isNull(std::size_t column) const = 0;
  virtual std::int64_t integer(std::size_t column) const = 0;
  virtual double real(std::size_t column) const = 0;
  virtual std::string_view text(std::size_t column) const = 0;
};

}  // namespace mortise::db
