#include "core/db/postgres_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"

namespace mortise::db {
namespace {

constexpr const char* kSilent = "it does not answer";
constexpr const char* kReadOnly = "it takes no writes, as a stand-by does";
constexpr const char* kSettings = "SET TIME ZONE 'UTC'; SET standard_conforming_strings = on; ";
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
  if (state.starts_with("08") || state.starts_with("53") || state.starts_with("57") || state == "55P03" ||
      state == "40003") {
    return ErrorKind::unavailable;
  }
  if (state.starts_with("42") && state != "42501") return ErrorKind::syntax;
  return ErrorKind::other;
}

// The server ends the session, or the two sides no longer agree on what was said or prepared (a pooler that hands out
// other server processes does that): whatever comes next on this connection can't be relied on.
bool endsConnection(std::string_view state) {
  return state.starts_with("08") || state.starts_with("57P") || state == "26000" || state == "42P05";
}

std::string oneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// Whether PL/pgSQL refused a statement that begins or ends a transaction. The server words its errors in the language
// that it is set to. EXECUTE has one code for all that it does not do; the words of the language SQL stay in each.
bool refusesToEnd(const PGresult* result) {
  const auto field = [&](int code) {
    const char* const value = PQresultErrorField(result, code);
    return std::string_view(value == nullptr ? "" : value);
  };
  const auto state = field(PG_DIAG_SQLSTATE), text = field(PG_DIAG_MESSAGE_PRIMARY);
  if (state == "2D000") return true;  // COMMIT and ROLLBACK of a block
  return state == "0A000" && field(PG_DIAG_SOURCE_FUNCTION) == "exec_stmt_dynexecute" &&
         text.find("COPY") == std::string_view::npos && text.find("INTO") == std::string_view::npos;
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

// Empty: the server takes writes; else the reason why not. nullopt: no answer by `deadline`.
std::optional<std::string> writeTrouble(PGconn* handle, Clock::time_point deadline) {
  std::string reason = kSilent;
  if (PQsendQuery(handle, "SHOW transaction_read_only") != 1) return std::nullopt;
  while (true) {
    while (PQisBusy(handle) == 1) {
      if (!waitFor(PQsocket(handle), POLLIN, deadline) || PQconsumeInput(handle) == 0) return std::nullopt;
    }
    const std::unique_ptr<PGresult, FreeResult> result(PQgetResult(handle));
    if (!result) return reason;
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) == 0) {
      reason = oneLine(PQresultErrorMessage(result.get()));
    } else {
      reason = std::string_view(PQgetvalue(result.get(), 0, 0)) == "on" ? kReadOnly : "";
    }
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
                                                             {"target_session_attrs", "read-write"},
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

std::string postgresTrouble(const PostgresSettings& settings, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const std::unique_ptr<PGconn, Finish> connection(PQconnectStart(settings.conninfo.c_str()));
  const auto reason = [&] { return oneLine(PQerrorMessage(connection.get())); };
  if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) return reason();
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED) return reason();
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!waitFor(PQsocket(connection.get()), events, deadline)) return kSilent;
    step = PQconnectPoll(connection.get());
  }
  // A pooler greets with what it knew of the server some time ago.
  return writeTrouble(connection.get(), deadline).value_or(kSilent);
}

PostgresConnection::PostgresConnection(const PostgresSettings& settings, Watchdog& watchdog, PostgresMoves& moves)
    : watchdog_(watchdog),
      statementTimeout_(settings.statementTimeout),
      moves_(moves),
      openedAt_(moves.load()),
      shown_(settings.shown) {
  try {
    session_.open(soci::postgresql, settings.conninfo);
  } catch (const soci::soci_error& error) {
    throw Error(ErrorKind::unavailable, shown_ + ": " + oneLine(error.get_error_message()));
  }
  watched_.fd = PQsocket(handleOf(session_));
  watchdog_.add(&watched_);
  try {
    prepareSession();
  } catch (...) {
    watchdog_.remove(&watched_);
    throw;
  }
}

void PostgresConnection::prepareSession() {
  const auto process = command(std::string(kSettings) + "SELECT pg_backend_pid()");
  // A pooler greets in its own name, since the server process behind it changes.
  pooled_ = process.empty() || process[0][0] != std::to_string(PQbackendPID(handleOf(session_)));
  if (!pooled_) {
    command(timeoutSetting());
    return;
  }
  try {
    command("BEGIN");
    command("COMMIT");
  } catch (const Error& error) {
    throw Error(ErrorKind::unavailable,
                shown_ + ": the connection pooler in front of the database carries no transactions (" + error.what() +
                    "); set its pool_mode to transaction or session");
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
  // "cached plan must not change result type": after a migration.
  stale_ = state == "0A000";
  if (meansWrongServer(state)) {
    noteWrongServer(firstLine(text));
    return Error(ErrorKind::unavailable, "the database server takes no writes, as a stand-by does (" + state + ")");
  }
  if (endsConnection(state)) {
    broken_ = true;
    return Error(ErrorKind::unavailable,
                 "the database server ended the session: " + firstLine(text) + " (" + state + ")");
  }
  if (state == "57014") {
    return Error(ErrorKind::unavailable,
                 "the statement took longer than " + std::to_string(statementTimeout_.count()) + " ms and was stopped");
  }
  std::string shown = firstLine(text);
  if (state.starts_with("22"))
    shown.resize(std::min(shown.find(": \""), shown.size()));  // removes the value from a "bad data" message
  return Error(kindOf(state), shown + (state.empty() ? "" : " (" + state + ")"));
}

// A fail-over leaves connections to a server that still answers, and reads, but is not the one to write to.
bool PostgresConnection::meansWrongServer(const std::string& state) {
  if (state == "25006") return true;  // read_only_sql_transaction
  const char* const standBy = PQparameterStatus(handleOf(session_), "in_hot_standby");
  // What a stand-by says of locks, of serializable transactions, of recovery.
  return standBy != nullptr && std::string_view(standBy) == "on" && (state == "55000" || state == "0A000");
}

void PostgresConnection::noteWrongServer(const std::string& reason) {
  broken_ = true;
  auto seen = openedAt_;
  if (moves_.compare_exchange_strong(seen, openedAt_ + 1)) {
    log::warning("the database server takes no writes; all connections to it are opened anew",
                 {{"database", shown_}, {"reason", reason}});
  }
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

std::vector<std::vector<std::string>> PostgresConnection::command(const std::string& sql) {
  arm();
  const std::unique_ptr<PGresult, FreeResult> result(PQexec(handleOf(session_), sql.c_str()));
  disarm();
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const char* text = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    refusedToEnd_ = refusesToEnd(result.get());
    throw failure(state ? state : "", text ? text : PQerrorMessage(handleOf(session_)));
  }
  std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      rows[row].emplace_back(PQgetvalue(result.get(), static_cast<int>(row), column));
    }
  }
  return rows;
}

std::string PostgresConnection::timeoutSetting() const {
  return "SET statement_timeout = " + std::to_string(statementTimeout_.count());
}

void PostgresConnection::reset(PreparedStatement& statement) {
  auto& backend = backendOf(statement);
  backend.result_.reset();
  // SOCI frees a value's buffer after a run, but not after one that failed, and takes NULL for what a buffer without
  // content is: the next run would send the old value in the place of a NULL.
  for (auto& [name, buffer] : backend.useByNameBuffers_) {
    delete[] * buffer;
    *buffer = nullptr;
  }
}

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
    command(std::string(sql));
  } catch (...) {
    statementTimeout_ = usual;
    throw;
  }
  statementTimeout_ = usual;
}

namespace {

// Objects of the database itself have lower numbers than 16384.

// Number, name, then what changes without a lock: schema, owner, rights; then who wrote this, and the schema's name.
constexpr const char* kRelations =
    "SELECT c.oid, c.relname, n.nspname, c.relowner, c.relacl, c.xmin, n.xmin FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384";
// A transaction holds a lock on every relation that it reads, changes or defines until it ends.
constexpr const char* kLocks =
    "SELECT relation, mode FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation'";
constexpr const char* kTriggers =
    "SELECT oid, tgname, xmin FROM pg_catalog.pg_trigger WHERE NOT tgisinternal "
    "UNION ALL SELECT oid, evtname, xmin FROM pg_catalog.pg_event_trigger";
// The database looks at the tables of most functions only when it runs them.
constexpr const char* kFunctions = "SELECT oid, prosrc, proname, xmin FROM pg_catalog.pg_proc WHERE oid >= 16384";

using Rows = std::vector<std::vector<std::string>>;

// Those of `after` whose first `columns` no row of `before` has.
Rows added(const Rows& before, const Rows& after, std::size_t columns) {
  const auto start = [&](const std::vector<std::string>& row) {
    return std::vector<std::string>(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(columns));
  };
  std::set<std::vector<std::string>> known;
  for (const auto& row : before) known.insert(start(row));
  Rows difference;
  std::copy_if(after.begin(), after.end(), std::back_inserter(difference),
               [&](const auto& row) { return !known.contains(start(row)); });
  return difference;
}

bool isNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }

// Whether `text` has `name` as a whole word.
bool mentions(std::string_view text, std::string_view name) {
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    if ((at == 0 || !isNameByte(text[at - 1])) && (end == text.size() || !isNameByte(text[end]))) return true;
  }
  return false;
}

// In dollar quotes that `text` does not hold.
std::string dollarQuoted(const std::string& text) {
  std::string mark = "$mortise$";
  for (int i = 0; text.find(mark) != std::string::npos; ++i) mark = "$mortise" + std::to_string(i) + "$";
  return mark + text + mark;
}

}  // namespace

// EXECUTE refuses statements that begin or end a transaction, before they do. Its result is that of the last statement,
// and it takes no SELECT ... INTO for that.
void PostgresConnection::scriptInside(std::string_view sql) {
  const auto block = "BEGIN EXECUTE " + dollarQuoted(std::string(sql) + "\n;SELECT 1") + "; END";
  try {
    script("DO " + dollarQuoted(block));
  } catch (const Error&) {
    if (!refusedToEnd_) throw;
    throw Error(ErrorKind::other, kOwnTransaction);
  }
}

// As prepareSession() left it: what the script set, and what it made for this session alone, would meet whoever gets
// the connection next.
void PostgresConnection::resetSession() {
  command(std::string("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DISCARD TEMP; ") + kSettings +
          (pooled_ ? "" : timeoutSetting()));
}

// Which of `transactions` are under way. An xmin lacks the upper half of a transaction's number: it is the one that lies
// within 2^31 of the present transaction.
std::set<std::string> PostgresConnection::underWay(const std::set<std::string>& transactions) {
  std::set<std::string> result;
  if (transactions.empty()) return result;
  std::string list;
  for (const auto& transaction : transactions) list += (list.empty() ? "" : ",") + transaction;
  for (const auto& row : command("SELECT low FROM pg_catalog.unnest('{" + list +
                                 "}'::bigint[]) AS low, pg_catalog.txid_current() AS now WHERE pg_catalog.txid_status("
                                 "now + ((low - now + 2147483648) & 4294967295) - 2147483648) = 'in progress'")) {
    result.insert(row[0]);
  }
  return result;
}

// What other sessions do meanwhile shows in the catalogs after their commit. So a row counts as the script's only while
// the transaction that wrote it is still under way: of such only the own one's rows show. (A snapshot from the beginning,
// as of REPEATABLE READ, would make a migration fail that changes a row which another session has changed meanwhile.)
std::set<std::string> PostgresConnection::scriptNaming(std::string_view sql) {
  const auto relationsBefore = command(kRelations);
  const auto locksBefore = command(kLocks);
  const auto triggersBefore = command(kTriggers);
  const auto functionsBefore = command(kFunctions);
  scriptInside(sql);
  resetSession();
  const auto relations = command(kRelations);
  const auto changed = added(relationsBefore, relations, 5);
  const auto triggers = added(triggersBefore, command(kTriggers), 2);
  const auto functions = added(functionsBefore, command(kFunctions), 3);

  std::set<std::string> writers;
  for (const auto& relation : changed) writers.insert({relation[5], relation[6]});
  for (const auto& trigger : triggers) writers.insert(trigger[2]);
  for (const auto& function : functions) writers.insert(function[3]);
  const auto own = underWay(writers);

  std::set<std::string> names;
  std::set<std::string> locked;
  std::map<std::string, std::string> schemaBefore;
  for (const auto& lock : added(locksBefore, command(kLocks), 2)) locked.insert(lock[0]);
  for (const auto& relation : relationsBefore) schemaBefore[relation[0]] = relation[2];
  for (const auto* list : {&relationsBefore, &relations}) {
    for (const auto& relation : *list) {
      if (locked.contains(relation[0])) names.insert(text::lower(relation[1]));
    }
  }
  for (const auto& relation : changed) {
    const auto schema = schemaBefore.find(relation[0]);
    const bool schemaRenamed =
        schema != schemaBefore.end() && schema->second != relation[2] && own.contains(relation[6]);
    if (own.contains(relation[5]) || schemaRenamed) names.insert(text::lower(relation[1]));
  }
  for (const auto& trigger : triggers) {
    if (own.contains(trigger[2])) names.insert(text::lower(trigger[1]));
  }
  for (const auto& function : functions) {
    if (!own.contains(function[3])) continue;
    const auto body = text::lower(function[1]);
    for (const auto& relation : relations) {
      const auto name = text::lower(relation[1]);
      // One word alone may be any word of the language.
      if (name.find('_') != std::string::npos && mentions(body, name)) {
        names.insert(name + " (in the text of the function " + function[2] + ")");
      }
    }
  }
  return names;
}

void PostgresConnection::begin(Access) {
  command(pooled_ ? "BEGIN; SET LOCAL statement_timeout = " + std::to_string(statementTimeout_.count()) : "BEGIN");
}

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
  if (broken_ || openedAt_ != moves_.load()) return false;
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

std::string PostgresConnection::trouble(std::chrono::milliseconds limit) {
  PGconn* const handle = handleOf(session_);
  const auto reason = writeTrouble(handle, Clock::now() + limit);
  if (!reason) {
    ::shutdown(PQsocket(handle), SHUT_RDWR);  // a late answer must not meet the next statement: alive() sees this
    return kSilent;
  }
  if (*reason == kReadOnly) noteWrongServer(*reason);
  return *reason;
}

}  // namespace mortise::db
