#include "core/db/postgres_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <set>

namespace mortise::db {
namespace {

constexpr std::chrono::milliseconds kGrace{5000};  // time for the server to answer after its statement_timeout

PGconn* handleOf(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

soci::postgresql_statement_backend& backendOf(PreparedStatement& statement) {
  return *static_cast<soci::postgresql_statement_backend*>(statement.statement().get_backend());
}

std::string firstLine(std::string text) {
  // The lines after the first (DETAIL, CONTEXT) contain values.
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

ErrorKind kindOf(std::string_view state) {
  if (state == "23505") return ErrorKind::unique;
  if (state.starts_with("23")) return ErrorKind::constraint;
  if (state == "40001" || state == "40P01") return ErrorKind::serialization;
  if (state == "53100") return ErrorKind::full;
  if (state.starts_with("08") || state.starts_with("53") || state.starts_with("57") || state == "55P03") {
    return ErrorKind::unavailable;
  }
  if (state.starts_with("42") && state != "42501") return ErrorKind::syntax;
  return ErrorKind::other;
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

std::string quotedValue(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

using Clock = std::chrono::steady_clock;

bool waitFor(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{fd, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

PostgresSettings postgresSettings(const Options& options) {
  std::string text = options.url;
  if (text.starts_with("postgresql:") && !text.starts_with("postgresql://"))
    text.erase(0, std::string_view("postgresql:").size());
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(text.c_str(), &reason));
  PQfreemem(reason);  // may contain the password
  if (!parsed) {
    throw Error(ErrorKind::other,
                "db.url is not understood; write postgresql://user:password@host:port/database or "
                "postgresql:host=... user=... dbname=...");
  }
  PostgresSettings settings;
  settings.statementTimeout = options.statementTimeout;
  // libpq counts whole seconds, at least two.
  const auto seconds = std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(options.leaseTimeout).count());
  std::vector<std::pair<std::string, std::string>> fallbacks{{"connect_timeout", std::to_string(seconds)},
                                                             {"application_name", "mortise"},
                                                             {"client_encoding", "UTF8"},
                                                             {"tcp_user_timeout", "20000"}};
  std::string host = "localhost", port, user, database;
  for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
    if (!option->val) continue;
    const std::string key = option->keyword;
    settings.conninfo += key + '=' + quotedValue(option->val) + ' ';
    std::erase_if(fallbacks, [&](const auto& one) { return one.first == key; });
    if (key == "host") host = option->val;
    if (key == "port") port = std::string(":") + option->val;
    if (key == "user") user = std::string(option->val) + '@';
    if (key == "dbname") database = option->val;
  }
  for (const auto& [key, value] : fallbacks) settings.conninfo += key + '=' + quotedValue(value) + ' ';
  settings.shown = "postgresql://" + user + host + port + "/" + database;
  return settings;
}

bool postgresAnswers(const PostgresSettings& settings, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const std::unique_ptr<PGconn, Finish> connection(PQconnectStart(settings.conninfo.c_str()));
  if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) return false;
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED) return false;
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!waitFor(PQsocket(connection.get()), events, deadline)) return false;
    step = PQconnectPoll(connection.get());
  }
  return true;
}

PostgresConnection::PostgresConnection(const PostgresSettings& settings, Watchdog& watchdog)
    : watchdog_(watchdog), statementTimeout_(settings.statementTimeout) {
  try {
    session_.open(soci::postgresql, settings.conninfo);
  } catch (const soci::soci_error& error) {
    std::string reason = error.get_error_message();
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    while (!reason.empty() && reason.back() == ' ') reason.pop_back();
    throw Error(ErrorKind::unavailable, settings.shown + ": " + reason);
  }
  watched_.fd = PQsocket(handleOf(session_));
  watchdog_.add(&watched_);
  try {
    const std::string timeout = std::to_string(statementTimeout_.count());
    command(
        ("SET statement_timeout = " + timeout + "; SET TIME ZONE 'UTC'; SET standard_conforming_strings = on").c_str());
  } catch (...) {
    watchdog_.remove(&watched_);
    throw;
  }
}

PostgresConnection::~PostgresConnection() {
  watchdog_.remove(&watched_);
  // Ending the connection frees its statements on the server; freeing them one by one would wait for a server that may
  // be gone.
  if (PQstatus(handleOf(session_)) == CONNECTION_OK) {
    ::shutdown(watched_.fd, SHUT_RDWR);
  }
  forgetStatements();
}

void PostgresConnection::arm() {
  stale_ = false;
  if (statementTimeout_.count() == 0) return;
  watched_.deadline.store(Watchdog::now() + (statementTimeout_ + kGrace).count(), std::memory_order_relaxed);
}

Error PostgresConnection::failure(const std::string& state, const std::string& text) {
  if (PQstatus(handleOf(session_)) == CONNECTION_BAD) {
    return Error(ErrorKind::unavailable,
                 "the connection to the database server was lost; what was not committed is undone");
  }
  // "cached plan must not change result type", "prepared statement does not exist": after a migration or a reset by a
  // connection pooler.
  stale_ = state == "0A000" || state == "26000";
  if (state == "57014") {
    return Error(ErrorKind::unavailable,
                 "the statement took longer than " + std::to_string(statementTimeout_.count()) + " ms and was stopped");
  }
  std::string shown = firstLine(text);
  if (state.starts_with("22"))
    shown.resize(std::min(shown.find(": \""), shown.size()));  // removes the value from a "bad data" message
  return Error(kindOf(state), shown + (state.empty() ? "" : " (" + state + ")"));
}

Error PostgresConnection::translated(const soci::soci_error& error) {
  // SOCI's what() contains the SQL and the values, which may be secrets.
  std::string text = error.get_error_message();
  if (const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    const std::size_t at = text.find("ERROR:  ");
    if (at != std::string::npos) text.erase(0, at + 8);
    return failure(postgres->sqlstate(), text);
  }
  if (PQstatus(handleOf(session_)) == CONNECTION_BAD) return failure("", text);
  return Error(ErrorKind::syntax, firstLine(text));
}

void PostgresConnection::command(const char* sql) {
  arm();
  const std::unique_ptr<PGresult, FreeResult> result(PQexec(handleOf(session_), sql));
  disarm();
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const char* text = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  throw failure(state ? state : "", text ? text : PQerrorMessage(handleOf(session_)));
}

void PostgresConnection::reset(PreparedStatement& statement) { backendOf(statement).result_.reset(); }

std::int64_t PostgresConnection::changed(PreparedStatement& statement) {
  return std::max<std::int64_t>(0, statement.statement().get_affected_rows());  // -1 for statements that count no rows
}

std::vector<std::string> PostgresConnection::parameterNames(PreparedStatement& statement) {
  std::vector<std::string> names = backendOf(statement).names_;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void PostgresConnection::script(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) throw Error(ErrorKind::syntax, "the script has a nul byte");
  const std::chrono::milliseconds usual = statementTimeout_;
  statementTimeout_ = std::chrono::milliseconds(0);  // building an index may take long
  try {
    command(std::string(sql).c_str());
  } catch (...) {
    statementTimeout_ = usual;
    throw;
  }
  statementTimeout_ = usual;
}

std::set<std::string> PostgresConnection::firstColumn(const char* sql) {
  arm();
  const std::unique_ptr<PGresult, FreeResult> result(PQexec(handleOf(session_), sql));
  disarm();
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    throw failure(state ? state : "", PQresultErrorMessage(result.get()));
  }
  std::set<std::string> values;
  for (int row = 0; row < PQntuples(result.get()); ++row) values.insert(PQgetvalue(result.get(), row, 0));
  return values;
}

// A transaction holds a lock on every relation that it names until it ends, and pg_locks lists them. Relations that it
// removed are in no catalog any more, so their names are remembered before. Triggers are those of locked tables.
std::set<std::string> PostgresConnection::scriptNaming(std::string_view sql) {
  constexpr const char* kLocked =
      "SELECT l.relation::text || ' ' || l.mode || ' ' || lower(c.relname) FROM pg_catalog.pg_locks l "
      "JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
      "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";
  constexpr const char* kRelations =
      "SELECT lower(c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' "
      "AND n.nspname <> 'information_schema'";
  const auto lockedBefore = firstColumn(kLocked);
  const auto relationsBefore = firstColumn(kRelations);
  script(sql);
  std::set<std::string> names;
  for (const auto& lock : firstColumn(kLocked)) {
    if (!lockedBefore.contains(lock)) names.insert(lock.substr(lock.rfind(' ') + 1));
  }
  const auto relations = firstColumn(kRelations);
  std::set_difference(relationsBefore.begin(), relationsBefore.end(), relations.begin(), relations.end(),
                      std::inserter(names, names.end()));
  return names;
}

void PostgresConnection::begin(Access) { command("BEGIN"); }

void PostgresConnection::commit() {
  switch (PQtransactionStatus(handleOf(session_))) {
    case PQTRANS_INTRANS:
      command("COMMIT");
      return;
    case PQTRANS_INERROR:  // COMMIT would roll back without an error
      command("ROLLBACK");
      throw Error(ErrorKind::other, "nothing was committed: an earlier statement of the transaction had failed");
    case PQTRANS_IDLE:
      throw Error(ErrorKind::other,
                  "nothing to commit: the transaction was already ended, by an earlier error or by the script itself");
    default:
      throw Error(ErrorKind::unavailable, "the connection to the database server was lost before the commit");
  }
}

void PostgresConnection::rollback() {
  if (inTransaction()) command("ROLLBACK");
}

bool PostgresConnection::inTransaction() {
  const PGTransactionStatusType status = PQtransactionStatus(handleOf(session_));
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::alive() {
  PGconn* const handle = handleOf(session_);
  while (PQstatus(handle) == CONNECTION_OK && PQtransactionStatus(handle) == PQTRANS_IDLE) {
    char byte;
    const ssize_t waiting = ::recv(PQsocket(handle), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (waiting < 0) return errno == EAGAIN || errno == EINTR;
    if (waiting == 0) return false;
    if (PQconsumeInput(handle) == 0) return false;  // a notice, or the server's last message
  }
  return false;
}

bool PostgresConnection::answers(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  PGconn* const handle = handleOf(session_);
  bool answered = false;
  bool finished = PQsendQuery(handle, "SELECT 1") == 1;
  while (finished) {
    while (PQisBusy(handle) == 1) {
      if (!waitFor(PQsocket(handle), POLLIN, deadline) || PQconsumeInput(handle) == 0) {
        finished = false;
        break;
      }
    }
    if (!finished) break;
    const std::unique_ptr<PGresult, FreeResult> result(PQgetResult(handle));
    if (!result) return answered;
    answered = PQresultStatus(result.get()) == PGRES_TUPLES_OK;
  }
  ::shutdown(PQsocket(handle), SHUT_RDWR);  // a late answer must not reach the next statement: alive() sees this
  return false;
}

}  // namespace mortise::db
