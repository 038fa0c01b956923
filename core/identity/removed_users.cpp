#include "core/identity/removed_users.hpp"

#include "core/identity/store.hpp"

namespace mortise::identity::removed_users {
namespace {

using db::ColumnType;

constexpr ColumnType kTypes[] = {ColumnType::integer, ColumnType::text, ColumnType::integer};

}  // namespace

void note(db::Connection& connection, std::string_view userId, std::int64_t now) {
  // The row that counts is locked until the commit, so that a reader who has seen a number has seen all before it.
  const auto number = store::nextNumber(connection, "removed_user");
  connection.execute("INSERT INTO mortise_removed_users (number, user_id, removed_at) VALUES (:number, :id, :now)",
                     {{"number", number}, {"id", std::string(userId)}, {"now", now}});
  connection.execute("DELETE FROM mortise_removed_users WHERE removed_at < :old",
                     {{"old", now - std::chrono::microseconds(kKept).count()}});
}

std::vector<RemovedUser> unacknowledged(db::Connection& connection, std::string_view module, std::int64_t limit) {
  const auto rows = connection.query(
      "SELECT number, user_id, removed_at FROM mortise_removed_users WHERE number > "
      "COALESCE((SELECT number FROM mortise_removed_user_readers WHERE module = :module), 0) ORDER BY number LIMIT "
      ":limit",
      {{"module", std::string(module)}, {"limit", limit}}, kTypes);
  std::vector<RemovedUser> users;
  while (rows->next()) users.push_back({rows->integer(0), std::string(rows->text(1)), rows->integer(2)});
  return users;
}

void acknowledge(db::Connection& connection, std::string_view module, std::int64_t number) {
  connection.execute(
      "INSERT INTO mortise_removed_user_readers (module, number) VALUES (:module, :number) ON CONFLICT (module) "
      "DO UPDATE SET number = excluded.number WHERE mortise_removed_user_readers.number < excluded.number",
      {{"module", std::string(module)}, {"number", number}});
}

}  // namespace mortise::identity::removed_users
