#include "core/db/leased_connection.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/ops/log.hpp"

namespace mortise::db {
namespace {

Error wrongType(std::size_t column, const char* asked) {
  return Error(ErrorKind::syntax, "column " + std::to_string(column) + " was not declared as " + asked);
}

}  // namespace

class ResultRows final : public Rows {
 public:
  using Column = PreparedStatement::Column;

  // `row`: the statement has run and the columns hold its first row.
  ResultRows(LeasedConnection& connection, PreparedStatement& statement, bool row)
      : connection_(&connection), statement_(&statement), pending_(row) {
    statement.reading = true;
    try {
      if (statement.writes) readWhole();
      connection.open_.push_back(this);
    } catch (...) {
      finish();
      throw;
    }
  }

  ~ResultRows() override {
    if (!connection_) return;
    connection_->closed(this);
    finish();
  }

  // The connection ends first: a later use of these rows is an error, not a crash.
  void detach() {
    finish();
    connection_ = nullptr;
  }

  bool next() override {
    if (!connection_) throw Error(ErrorKind::syntax, "the session of this result has ended");
    if (whole_) {
      if (begun_ && !rows_.empty()) rows_.pop_front();
      begun_ = true;
      current_ = rows_.empty() ? nullptr : &rows_.front();
      return current_ != nullptr;
    }
    if (!begun_) {
      begun_ = true;
    } else if (pending_) {
      pending_ = connection_->step([&](DriverConnection& driver) { return driver.fetch(*statement_); });
    }
    current_ = pending_ ? &statement_->columns() : nullptr;
    return pending_;
  }

  std::size_t columns() const override { return connection_ ? statement_->columns().size() : 0; }
  bool isNull(std::size_t column) const override { return at(column).indicator != soci::i_ok; }

  std::int64_t integer(std::size_t column) const override {
    const Column& one = at(column);
    if (one.type != ColumnType::integer) throw wrongType(column, "integer");
    return one.indicator == soci::i_ok ? one.integer : 0;
  }
  double real(std::size_t column) const override {
    const Column& one = at(column);
    if (one.type != ColumnType::real) throw wrongType(column, "real");
    return one.indicator == soci::i_ok ? one.real : 0;
  }
  std::string_view text(std::size_t column) const override {
    const Column& one = at(column);
    if (one.type != ColumnType::text) throw wrongType(column, "text");
    return one.indicator == soci::i_ok ? std::string_view(one.text) : std::string_view();
  }

 private:
  const Column& at(std::size_t column) const {
    if (!connection_ || !current_) throw Error(ErrorKind::syntax, "no row is current: call next() first");
    if (column >= current_->size())
      throw Error(ErrorKind::syntax, "column " + std::to_string(column) + " does not exist");
    return (*current_)[column];
  }

  // INSERT ... RETURNING: an error at its end must reach the caller even if the caller reads only the first row.
  void readWhole() {
    whole_ = true;
    while (pending_) {
      rows_.push_back(statement_->columns());
      pending_ = connection_->step([&](DriverConnection& driver) { return driver.fetch(*statement_); });
    }
  }

  void finish() {
    statement_->reading = false;
    connection_->driver_->reset(*statement_);
    current_ = nullptr;
  }

  LeasedConnection* connection_;
  PreparedStatement* statement_;
  const std::vector<Column>* current_ = nullptr;
  std::deque<std::vector<Column>> rows_;
  bool whole_ = false;
  bool begun_ = false;
  bool pending_;
};

LeasedConnection::~LeasedConnection() {
  release();
  if (joined_ != nullptr && !joined_->ended()) joined_->rolledBack();
}

void LeasedConnection::release() noexcept {
  if (driver_ == nullptr) return;
  for (ResultRows* rows : open_) rows->detach();
  open_.clear();
  bool usable = true;
  try {
    driver_->rollback();
    usable = driver_->alive();
  } catch (const std::exception& error) {
    log::warning("a database connection is thrown away: rolling back failed", {{"reason", error.what()}});
    usable = false;
  }
  if (began_) pool_.notice(false);
  driver_ = nullptr;
  pool_.release(access_, slot_, usable);
}

void LeasedConnection::closed(ResultRows* rows) { open_.erase(std::find(open_.begin(), open_.end(), rows)); }

DriverConnection& LeasedConnection::driver() {
  if (joined_ != nullptr) joined_->requireUsable();
  if (driver_ == nullptr) throw Error(ErrorKind::other, "the session was released");
  if (began_) pool_.notice(true);
  return *driver_;
}

std::unique_ptr<Rows> LeasedConnection::query(std::string_view sql, const Parameters& parameters,
                                              std::span<const ColumnType> columns) {
  if (columns.empty()) throw Error(ErrorKind::syntax, "a query states the types of its columns");
  return step([&](DriverConnection& driver) {
    PreparedStatement& statement = driver.prepared(sql, parameters, columns);
    const bool row = driver.run(statement);
    return std::make_unique<ResultRows>(*this, statement, row);
  });
}

std::int64_t LeasedConnection::execute(std::string_view sql, const Parameters& parameters) {
  return step([&](DriverConnection& driver) {
    PreparedStatement& statement = driver.prepared(sql, parameters, {});
    driver.run(statement);
    const std::int64_t changed = driver.changed(statement);
    driver.reset(statement);
    return changed;
  });
}

void LeasedConnection::executeScript(std::string_view sql) {
  step([&](DriverConnection& driver) { driver.script(sql); });
}

std::set<std::string> LeasedConnection::executeScriptNaming(std::string_view sql) {
  return step([&](DriverConnection& driver) { return driver.scriptNaming(sql); });
}

void LeasedConnection::begin() {
  lost_ = false;
  step([&](DriverConnection& driver) { driver.begin(access_); });
  if (access_ == Access::write) {
    began_ = true;
    pool_.notice(true);
  }
}

void LeasedConnection::commit() {
  if (joined_ != nullptr) joined_->requireNoSavepoint();
  step([&](DriverConnection& driver) { driver.commit(); });
  if (std::exchange(began_, false)) pool_.notice(false);
  if (joined_ == nullptr) return;
  release();  // first, because deferred work may need the writer
  joined_->committed();
}

void LeasedConnection::rollback() {
  if (joined_ != nullptr) {
    if (joined_->ended()) return;
    release();
    joined_->rolledBack();
    return;
  }
  step([&](DriverConnection& driver) { driver.rollback(); });
  if (std::exchange(began_, false)) pool_.notice(false);
}

void LeasedConnection::lock(std::string_view name) {
  if (access_ != Access::write || !driver().inTransaction())
    throw Error(ErrorKind::syntax, "begin a transaction on a session that writes before it locks");
  if (pool_.database().backend() == Backend::sqlite) return;
  static constexpr ColumnType kColumns[] = {ColumnType::text};
  query("SELECT CAST(pg_advisory_xact_lock(hashtextextended(:name, 0)) AS TEXT)", {{"name", std::string(name)}},
        kColumns);
}

std::shared_ptr<JoinedTransaction> LeasedConnection::join() {
  if (joined_ != nullptr) {
    joined_->requireUsable();
    return joined_;
  }
  if (access_ != Access::write || !driver().inTransaction())
    throw Error(ErrorKind::syntax, "begin a transaction on a session that writes before it is joined");
  joined_ = JoinedTransaction::open(pool_.database(), *this);
  return joined_;
}

}  // namespace mortise::db
