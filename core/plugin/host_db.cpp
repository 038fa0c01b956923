// db/1 over db::Database.
#include <algorithm>
#include <memory>
#include <vector>

#include "core/base/text.hpp"
#include "core/db/database.hpp"
#include "core/db/joined_transaction.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/db.h"

using mortise::plugin::Host;

namespace mortise::plugin {
// The result of join().
struct JoinedHost {
  HostFace face;
  mortise_host raw{};
};
}  // namespace mortise::plugin

// Owned by its Host (hold) until close. Tracks its open rows, so that a module that closes them in the wrong order, or
// not at all, does no harm.
struct mortise_db_session {
  Host* host = nullptr;
  std::unique_ptr<mortise::db::Connection> connection;  // null once it was released
  std::vector<mortise_db_rows*> open;
  std::uint64_t held = 0;
  std::unique_ptr<mortise::plugin::JoinedHost> joined;  // once join() was called
};

struct mortise_db_rows {
  mortise_db_session* session = nullptr;  // null once the session was closed
  std::unique_ptr<mortise::db::Rows> rows;
  std::vector<mortise_type> types;
};

namespace mortise::plugin {
namespace {

void endSession(mortise_db_session& session) {
  for (auto* rows : session.open) {
    rows->rows.reset();
    rows->session = nullptr;
  }
  session.open.clear();
  session.connection.reset();
}

// False with `error` filled when a value breaks a rule.
bool convert(const mortise_db_parameter* from, std::size_t count, db::Parameters& into, mortise_error* error) {
  if (count > 0 && from == nullptr) {
    answer(error, MORTISE_INVALID, "parameters", "parameters is null, count is not 0");
    return false;
  }
  into.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = view(from[i].name);
    const auto& value = from[i].value;
    switch (value.type) {
      case MORTISE_NULL:
        into.emplace_back(name, std::monostate{});
        continue;
      case MORTISE_BOOLEAN:
        into.emplace_back(name, std::int64_t{value.as.boolean != 0});
        continue;
      case MORTISE_INTEGER:
        into.emplace_back(name, value.as.integer);
        continue;
      case MORTISE_REAL:
        into.emplace_back(name, value.as.real);
        continue;
      case MORTISE_TEXT: {
        const auto text = view(value.as.text);
        if (text.find('\0') == std::string_view::npos && text::isUtf8(text)) {
          into.emplace_back(name, std::string(text));
          continue;
        }
        answer(error, MORTISE_INVALID, "bad_text", "parameter :" + std::string(name) + " is not UTF-8 without NUL");
        return false;
      }
      default:
        answer(error, MORTISE_INVALID, "bad_type",
               "parameter :" + std::string(name) + " has type " + std::to_string(value.type) +
                   ", expected null, boolean, integer, real or text");
        return false;
    }
  }
  return true;
}

bool convert(const mortise_type* types, std::size_t count, std::vector<db::ColumnType>& into, mortise_error* error) {
  if (count > 0 && types == nullptr) {
    answer(error, MORTISE_INVALID, "types", "types is null, columns is not 0");
    return false;
  }
  into.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    switch (types[i]) {
      case MORTISE_INTEGER:
        into.push_back(db::ColumnType::integer);
        break;
      case MORTISE_REAL:
        into.push_back(db::ColumnType::real);
        break;
      case MORTISE_TEXT:
        into.push_back(db::ColumnType::text);
        break;
      default:
        answer(error, MORTISE_INVALID, "bad_type",
               "column " + std::to_string(i) + " is to be read as type " + std::to_string(types[i]) +
                   ", expected integer, real or text");
        return false;
    }
  }
  return true;
}

// Returns MORTISE_OK when the session is usable.
mortise_status usable(const mortise_db_session* session, const char* function, mortise_error* error) {
  if (session == nullptr) return answer(error, MORTISE_INVALID, "no_session", "the session is null");
  if (!mayBlock(session->host, function, error)) return MORTISE_INVALID;
  if (session->connection == nullptr)
    return answer(error, MORTISE_CLOSED, "closed", "the module was stopped and its session taken back");
  return MORTISE_OK;
}

template <typename Work>
mortise_status onSession(mortise_db_session* session, const char* function, mortise_error* error, Work work) {
  return guarded(session == nullptr ? nullptr : session->host, function, error, [&] {
    const auto status = usable(session, function, error);
    if (status != MORTISE_OK || session == nullptr) return status;
    return work(*session->connection);
  });
}

extern "C" {

mortise_status dbOpen(mortise_host* raw, int32_t write, mortise_db_session** session, mortise_error* error) {
  if (session == nullptr) return noHost(error);
  *session = nullptr;
  return onJoinedHost(raw, "db/1 open", error, [&](Host& host) {
    auto opened = std::make_shared<mortise_db_session>();
    opened->host = &host;
    opened->connection = host.services().database->lease(write != 0 ? db::Access::write : db::Access::read);
    opened->held = host.hold("database session", [opened] { endSession(*opened); });
    *session = opened.get();
    return MORTISE_OK;
  });
}

void dbClose(mortise_db_session* session) {
  if (session == nullptr) return;
  guardedOr(session->host, "db/1 close", 0, [&] {
    endSession(*session);
    return 0;
  });
  session->host->release(session->held);  // frees it
}

mortise_status dbBegin(mortise_db_session* session, mortise_error* error) {
  return onSession(session, "db/1 begin", error, [](db::Connection& open) {
    open.begin();
    return MORTISE_OK;
  });
}

mortise_status dbCommit(mortise_db_session* session, mortise_error* error) {
  return onSession(session, "db/1 commit", error, [](db::Connection& open) {
    open.commit();
    return MORTISE_OK;
  });
}

mortise_status dbRollback(mortise_db_session* session, mortise_error* error) {
  return onSession(session, "db/1 rollback", error, [](db::Connection& open) {
    open.rollback();
    return MORTISE_OK;
  });
}

mortise_status dbExecute(mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                         size_t count, int64_t* changed, mortise_error* error) {
  return onSession(session, "db/1 execute", error, [&](db::Connection& open) {
    db::Parameters converted;
    if (!convert(parameters, count, converted, error)) return MORTISE_INVALID;
    const auto rows = open.execute(view(sql), converted);
    if (changed != nullptr) *changed = rows;
    return MORTISE_OK;
  });
}

mortise_status dbQuery(mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                       size_t count, const mortise_type* types, size_t columns, mortise_db_rows** rows,
                       mortise_error* error) {
  if (rows == nullptr) return answer(error, MORTISE_INVALID, "rows", "rows is null");
  *rows = nullptr;
  return onSession(session, "db/1 query", error, [&](db::Connection& open) {
    db::Parameters converted;
    std::vector<db::ColumnType> columnTypes;
    if (!convert(parameters, count, converted, error) || !convert(types, columns, columnTypes, error))
      return MORTISE_INVALID;
    auto result = std::make_unique<mortise_db_rows>();
    result->types.assign(types, types + columns);
    session->open.reserve(session->open.size() + 1);
    result->rows = open.query(view(sql), converted, columnTypes);
    result->session = session;
    session->open.push_back(result.get());
    *rows = result.release();
    return MORTISE_OK;
  });
}

mortise_status dbNext(mortise_db_rows* rows, mortise_value* values, mortise_error* error) {
  if (rows == nullptr || (values == nullptr && !rows->types.empty())) {
    return answer(error, MORTISE_INVALID, "rows", "rows or values is null");
  }
  if (rows->session == nullptr) return answer(error, MORTISE_CLOSED, "closed", "the session of these rows was closed");
  return onSession(rows->session, "db/1 next", error, [&](db::Connection&) {
    auto& open = *rows->rows;
    if (!open.next()) return MORTISE_NOT_FOUND;
    for (std::size_t i = 0; i < rows->types.size(); ++i) {
      auto& value = values[i];
      value = mortise_value{};
      if (open.isNull(i)) continue;
      value.type = rows->types[i];
      if (value.type == MORTISE_INTEGER)
        value.as.integer = open.integer(i);
      else if (value.type == MORTISE_REAL)
        value.as.real = open.real(i);
      else
        value.as.text = str(open.text(i));
    }
    return MORTISE_OK;
  });
}

void dbRowsClose(mortise_db_rows* rows) {
  if (rows == nullptr) return;
  if (rows->session != nullptr) std::erase(rows->session->open, rows);
  guardedOr(rows->session == nullptr ? nullptr : rows->session->host, "db/1 rows_close", 0, [&] {
    rows->rows.reset();
    return 0;
  });
  delete rows;
}

char dbBackend(mortise_host* raw) {
  const auto* host = joinableHostOf(raw);
  return host != nullptr && host->services().database->backend() == db::Backend::postgresql ? 'p' : 's';
}

mortise_status dbJoin(mortise_db_session* session, mortise_host** joined, mortise_error* error) {
  if (joined == nullptr) return answer(error, MORTISE_INVALID, "joined", "joined is null");
  *joined = nullptr;
  return onSession(session, "db/1 join", error, [&](db::Connection& open) {
    auto transaction = open.join();
    if (session->joined == nullptr) {
      auto joinedHost = std::make_unique<JoinedHost>();
      joinedHost->face = {session->host, std::move(transaction)};
      joinedHost->raw = session->host->rawFor(joinedHost->face);
      session->joined = std::move(joinedHost);
    }
    *joined = &session->joined->raw;
    return MORTISE_OK;
  });
}

mortise_status dbEnter(mortise_db_session* session, mortise_error* error) {
  return onSession(session, "db/1 enter", error, [&](db::Connection&) {
    if (session->joined == nullptr) return answer(error, MORTISE_INVALID, "not_joined", "join the session first");
    const auto status = mayJoin(&session->joined->raw, error);
    if (status == MORTISE_OK) db::enterJoined(*session->joined->face.transaction);
    return status;
  });
}

void dbLeave(mortise_db_session* session) {
  if (session == nullptr || session->joined == nullptr) return;
  const auto& transaction = *session->joined->face.transaction;
  if (!transaction.ended() && transaction.onItsThread()) db::leaveJoined();
}

mortise_status dbLock(mortise_db_session* session, mortise_str name, mortise_error* error) {
  return onSession(session, "db/1 lock", error, [&](db::Connection& open) {
    constexpr std::size_t kMaxName = 200;
    if (name.size == 0 || name.size > kMaxName || !text::isUtf8(view(name)))
      return answer(error, MORTISE_INVALID, "bad_name", "the name of a lock has 1 to 200 bytes of UTF-8");
    open.lock(session->host->moduleName() + ":" + copy(name));
    return MORTISE_OK;
  });
}

int32_t dbLost(mortise_db_session* session) {
  if (session == nullptr || session->connection == nullptr) return 0;
  return guardedOr(session->host, "db/1 lost", 0, [&] { return session->connection->lost() ? 1 : 0; });
}

}  // extern "C"

const mortise_db_v1 kTable = {
    sizeof(mortise_db_v1), &dbOpen,    &dbClose, &dbBegin, &dbCommit, &dbRollback, &dbExecute, &dbQuery, &dbNext,
    &dbRowsClose,          &dbBackend, &dbJoin,  &dbEnter, &dbLeave,  &dbLock,     &dbLost};

}  // namespace

template <>
ServedInterface serve<mortise_db_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::database>};
}

}  // namespace mortise::plugin
