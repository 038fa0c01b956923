#include "core/db/joined_transaction.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include "core/db/after_commit.hpp"
#include "core/db/transaction_boundary.hpp"
#include "core/ops/log.hpp"

namespace mortise::db {
namespace {

struct ThreadState {
  std::shared_ptr<JoinedTransaction> open;
  std::size_t scopes = 0;  // of `open`
};

thread_local ThreadState threadState;

// Runs one of several steps; an exception does not stop the others.
void runLogged(const char* what, const std::function<void()>& work) noexcept {
  if (!work) return;
  try {
    work();
  } catch (const std::exception& error) {
    log::error(what, {{"reason", error.what()}});
  } catch (...) {
    log::error(what, {{"reason", "not a std::exception"}});
  }
}

}  // namespace

// A connection inside the transaction: statements go to the root connection, a transaction is a savepoint.
class JoinedConnection final : public Connection {
 public:
  explicit JoinedConnection(std::shared_ptr<JoinedTransaction> transaction) : transaction_(std::move(transaction)) {}
  ~JoinedConnection() override {
    runLogged("a savepoint could not be rolled back", [&] {
      if (!transaction_->ended()) rollback();
    });
  }

  std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                              std::span<const ColumnType> columns) override {
    auto& connection = root();
    if (sql.starts_with("SELECT ")) return connection.query(sql, parameters, columns);
    return atomically([&] { return connection.query(sql, parameters, columns); });
  }
  std::int64_t execute(std::string_view sql, const Parameters& parameters) override {
    auto& connection = root();
    return atomically([&] { return connection.execute(sql, parameters); });
  }
  void executeScript(std::string_view sql) override { root().executeScript(sql); }
  std::set<std::string> executeScriptNaming(std::string_view sql) override { return root().executeScriptNaming(sql); }

  void begin() override {
    auto& connection = root();
    if (savepoint_ != 0) throw Error(ErrorKind::syntax, "a transaction is open already on this session");
    if (connection.lost())
      throw Error(ErrorKind::serialization, "the surrounding transaction lost a race; run it again");
    const auto number = transaction_->nextSavepoint_++;
    connection.executeScript("SAVEPOINT " + name(number));
    savepoint_ = number;
    effects_ = transaction_->effects_.size();
    transaction_->savepoints_.push_back(number);
  }

  void commit() override {
    auto& connection = root();
    if (savepoint_ == 0) throw Error(ErrorKind::other, "nothing to commit: no transaction is open on this session");
    if (transaction_->savepoints_.empty() || transaction_->savepoints_.back() != savepoint_)
      throw Error(ErrorKind::syntax, "a transaction inside this one is still open");
    connection.executeScript("RELEASE SAVEPOINT " + name(savepoint_));
    transaction_->savepoints_.pop_back();
    savepoint_ = 0;
  }

  // Also rolls back savepoints inside this one.
  void rollback() override {
    auto& connection = root();
    const auto number = std::exchange(savepoint_, 0);
    auto& open = transaction_->savepoints_;
    const auto at = std::find(open.begin(), open.end(), number);
    if (number == 0 || at == open.end()) return;
    open.erase(at, open.end());
    try {
      connection.executeScript("ROLLBACK TO SAVEPOINT " + name(number));
      connection.executeScript("RELEASE SAVEPOINT " + name(number));
    } catch (...) {
      transaction_->drop(effects_);
      throw;
    }
    transaction_->drop(effects_);
  }

  std::shared_ptr<JoinedTransaction> join() override {
    root();
    if (savepoint_ == 0) throw Error(ErrorKind::syntax, "begin a transaction before it is joined");
    return transaction_;
  }
  void lock(std::string_view name) override { root().lock(name); }
  bool lost() const override { return false; }  // the owner of the outermost transaction runs it again

 private:
  // A failed statement must leave the surrounding transaction unchanged; SQLite guarantees that by itself.
  template <typename Work>
  std::invoke_result_t<Work&> atomically(Work work) {
    if (savepoint_ != 0 || transaction_->database_.backend() == Backend::sqlite) return work();
    begin();
    try {
      auto result = work();
      commit();
      return result;
    } catch (...) {
      rollback();
      throw;
    }
  }
  static std::string name(std::uint64_t number) { return "mortise_" + std::to_string(number); }
  Connection& root() const {
    transaction_->requireUsable();
    return transaction_->root_;
  }

  const std::shared_ptr<JoinedTransaction> transaction_;
  std::uint64_t savepoint_ = 0;  // 0: none
  std::size_t effects_ = 0;      // number of effects before the savepoint
};

std::shared_ptr<JoinedTransaction> JoinedTransaction::open(Database& database, Connection& root) {
  if (ofThisThread() != nullptr)
    throw Error(ErrorKind::syntax, "this thread has a joined transaction already; end it before the next one");
  const std::shared_ptr<JoinedTransaction> opened(new JoinedTransaction(database, root));
  threadState = {opened, 0};
  return opened;
}

std::shared_ptr<JoinedTransaction> JoinedTransaction::ofThisThread() {
  auto& state = threadState;
  if (state.open != nullptr && state.open->ended()) state = {};
  return state.open;
}

std::shared_ptr<JoinedTransaction> JoinedTransaction::ofThisThread(const Database& database) {
  auto open = ofThisThread();
  if (open == nullptr || &open->database_ != &database) return nullptr;
  return open;
}

bool JoinedTransaction::takesPart() { return threadState.scopes > 0; }

void JoinedTransaction::requireUsable() const {
  if (ended()) throw Error(ErrorKind::other, "the joined transaction has ended");
  if (!onItsThread()) throw Error(ErrorKind::other, "a joined transaction is used on the thread that began it only");
}

std::unique_ptr<Connection> JoinedTransaction::connection() {
  return std::make_unique<JoinedConnection>(shared_from_this());
}

void JoinedTransaction::requireNoSavepoint() const {
  if (!savepoints_.empty()) throw Error(ErrorKind::syntax, "a transaction inside this one is still open");
}

void JoinedTransaction::end() noexcept {
  ended_.store(true);
  if (threadState.open.get() == this) threadState = {};
}

void JoinedTransaction::committed() noexcept {
  const auto self = shared_from_this();
  end();
  const auto effects = std::exchange(effects_, {});
  for (const auto& effect : effects) runLogged("what waited for a commit failed", effect.work);
}

void JoinedTransaction::rolledBack() noexcept {
  const auto self = shared_from_this();
  end();
  drop(0);
}

void JoinedTransaction::drop(std::size_t from) noexcept {
  // Removed from the list first, because a dropped effect may add others.
  std::list<Effect> dropped;
  if (from < effects_.size())
    dropped.splice(dropped.end(), effects_, std::next(effects_.begin(), static_cast<std::ptrdiff_t>(from)),
                   effects_.end());
  for (const auto& effect : dropped) runLogged("dropping what waited for a commit failed", effect.dropped);
}

void afterCommit(std::function<void()> work, std::function<void()> dropped) {
  const auto open = JoinedTransaction::ofThisThread();
  if (open == nullptr) {
    work();
    return;
  }
  open->effects_.push_back({std::move(work), std::move(dropped)});
}

bool waitsForCommit() { return JoinedTransaction::ofThisThread() != nullptr; }

void enterJoined(const JoinedTransaction& transaction) {
  transaction.requireUsable();
  ++threadState.scopes;
}

void leaveJoined() noexcept {
  if (threadState.scopes > 0) --threadState.scopes;
}

JoinScope::JoinScope(const JoinedTransaction* transaction) : counts_(transaction != nullptr) {
  if (counts_) enterJoined(*transaction);
}

JoinScope::~JoinScope() {
  if (counts_) leaveJoined();
}

TransactionBoundary::TransactionBoundary(const char* where) noexcept
    : where_(where),
      outer_(std::exchange(threadState.open, nullptr)),
      outerScopes_(std::exchange(threadState.scopes, 0)) {}

TransactionBoundary::~TransactionBoundary() {
  if (const auto left = JoinedTransaction::ofThisThread(); left != nullptr) {
    runLogged("rolling back a transaction that was left open failed", [&] {
      log::error("a transaction was left open and is rolled back", {{"where", where_}});
      left->rollback();
    });
  }
  threadState = {std::move(outer_), outerScopes_};
}

}  // namespace mortise::db
