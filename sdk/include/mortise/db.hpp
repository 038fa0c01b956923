// SQL on the server's database, for the tables that the module's own migrations made: db/1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/abi/db.h"
#include "mortise/host.hpp"
#include "mortise/json.hpp"
#include "mortise/names.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

class Transaction;

namespace db {

// Why a statement failed. Left alone it becomes, at the edge: unavailable -> 503 "unavailable", full -> 507
// "storage_full", else 500.
class Error : public std::runtime_error {
 public:
  enum class Kind {
    unavailable,    // no connection within the deadline, database locked or gone: try again later
    full,           // disk or quota full
    exists,         // a UNIQUE or PRIMARY KEY constraint refused the row
    invalid,        // another constraint refused it, or the SQL is wrong
    serialization,  // lost a race: Db::transaction() and Db::execute() run it again by themselves
    failed,
  };

  Error(Kind kind, const std::string& text, int retry_after = 0)
      : std::runtime_error(text), kind_(kind), retry_after_(retry_after) {}
  Kind kind() const noexcept { return kind_; }
  int retryAfter() const noexcept { return retry_after_; }  // seconds, 0 = not known

 private:
  Kind kind_;
  int retry_after_;
};

// A named parameter: {"id", id}. Integers of every width, bool (stored as 0 or 1), double, text, Time (stored in
// microseconds), enums with names (stored as text; names.hpp), json::Value (stored as text), nullptr and optionals of
// these. Borrows text for the length of the statement.
struct Parameter : mortise_db_parameter {
  template <class T>
  Parameter(std::string_view parameter_name, const T& v)
      : mortise_db_parameter{detail::str(parameter_name), convert(v)} {}

 private:
  static mortise_value null() noexcept {
    mortise_value out{};
    out.type = MORTISE_NULL;
    return out;
  }
  template <class T>
  static mortise_value convert(const T& v) {
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
      return null();
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      mortise_value out{};
      out.type = MORTISE_TEXT;
      out.as.text = detail::str(std::string_view(v));
      return out;
    } else if constexpr (std::is_floating_point_v<T>) {
      mortise_value out{};
      out.type = MORTISE_REAL;
      out.as.real = static_cast<double>(v);
      return out;
    } else if constexpr (std::is_integral_v<T>) {
      mortise_value out{};
      out.type = MORTISE_INTEGER;
      out.as.integer = static_cast<std::int64_t>(v);
      return out;
    } else if constexpr (std::is_enum_v<T>) {
      return convert(sdk1::detail::nameOf(v));
    } else if constexpr (sdk1::detail::kIsTime<T>) {
      return convert(static_cast<std::int64_t>(v.time_since_epoch().count()));
    } else if constexpr (std::is_same_v<T, json::Value>) {
      return convert(v.text());
    } else {
      return v.has_value() ? convert(*v) : null();  // std::optional
    }
  }
};
static_assert(sizeof(Parameter) == sizeof(mortise_db_parameter), "a list of parameters is handed over as it is");

// The parameters of one statement: {{"id", id}, {"name", name}} or a vector of Parameter.
class Parameters {
 public:
  Parameters() noexcept = default;
  Parameters(std::initializer_list<Parameter> list) noexcept : size_(list.size()) {
    const Parameter* first =
        list.begin();  // lives to the end of the statement's full expression, and so does this object
    data_ = first;
  }
  Parameters(const std::vector<Parameter>& list) noexcept
      : data_(list.data()), size_(list.size()) {}  // NOLINT: meant to convert
  Parameters(const mortise_db_parameter* data, std::size_t size) noexcept : data_(data), size_(size) {}
  const mortise_db_parameter* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  const mortise_db_parameter* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

using sdk1::detail::noError;
using sdk1::detail::str;

struct Attempts;

[[noreturn]] inline void fail(mortise_status status, const mortise_error& error) {
  auto kind = Error::Kind::failed;
  const std::string_view code = error.code;
  switch (status) {
    case MORTISE_UNAVAILABLE:
      kind = code == "transaction_lost" ? Error::Kind::serialization : Error::Kind::unavailable;
      break;
    case MORTISE_TIMEOUT:
      kind = Error::Kind::unavailable;
      break;
    case MORTISE_FULL:
      kind = Error::Kind::full;
      break;
    case MORTISE_EXISTS:
      kind = Error::Kind::exists;
      break;
    case MORTISE_INVALID:
      kind = Error::Kind::invalid;
      break;
    default:
      break;
  }
  std::string text =
      error.text[0] != '\0' ? std::string(error.text) : "status " + std::to_string(static_cast<int>(status));
  throw Error(kind, text, error.retry_after);
}

inline void check(mortise_status status, const mortise_error& error) {
  if (status != MORTISE_OK) fail(status, error);
}

// How one column type is asked for and read.
template <class T>
struct Column {
  static constexpr mortise_type kType = std::is_floating_point_v<T>                         ? MORTISE_REAL
                                        : std::is_integral_v<T> || sdk1::detail::kIsTime<T> ? MORTISE_INTEGER
                                                                                            : MORTISE_TEXT;
  static T read(const mortise_value& value) {
    if (value.type == MORTISE_NULL)
      throw Error(Error::Kind::invalid, "a column that is read as a plain value is NULL: read it as std::optional");
    if constexpr (std::is_same_v<T, bool>) {
      return value.as.integer != 0;
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(value.as.integer);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(value.as.real);
    } else if constexpr (sdk1::detail::kIsTime<T>) {
      return T(typename T::duration(value.as.integer));
    } else if constexpr (std::is_enum_v<T>) {
      T out{};
      const Text name(value.as.text);
      if (sdk1::detail::readName(name, out)) return out;
      throw Error(Error::Kind::failed, "a column holds \"" + name.string() + "\", which is no name of its enum");
    } else if constexpr (std::is_same_v<T, json::Value>) {
      return json::raw(sdk1::detail::copied(value.as.text));
    } else {
      static_assert(std::is_same_v<T, std::string>,
                    "columns are read as integers, bool, double, std::string, Time, json::Value, enums with names, or "
                    "std::optional of these");
      return sdk1::detail::copied(value.as.text);
    }
  }
};
template <class T>
struct Column<std::optional<T>> {
  static constexpr mortise_type kType = Column<T>::kType;
  static std::optional<T> read(const mortise_value& value) {
    return value.type == MORTISE_NULL ? std::nullopt : std::optional<T>(Column<T>::read(value));
  }
};

template <class... Columns>
struct RowOf {
  using type = std::tuple<Columns...>;
};
template <class Only>
struct RowOf<Only> {
  using type = Only;
};

}  // namespace detail

// One row: a tuple of the columns, or the value itself when there is one column.
template <class... Columns>
using Row = typename detail::RowOf<Columns...>::type;

// One leased connection. Use it on one thread at a time and give it back soon (destroy it): there are few, and on
// SQLite one writer. Destroying it rolls back what was not committed. [worker] and [start]; every member throws Error.
class Session {
 public:
  Session(const mortise_db_v1* table, mortise_db_session* session) noexcept : table_(table), session_(session) {}
  Session(Session&& other) noexcept : table_(other.table_), session_(std::exchange(other.session_, nullptr)) {}
  Session& operator=(Session&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(session_, other.session_);
    return *this;
  }
  ~Session() {
    if (session_ != nullptr) table_->close(session_);
  }

  void begin() {
    auto error = detail::noError();
    detail::check(table_->begin(session_, &error), error);
  }
  void commit() {
    auto error = detail::noError();
    detail::check(table_->commit(session_, &error), error);
  }
  void rollback() {
    auto error = detail::noError();
    detail::check(table_->rollback(session_, &error), error);
  }

  // Runs one statement without a result; returns the number of rows it changed.
  std::int64_t execute(std::string_view sql, Parameters parameters = {}) {
    auto error = detail::noError();
    std::int64_t changed = 0;
    detail::check(table_->execute(session_, detail::str(sql), parameters.data(), parameters.size(), &changed, &error),
                  error);
    return changed;
  }

  // Calls `use(columns...)` for each row; stops early when `use` returns false. One query at a time per session and
  // statement text.
  template <class... Columns, class Use>
  void each(std::string_view sql, Parameters parameters, Use&& use) {
    read<Columns...>(sql, parameters, [&](const mortise_value* values) {
      return apply<Columns...>(values, use, std::index_sequence_for<Columns...>());
    });
  }
  // All rows: for (const auto& [id, name] : session.query<std::int64_t, std::string>("SELECT id, name FROM ...",
  // {{"user", user}}))
  template <class... Columns>
  std::vector<Row<Columns...>> query(std::string_view sql, Parameters parameters = {}) {
    std::vector<Row<Columns...>> rows;
    read<Columns...>(sql, parameters, [&](const mortise_value* values) {
      rows.push_back(row<Columns...>(values, std::index_sequence_for<Columns...>()));
      return true;
    });
    return rows;
  }
  // The untyped reader below the others: hands `take(context, values)` the `count` (at most 64) columns of each row,
  // read as `types`, until it returns false. The values live until the next row. rows.hpp reads entities with it.
  [[gnu::noinline]] void scan(std::string_view sql, Parameters parameters, const mortise_type* types, std::size_t count,
                              bool (*take)(void* context, const mortise_value* values), void* context) {
    constexpr std::size_t kMaxColumns = 64;
    mortise_value values[kMaxColumns];
    if (count == 0 || count > kMaxColumns) throw Error(Error::Kind::invalid, "scan() reads 1 to 64 columns");
    auto error = detail::noError();
    mortise_db_rows* rows = nullptr;
    detail::check(
        table_->query(session_, detail::str(sql), parameters.data(), parameters.size(), types, count, &rows, &error),
        error);
    const RowsCloser closer{table_, rows};
    for (;;) {
      const auto status = table_->next(rows, values, &error);
      if (status == MORTISE_NOT_FOUND) return;
      detail::check(status, error);
      if (!take(context, values)) return;
    }
  }
  // The first row, if there is one.
  template <class... Columns>
  std::optional<Row<Columns...>> queryOne(std::string_view sql, Parameters parameters = {}) {
    std::optional<Row<Columns...>> first;
    read<Columns...>(sql, parameters, [&](const mortise_value* values) {
      first.emplace(row<Columns...>(values, std::index_sequence_for<Columns...>()));
      return false;
    });
    return first;
  }

 private:
  struct RowsCloser {
    const mortise_db_v1* table;
    mortise_db_rows* rows;
    ~RowsCloser() { table->rows_close(rows); }
  };
  template <class... Columns, class Take>
  void read(std::string_view sql, Parameters parameters, Take&& take) {
    static constexpr std::size_t kCount = sizeof...(Columns);
    static_assert(kCount > 0, "name the column types: query<std::int64_t, std::string>(...)");
    static constexpr mortise_type kTypes[kCount] = {detail::Column<Columns>::kType...};
    auto error = detail::noError();
    mortise_db_rows* rows = nullptr;
    detail::check(
        table_->query(session_, detail::str(sql), parameters.data(), parameters.size(), kTypes, kCount, &rows, &error),
        error);
    const RowsCloser closer{table_, rows};
    mortise_value values[kCount];
    for (;;) {
      const auto status = table_->next(rows, values, &error);
      if (status == MORTISE_NOT_FOUND) return;
      detail::check(status, error);
      if (!take(static_cast<const mortise_value*>(values))) return;
    }
  }
  template <class... Columns, std::size_t... Index>
  static Row<Columns...> row(const mortise_value* values, std::index_sequence<Index...>) {
    return Row<Columns...>(detail::Column<Columns>::read(values[Index])...);
  }
  template <class... Columns, class Use, std::size_t... Index>
  static bool apply(const mortise_value* values, Use& use, std::index_sequence<Index...>) {
    if constexpr (std::is_convertible_v<std::invoke_result_t<Use&, Columns...>, bool>) {
      return use(detail::Column<Columns>::read(values[Index])...);
    } else {
      use(detail::Column<Columns>::read(values[Index])...);
      return true;
    }
  }

  // Whether running it all again can help; asked while an exception of this session is handled. A server of SDK 1.0
  // can't be asked: there, only an Error tells.
  bool lost() const noexcept {
    if (MORTISE_HAS(table_, mortise_db_v1, lost)) return table_->lost(session_) != 0;
    try {
      throw;
    } catch (const Error& error) {
      return error.kind() == Error::Kind::serialization;
    } catch (...) {
      return false;
    }
  }

  friend class sdk1::Transaction;
  friend struct detail::Attempts;
  const mortise_db_v1* table_;
  mortise_db_session* session_;
};

namespace detail {

// What the block of Db::transaction() takes, and what comes of it.
template <class Work>
using Block = std::conditional_t<std::is_invocable_v<Work&, Session&>, Session, Transaction>;
template <class Work>
using Outcome = std::invoke_result_t<Work&, Block<Work>&>;

// Before the next attempt: racers that wait equally long meet again. 1 to 2 ms, twice as much each time.
inline void pauseAfter(int attempt) noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long pause = (1'000'000 + now.tv_nsec % 1'000'000) << (attempt - 1);
  const timespec length{0, pause};
  nanosleep(&length, nullptr);
}

// Runs `work(session)` on a session that `open()` returns, and again on a new one, at most 5 times in all, when it lost
// a race. What takes part in a surrounding transaction is run once: who began that runs all of it again.
struct Attempts {
  template <class Open, class Work>
  static auto run(const Open& open, const Work& work) {
    constexpr int kMaxAttempts = 5;
    for (int attempt = 1;; ++attempt) {
      {
        auto session = open();  // closing it rolls back what was not committed
        try {
          return work(session);
        } catch (...) {
          if (attempt == kMaxAttempts || !session.lost()) throw;
        }
      }
      pauseAfter(attempt);  // without the connection
    }
  }
};

}  // namespace detail

}  // namespace db

// A write transaction that other interfaces take part in; what the block of Db::transaction() gets:
//   db_.transaction([&](Transaction& tx) {
//     invites_.in(tx).accept(invite.id, at);                           // a store of the module: see Db::in
//     orgs_.in(tx).addMember(invite.orgId, caller.userId, invite.role);
//     audit_.in(tx).record(request, "auth.invite_accepted", "invite:" + invite.id);
//     mail_.send(...);                                                 // waits for the commit
//   });
// All of it is committed, or nothing. in(tx) exists for Audit, Db, Identity, Jobs and Orgs; each call made so is atomic
// in itself: when it throws, its own changes are undone, and the block may catch that and go on.
// What the block asks for through Mail::send, Events::publish, Jobs::trigger, Blobs::remove and Objects::remove happens
// after the commit, in that order, and not at all when the transaction is rolled back. A call without in(tx) that would
// write to the database throws at once: it would wait for this transaction, or stay when this one is rolled back.
// Belongs to the thread of its block. [worker] [start]; every member throws db::Error.
class Transaction : public db::Session {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void begin() = delete;  // the block's, by Db::transaction()
  void commit() = delete;
  void rollback() = delete;  // throw out of the block

  // Stands in for the module's host in tables of interfaces that take part in transactions.
  mortise_host* host() const noexcept { return host_; }

  // Calls another module's interface in this transaction: what its provider does on this thread through its own Db,
  // Orgs, Identity, Audit and Jobs during `call` belongs to this transaction.
  //   tx.call([&] { return files_->remove(id); });
  template <class Call>
  decltype(auto) call(Call&& call) {
    auto error = db::detail::noError();
    db::detail::check(table_->enter(session_, &error), error);
    const struct Leave {
      const mortise_db_v1* table;
      mortise_db_session* session;
      ~Leave() { table->leave(session); }
    } leave{table_, session_};
    return std::forward<Call>(call)();
  }

  // Waits until no other transaction of this module holds `name` (1..200 bytes), and holds it to the end: for what
  // reads, decides and writes. Several names: always in the same order, or two transactions wait for each other and
  // one of them is run again.
  void lock(std::string_view name) {
    auto error = db::detail::noError();
    db::detail::check(table_->lock(session_, detail::str(name), &error), error);
  }

  // The number after the greatest one in `column`, 1 in an empty table; no other transaction that asks gets it. With
  // `where`, counted among the rows it names ("project_id = :project"). `table`, `column` and `where` are constants of
  // the program, never text from outside.
  std::int64_t nextNumber(std::string_view table, std::string_view column, std::string_view where = {},
                          db::Parameters parameters = {}) {
    std::string name(table);
    name.append(".").append(column);
    lock(name);
    std::string sql = "SELECT COALESCE(MAX(";
    sql.append(column).append("), 0) + 1 FROM ").append(table);
    if (!where.empty()) sql.append(" WHERE ").append(where);
    return queryOne<std::int64_t>(sql, parameters).value_or(1);
  }

 private:
  friend class Db;
  // Joins the transaction that `session` has begun.
  explicit Transaction(db::Session&& session) : db::Session(std::move(session)) {
    db::Session::begin();
    if (!MORTISE_HAS(table_, mortise_db_v1, lost))
      throw db::Error(db::Error::Kind::failed,
                      "this server is older than SDK 1.1, which transactions of several interfaces need");
    auto error = db::detail::noError();
    db::detail::check(table_->join(session_, &host_, &error), error);
  }

  mortise_host* host_ = nullptr;
};

namespace db {
using Transaction = sdk1::Transaction;
}

// The module's database. Portable SQL, named parameters (":id") only, SQL written as constants (statements are prepared
// once per connection and kept). [worker] and [start], never [loop]; every member throws db::Error.
//   auto jobs = db.query<std::string, std::optional<std::int64_t>>(
//       "SELECT id, next_at FROM scheduler_jobs WHERE owner = :owner", {{"owner", user}});
//   db.transaction([&](Transaction& tx) {
//     tx.execute(...);
//     tx.execute(...);
//   });
class Db {
 public:
  using Table = mortise_db_v1;
  using Session = db::Session;
  using Error = db::Error;
  static constexpr const char* kInterface = MORTISE_DB_V1;
  Db(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // A connection for several reads, and one that will change something. Waits at most the server's lease time.
  Session read() const { return open(0); }
  Session write() const { return open(1); }

  // One statement on a connection of its own. execute() is run again, at most 5 times in all, when it lost a race; the
  // others only read, which loses none.
  template <class... Columns>
  std::vector<db::Row<Columns...>> query(std::string_view sql, db::Parameters parameters = {}) const {
    return read().template query<Columns...>(sql, parameters);
  }
  template <class... Columns>
  std::optional<db::Row<Columns...>> queryOne(std::string_view sql, db::Parameters parameters = {}) const {
    return read().template queryOne<Columns...>(sql, parameters);
  }
  template <class... Columns, class Use>
  void each(std::string_view sql, db::Parameters parameters, Use&& use) const {
    read().template each<Columns...>(sql, parameters, std::forward<Use>(use));
  }
  std::int64_t execute(std::string_view sql, db::Parameters parameters = {}) const {
    return db::detail::Attempts::run([this] { return write(); },
                                     [&](Session& session) { return session.execute(sql, parameters); });
  }

  // Runs `work(tx)` in one write transaction: commits when it returns (and hands on what it returned), rolls back when
  // it throws. `work` takes a Transaction&, in which other interfaces take part, or a db::Session&, in which only this
  // module's own statements do; the latter also where it would take both. It is run again, at most 5 times in all, when
  // the transaction lost a race: it must have no other effects than those that wait for the commit (Transaction).
  template <class Work>
  auto transaction(Work&& work) const -> db::detail::Outcome<Work> {
    using Block = db::detail::Block<Work>;
    static_assert(std::is_same_v<Block, Session> || MORTISE_MODULE_MINOR >= 1,
                  "transactions that other interfaces take part in came with SDK 1.1: write `sdk: 1.1` in module.yaml");
    return db::detail::Attempts::run([this] { return begun<Block>(); },
                                     [&](Block& block) -> db::detail::Outcome<Work> {
                                       Session& session = block;
                                       if constexpr (std::is_void_v<db::detail::Outcome<Work>>) {
                                         work(block);
                                         session.commit();
                                       } else {
                                         auto result = work(block);
                                         session.commit();
                                         return result;
                                       }
                                     });
  }

  // The same database inside `tx`: reads see what the block wrote, writes are part of it, transaction() is a savepoint.
  // A lost race there repeats the block of `tx`.
  // A store that holds a Db follows with one line:
  //   Invites in(const Transaction& tx) const { return Invites(db_.in(tx)); }
  Db in(const Transaction& tx) const noexcept { return Db(tx.host(), table_); }

  // For the rare statement that has no portable form.
  bool isSqlite() const noexcept { return table_->backend(host_) == 's'; }
  bool isPostgresql() const noexcept { return table_->backend(host_) == 'p'; }

 private:
  // A session in a transaction, for the block that takes it.
  template <class Block>
  Block begun() const {
    if constexpr (std::is_same_v<Block, Session>) {
      auto session = write();
      session.begin();
      return session;
    } else {
      return Block(write());
    }
  }

  Session open(std::int32_t write) const {
    auto error = detail::noError();
    mortise_db_session* session = nullptr;
    db::detail::check(table_->open(host_, write, &session, &error), error);
    return Session(table_, session);
  }

  mortise_host* host_;
  const Table* table_;
};

inline Db Host::db() const { return need<Db>(); }

}  // namespace mortise::inline sdk1
