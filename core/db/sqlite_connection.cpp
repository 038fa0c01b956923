#include "core/db/sqlite_connection.hpp"

#include <soci/sqlite3/soci-sqlite3.h>  // wraps sqlite3.h in namespace sqlite_api: never include both

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"

namespace mortise::db {
namespace {

namespace api = sqlite_api;

api::sqlite3* handleOf(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

soci::sqlite3_statement_backend& backendOf(PreparedStatement& statement) {
  return *static_cast<soci::sqlite3_statement_backend*>(statement.statement().get_backend());
}

ErrorKind kindOf(int extended, int systemError) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return ErrorKind::unique;
    case SQLITE_BUSY_SNAPSHOT:
      return ErrorKind::serialization;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return ErrorKind::constraint;
    case SQLITE_FULL:
      return ErrorKind::full;
    case SQLITE_IOERR:
      return systemError == ENOSPC || systemError == EDQUOT ? ErrorKind::full : ErrorKind::other;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return ErrorKind::unavailable;
    case SQLITE_ERROR:
    case SQLITE_RANGE:
      return ErrorKind::syntax;
    default:
      return ErrorKind::other;
  }
}

void closeHandle(api::sqlite3* handle) { api::sqlite3_close(handle); }

}  // namespace

SqliteConnection::SqliteConnection(const SqliteSettings& settings, Access access)
    : statementTimeout_(settings.statementTimeout) {
  if (settings.path.find('"') != std::string::npos) {
    throw Error(ErrorKind::other, "sqlite:" + settings.path + ": a path with a double quote is not supported");
  }
  try {
    session_.open(soci::sqlite3, "db=\"" + settings.path + "\"");
  } catch (const soci::soci_error& error) {
    throw Error(ErrorKind::unavailable, "sqlite:" + settings.path + ": " + error.get_error_message());
  }
  api::sqlite3_busy_timeout(handleOf(session_), static_cast<int>(settings.busyTimeout.count()));
  try {
    if (access == Access::write) exec("PRAGMA journal_mode=WAL");
    exec(("PRAGMA synchronous=" + settings.synchronous).c_str());
    exec("PRAGMA foreign_keys=ON");
    exec("PRAGMA trusted_schema=OFF");
    exec("PRAGMA journal_size_limit=67108864");
    if (access == Access::read) exec("PRAGMA query_only=ON");
    exec("SELECT count(*) FROM sqlite_master");  // first read of the file: fails when it is no database
  } catch (const Error& error) {
    throw Error(error.kind(), "sqlite:" + settings.path + ": " + error.what());
  }
  if (statementTimeout_.count() > 0) {
    constexpr int kEvery = 20'000;  // virtual machine steps: about a millisecond
    api::sqlite3_progress_handler(handleOf(session_), kEvery, &SqliteConnection::onProgress, this);
  }
}

SqliteConnection::~SqliteConnection() { forgetStatements(); }

int SqliteConnection::onProgress(void* self) {
  const auto deadline = static_cast<SqliteConnection*>(self)->deadline_;
  return deadline != std::chrono::steady_clock::time_point{} && std::chrono::steady_clock::now() > deadline ? 1 : 0;
}

void SqliteConnection::arm() {
  if (statementTimeout_.count() > 0) deadline_ = std::chrono::steady_clock::now() + statementTimeout_;
  changesBefore_ = api::sqlite3_total_changes(handleOf(session_));
}

void SqliteConnection::exec(const char* sql) {
  if (api::sqlite3_exec(handleOf(session_), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
  throw failure(api::sqlite3_errmsg(handleOf(session_)));
}

Error SqliteConnection::failure(const std::string& text) {
  const int extended = api::sqlite3_extended_errcode(handleOf(session_));
  const int systemError = api::sqlite3_system_errno(handleOf(session_));
  if ((extended & 0xff) == SQLITE_IOERR) broken_ = true;  // a new connection recovers its shared memory
  if ((extended & 0xff) == SQLITE_INTERRUPT) {
    return Error(ErrorKind::unavailable,
                 "the statement took longer than " + std::to_string(statementTimeout_.count()) + " ms and was stopped");
  }
  return Error(kindOf(extended, systemError), text);
}

Error SqliteConnection::translated(const soci::soci_error& error) {
  // SOCI's what() contains the SQL and the values, which may be secrets.
  if (dynamic_cast<const soci::sqlite3_soci_error*>(&error)) return failure(api::sqlite3_errmsg(handleOf(session_)));
  return Error(ErrorKind::syntax, error.get_error_message());
}

void SqliteConnection::reset(PreparedStatement& statement) {
  api::sqlite3_reset(backendOf(statement).stmt_);  // its result repeats the error already reported
}

std::int64_t SqliteConnection::changed(PreparedStatement&) {
  // sqlite3_changes() keeps the number of an earlier statement when this one can't change rows.
  api::sqlite3* const handle = handleOf(session_);
  return api::sqlite3_total_changes(handle) == changesBefore_ ? 0 : api::sqlite3_changes(handle);
}

std::vector<std::string> SqliteConnection::parameterNames(PreparedStatement& statement) {
  std::vector<std::string> names;
  api::sqlite3_stmt* const handle = backendOf(statement).stmt_;
  const int count = api::sqlite3_bind_parameter_count(handle);
  for (int i = 1; i <= count; ++i) {
    const char* name = api::sqlite3_bind_parameter_name(handle, i);
    if (!name || name[0] != ':') {
      throw Error(ErrorKind::syntax,
                  "only named parameters (:name) are supported: " + std::string(api::sqlite3_sql(handle)));
    }
    names.emplace_back(name + 1);
  }
  return names;
}

bool SqliteConnection::changesData(PreparedStatement& statement) {
  return api::sqlite3_stmt_readonly(backendOf(statement).stmt_) == 0;
}

void SqliteConnection::script(std::string_view sql) {
  deadline_ = {};
  exec(std::string(sql).c_str());
}

namespace {

// What a statement is about to do, said while it is compiled.
struct Announced {
  std::set<std::string> names;
  std::set<std::string> perhaps;  // a table or view of this name, if there is one
  std::string forbidden;          // why a statement was refused
};

void keepName(std::set<std::string>& names, const char* name) {
  if (name != nullptr && !std::string_view(name).starts_with("sqlite_")) names.insert(text::lower(name));
}

bool contains(std::initializer_list<std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Others change how the connection behaves for its next user, or open the catalog to UPDATE.
int notePragma(Announced& announced, const std::string& pragma, const char* argument) {
  if (contains({"table_info", "table_xinfo", "table_list", "index_list", "foreign_key_list", "foreign_key_check"},
               pragma)) {
    keepName(announced.names, argument);
    return SQLITE_OK;
  }
  if (contains({"defer_foreign_keys", "foreign_keys", "index_info", "index_xinfo"}, pragma)) {
    return SQLITE_OK;  // a transaction ignores or undoes what these set
  }
  // Full-text and R-Tree tables ask the first two themselves.
  if (argument == nullptr && contains({"data_version", "page_size", "page_count", "user_version", "encoding",
                                       "database_list", "integrity_check", "quick_check"},
                                      pragma)) {
    return SQLITE_OK;
  }
  announced.forbidden = "PRAGMA " + pragma + " is not for migrations; remove it";
  return SQLITE_DENY;
}

// Table-valued functions, which are tables of the database itself. What a pragma_... is asked for, its PRAGMA names.
bool isFunction(std::string_view table) {
  return contains({"json_each", "json_tree", "jsonb_each", "jsonb_tree"}, table) || table.starts_with("pragma_");
}

// A query that reads no column of a source names it as the script wrote it: the source may be a common table expression.
void noteRead(Announced& announced, const char* table, const char* database) {
  const bool named = database != nullptr && !isFunction(text::lower(table));
  keepName(named ? announced.names : announced.perhaps, table);
}

// https://sqlite.org/c3ref/set_authorizer
int announce(void* into, int action, const char* first, const char* second, const char* database, const char*) {
  auto& announced = *static_cast<Announced*>(into);
  const auto forbid = [&](std::string reason) {
    announced.forbidden = std::move(reason);
    return SQLITE_DENY;
  };
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return forbid(kOwnTransaction);
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return forbid("a migration works on the server's database only; remove ATTACH and DETACH");
    case SQLITE_CREATE_TEMP_TRIGGER:
      return forbid("a migration makes no temporary trigger; remove " + std::string(first));
    case SQLITE_PRAGMA:
      return notePragma(announced, text::lower(first), second);
    default:
      break;
  }
  const char* const schema = action == SQLITE_ALTER_TABLE ? first : database;
  if (schema != nullptr && std::string_view(schema) == "temp") return SQLITE_OK;
  switch (action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_VTABLE:
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      keepName(announced.names, first);
      break;
    case SQLITE_READ:
      noteRead(announced, first, database);
      break;
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
      keepName(announced.names, first);
      keepName(announced.names, second);
      break;
    case SQLITE_CREATE_INDEX:  // the name of an index is free
    case SQLITE_DROP_INDEX:
    case SQLITE_ALTER_TABLE:
      keepName(announced.names, second);
      break;
    default:
      break;
  }
  return SQLITE_OK;
}

// Hears what is compiled on a connection as long as it lives.
class Listening {
 public:
  Listening(api::sqlite3* handle, Announced& announced) : handle_(handle) {
    api::sqlite3_set_authorizer(handle, announce, &announced);
  }
  ~Listening() { api::sqlite3_set_authorizer(handle_, nullptr, nullptr); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  api::sqlite3* handle_;
};

struct FinalizeStatement {
  void operator()(api::sqlite3_stmt* statement) const { api::sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<api::sqlite3_stmt, FinalizeStatement>;

Statement compiled(api::sqlite3* handle, const std::string& sql) {
  api::sqlite3_stmt* raw = nullptr;
  api::sqlite3_prepare_v2(handle, sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
  return Statement(raw);
}

std::vector<std::string> firstTexts(api::sqlite3* handle, const std::string& sql) {
  const auto statement = compiled(handle, sql);
  if (!statement) throw Error(ErrorKind::other, api::sqlite3_errmsg(handle));
  std::vector<std::string> texts;
  while (api::sqlite3_step(statement.get()) == SQLITE_ROW) {
    const auto* text = api::sqlite3_column_text(statement.get(), 0);
    texts.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
  }
  return texts;
}

std::string enclosed(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) out.append(c == mark ? 2 : 1, c);
  return out + mark;
}
std::string quotedName(std::string_view name) { return enclosed(name, '"'); }
std::string sqlText(std::string_view text) { return enclosed(text, '\''); }

using Names = std::set<std::string>;

// The names in `announced`, given those of the schema.
Names namesOf(const Announced& announced, const Names& schema) {
  auto names = announced.names;
  std::set_intersection(announced.perhaps.begin(), announced.perhaps.end(), schema.begin(), schema.end(),
                        std::inserter(names, names.end()));
  return names;
}

// The names that `sql` would touch, without running it; the table that it lacks is one of them.
Names namesIn(api::sqlite3* handle, const std::string& sql, const Names& schema) {
  constexpr std::string_view kMissing = "no such table: ";
  Announced announced;
  const Listening listening(handle, announced);
  if (compiled(handle, sql)) return namesOf(announced, schema);
  const std::string reason = api::sqlite3_errmsg(handle);
  if (reason.starts_with(kMissing)) {
    auto name = reason.substr(kMissing.size());
    if (name.starts_with("main.")) name.erase(0, 5);
    keepName(announced.names, name.c_str());
  }
  return namesOf(announced, schema);
}

using Pairs = std::set<std::pair<std::string, std::string>>;

void addPairs(Pairs& pairs, const std::string& object, const Names& names) {
  for (const auto& name : names) pairs.emplace(object, name);
}

Names objectsIn(const Pairs& schema) {
  Names names;
  for (const auto& [object, name] : schema) {
    if (object.empty()) names.insert(name);
  }
  return names;
}

// Objects of the schema and the names that they stand for or lead to: SQLite resolves those only when a view is read, a
// trigger fires, a foreign key is checked. ALTER TABLE ... RENAME does not announce the new name either.
Pairs schemaOf(api::sqlite3* handle) {
  Pairs pairs;
  const auto named = [&](const std::string& condition) {
    return firstTexts(handle,
                      "SELECT DISTINCT name FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                      "AND type IN ('table', 'view', 'trigger') AND " +
                          condition);
  };
  for (const auto& name : named("true")) pairs.emplace("", text::lower(name));
  const auto objects = objectsIn(pairs);
  for (const auto& name : named("type = 'table'")) {
    const auto parents =
        firstTexts(handle, "SELECT \"table\" FROM pragma_foreign_key_list(" + sqlText(name) + ", 'main')");
    for (const auto& parent : parents) pairs.emplace(name, text::lower(parent));
  }
  for (const auto& name : named("type = 'view'")) {
    addPairs(pairs, name, namesIn(handle, "SELECT * FROM main." + quotedName(name), objects));
  }
  for (const auto& name : named("name IN (SELECT tbl_name FROM main.sqlite_master WHERE type = 'trigger')")) {
    const auto table = "main." + quotedName(name);
    std::string assignments;
    for (const auto& column :
         firstTexts(handle, "SELECT name FROM pragma_table_xinfo(" + sqlText(name) + ", 'main') WHERE hidden = 0")) {
      assignments += (assignments.empty() ? "" : ", ") + quotedName(column) + " = NULL";
    }
    addPairs(pairs, name, namesIn(handle, "INSERT INTO " + table + " DEFAULT VALUES", objects));
    addPairs(pairs, name, namesIn(handle, "UPDATE " + table + " SET " + assignments, objects));
    addPairs(pairs, name, namesIn(handle, "DELETE FROM " + table, objects));
  }
  return pairs;
}

}  // namespace

void SqliteConnection::removeTemporary() {
  auto* const handle = handleOf(session_);
  // A virtual table takes the tables along in which it keeps its content, and fails when one of them is gone.
  for (const auto& drop :
       firstTexts(handle,
                  "SELECT 'DROP ' || type || ' IF EXISTS temp.\"' || replace(name, '\"', '\"\"') || '\"' "
                  "FROM temp.sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                  "ORDER BY type DESC, sql LIKE 'CREATE VIRTUAL %' DESC")) {
    exec(drop.c_str());
  }
}

std::set<std::string> SqliteConnection::scriptNaming(std::string_view sql) {
  auto* const handle = handleOf(session_);
  const auto before = schemaOf(handle);
  Announced announced;
  try {
    const Listening listening(handle, announced);
    script(sql);
  } catch (const Error&) {
    if (!announced.forbidden.empty()) throw Error(ErrorKind::other, announced.forbidden);
    throw;
  }
  removeTemporary();  // it would hide tables of the same name from the next user of the connection
  auto names = namesOf(announced, objectsIn(before));
  for (const auto& pair : schemaOf(handle)) {
    if (!before.contains(pair)) names.insert(pair.second);
  }
  return names;
}

void SqliteConnection::begin(Access access) {
  // IMMEDIATE takes the write lock now, so that no upgrade can fail half way.
  exec(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

void SqliteConnection::commit() {
  if (!inTransaction()) {
    throw Error(ErrorKind::other,
                "nothing to commit: the transaction was already ended, by an earlier error or by the script itself");
  }
  exec("COMMIT");
}

void SqliteConnection::rollback() {
  if (inTransaction()) exec("ROLLBACK");  // after some errors (disk full) SQLite has rolled back already
}

bool SqliteConnection::inTransaction() { return api::sqlite3_get_autocommit(handleOf(session_)) == 0; }

void SqliteConnection::copyInto(const std::string& path) {
  {
    const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
    if (!file)
      throw Error(errno == ENOSPC ? ErrorKind::full : ErrorKind::other,
                  path + " can't be created: " + std::strerror(errno));
  }
  api::sqlite3* raw = nullptr;
  int code = api::sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<api::sqlite3, void (*)(api::sqlite3*)> target(raw, closeHandle);
  if (code == SQLITE_OK) {
    api::sqlite3_backup* const backup = api::sqlite3_backup_init(raw, "main", handleOf(session_), "main");
    if (backup) {
      // Copies all pages in one step: one consistent snapshot, which in WAL mode delays no writer and is never
      // restarted by one.
      code = api::sqlite3_backup_step(backup, -1);
      const int finished = api::sqlite3_backup_finish(backup);
      if (code == SQLITE_DONE) code = finished;
    } else {
      code = api::sqlite3_errcode(raw);
    }
  }
  if (code == SQLITE_OK) return;
  const Error error(kindOf(code, api::sqlite3_system_errno(raw)),
                    path + ": the backup failed: " + api::sqlite3_errstr(code));
  ::unlink(path.c_str());
  throw error;
}

}  // namespace mortise::db
