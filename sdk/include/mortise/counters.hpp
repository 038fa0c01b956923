// Numbers that a module keeps in its database: the next id, or how many rows a list has.
//   CREATE TABLE desk_counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
//
//   static const db::Counters kCounters("desk_counters");
//   db_.transaction([&](auto& session) {
//     ticket.id = kCounters.add(session, "ticket");                  // never given twice
//     kCounters.add(session, "tickets_of_" + ticket.projectId);      // read by Total::known()
//     db::insert(session, ticket);
//   });
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/rows.hpp"

namespace mortise::inline sdk1::db {

// A table of named numbers. Change a number in the transaction of the rows that it counts: the first transaction to do
// so holds it until it commits, others wait. [worker] and [start]; every function throws db::Error.
class Counters {
 public:
  // Texts are constants; the name is the table's primary key.
  explicit Counters(const char* table, const char* nameColumn = "name", const char* valueColumn = "value")
      : add_(std::string("INSERT INTO ") + table + " (" + nameColumn + ", " + valueColumn +
             ") VALUES (:name, :by) ON CONFLICT (" + nameColumn + ") DO UPDATE SET " + valueColumn + " = " + table +
             "." + valueColumn + " + excluded." + valueColumn + " RETURNING " + valueColumn),
        read_(std::string("SELECT ") + valueColumn + " FROM " + table + " WHERE " + nameColumn + " = :name") {}

  // Adds `by` to the number, which begins at 0, and returns it.
  template <class Source>
  std::int64_t add(Source&& source, std::string_view name, std::int64_t by = 1) const {
    return detail::withWriter(source, [&](Session& session) {
      return session.queryOne<std::int64_t>(add_, {{"name", name}, {"by", by}}).value();
    });
  }
  // The number now; 0 when nothing was added to it.
  template <class Source>
  std::int64_t value(Source&& source, std::string_view name) const {
    auto&& session = detail::readSession(source);
    return session.template queryOne<std::int64_t>(read_, {{"name", name}}).value_or(0);
  }

 private:
  std::string add_, read_;
};

}  // namespace mortise::inline sdk1::db
