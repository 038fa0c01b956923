#include "core/db/session.hpp"

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

  // `row`: the statement has run and its first row stands in the columns.
  ResultRows(LeasedSession& session, PreparedStatement& statement, bool row)
      : session_(&session), statement_(&statement), pending_(row) {
    statement.reading = true;
    try {
      if (statement.writes) readWhole();
      session.open_.push_back(this);
    } catch (...) {
      finish();
      throw;
    }
  }

  ~ResultRows() override {
    if (!session_) return;
    session_->closed(this);
    finish();
  }

  // The session ends first: whatever the caller still does with these rows is an error, not a crash.
  void detach() {
    finish();
    session_ = nullptr;
  }

  bool next() override {
    if (!session_) throw Error(ErrorKind::syntax, "the session of this result has ended");
    if (whole_) {
      if (begun_ && !rows_.empty()) rows_.pop_front();
      begun_ = true;
      current_ = rows_.empty() ? nullptr : &rows_.front();
      return current_ != nullptr;
    }
    if (!begun_) {
      begun_ = true;
    } else if (pending_) {
      pending_ = session_->step([&](Connection& connection) { return connection.fetch(*statement_); });
    }
    current_ = pending_ ? &statement_->columns() : nullptr;
    return pending_;
  }

  std::size_t columns() const override { return session_ ? statement_->columns().size() : 0; }
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
    if (!session_ || !current_) throw Error(ErrorKind::syntax, "no row is current: call next() first");
    if (column >= current_->size())
      throw Error(ErrorKind::syntax, "column " + std::to_string(column) + " does not exist");
    return (*current_)[column];
  }

  // INSERT ... RETURNING: an error at its end must reach the caller even if only the first row is read.
  void readWhole() {
    whole_ = true;
    while (pending_) {
      rows_.push_back(statement_->columns());
      pending_ = session_->step([&](Connection& connection) { return connection.fetch(*statement_); });
    }
  }

  void finish() {
    statement_->reading = false;
    session_->connection_->reset(*statement_);
    current_ = nullptr;
  }

  LeasedSession* session_;
  PreparedStatement* statement_;
  const std::vector<Column>* current_ = nullptr;
  std::deque<std::vector<Column>> rows_;
  bool whole_ = false;
  bool begun_ = false;
  bool pending_;
};

LeasedSession::~LeasedSession() {
  release();
  if (joined_ != nullptr && !joined_->ended()) joined_->rolledBack();
}

void LeasedSession::release() noexcept {
  if (connection_ == nullptr) return;
  for (ResultRows* rows : open_) rows->detach();
  open_.clear();
  bool usable = true;
  try {
    connection_->rollback();
    usable = connection_->alive();
  } catch (const std::exception& error) {
    log::warning("a database connection is thrown away: rolling back failed", {{"reason", error.what()}});
    usable = false;
  }
  if (began_) pool_.notice(false);
  connection_ = nullptr;
  pool_.release(access_, slot_, usable);
}

void LeasedSession::closed(ResultRows* rows) { open_.erase(std::find(open_.begin(), open_.end(), rows)); }

Connection& LeasedSession::connection() {
  if (joined_ != nullptr) joined_->requireUsable();
  if (connection_ == nullptr) throw Error(ErrorKind::other, "the session was released");
  if (began_) pool_.notice(true);
  return *connection_;
}

std::unique_ptr<Rows> LeasedSession::query(std::string_view sql, const Parameters& parameters,
                                           std::span<const ColumnType> columns) {
  if (columns.empty()) throw Error(ErrorKind::syntax, "a query states the types of its columns");
  return step([&](Connection& connection) {
    PreparedStatement& statement = connection.prepared(sql, parameters, columns);
    const bool row = connection.run(statement);
    return std::make_unique<ResultRows>(*this, statement, row);
  });
}

std::int64_t LeasedSession::execute(std::string_view sql, const Parameters& parameters) {
  return step([&](Connection& connection) {
    PreparedStatement& statement = connection.prepared(sql, parameters, {});
    connection.run(statement);
    const std::int64_t changed = connection.changed(statement);
    connection.reset(statement);
    return changed;
  });
}

void LeasedSession::executeScript(std::string_view sql) {
  step([&](Connection& connection) { connection.script(sql); });
}

void LeasedSession::begin() {
  lost_ = false;
  step([&](Connection& connection) { connection.begin(access_); });
  if (access_ == Access::write) {
    began_ = true;
    pool_.notice(true);
  }
}

void LeasedSession::commit() {
  if (joined_ != nullptr) joined_->requireNoSavepoint();
  step([&](Connection& connection) { connection.commit(); });
  if (std::exchange(began_, false)) pool_.notice(false);
  if (joined_ == nullptr) return;
  release();  // first: what waited for the commit may want the writer
  joined_->committed();
}

void LeasedSession::rollback() {
  if (joined_ != nullptr) {
    if (joined_->ended()) return;
    release();
    joined_->rolledBack();
    return;
  }
  step([&](Connection& connection) { connection.rollback(); });
  if (std::exchange(began_, false)) pool_.notice(false);
}

void LeasedSession::lock(std::string_view name) {
  if (access_ != Access::write || !connection().inTransaction())
    throw Error(ErrorKind::syntax, "begin a transaction on a session that writes before it locks");
  if (pool_.database().backend() == Backend::sqlite) return;
  static constexpr ColumnType kColumns[] = {ColumnType::text};
  query("SELECT CAST(pg_advisory_xact_lock(hashtextextended(:name, 0)) AS TEXT)", {{"name", std::string(name)}},
        kColumns);
}

std::shared_ptr<JoinedTransaction> LeasedSession::join() {
  if (joined_ != nullptr) {
    joined_->requireUsable();
    return joined_;
  }
  if (access_ != Access::write || !connection().inTransaction())
    throw Error(ErrorKind::syntax, "begin a transaction on a session that writes before it is joined");
  joined_ = JoinedTransaction::open(pool_.database(), *this);
  return joined_;
}

}  // namespace mortise::db
