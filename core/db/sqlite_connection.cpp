#include "core/db/sqlite_connection.hpp"

#include <soci/sqlite3/soci-sqlite3.h>  // wraps sqlite3.h in namespace sqlite_api: never include both

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

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

void keepName(std::set<std::string>& names, const char* name) {
  if (name != nullptr && !std::string_view(name).starts_with("sqlite_")) names.insert(text::lower(name));
}

// Called for each thing that a statement is about to do, while it is compiled. https://sqlite.org/c3ref/set_authorizer
int recordNames(void* into, int action, const char* first, const char* second, const char* database, const char*) {
  auto& names = *static_cast<std::set<std::string>*>(into);
  if (database != nullptr && std::string_view(database) == "temp") return SQLITE_OK;
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
    case SQLITE_READ:
      keepName(names, first);
      break;
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
      keepName(names, first);
      keepName(names, second);
      break;
    case SQLITE_CREATE_INDEX:  // the name of an index is free
    case SQLITE_DROP_INDEX:
    case SQLITE_ALTER_TABLE:
      keepName(names, second);
      break;
    default:
      break;
  }
  return SQLITE_OK;
}

}  // namespace

std::set<std::string> SqliteConnection::scriptNaming(std::string_view sql) {
  std::set<std::string> names;
  auto* const handle = handleOf(session_);
  const auto stop = [](api::sqlite3* watched) { api::sqlite3_set_authorizer(watched, nullptr, nullptr); };
  api::sqlite3_set_authorizer(handle, recordNames, &names);
  const std::unique_ptr<api::sqlite3, decltype(stop)> watching(handle, stop);
  script(sql);
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
