// One transaction in which several callers write: a module, the kernel's services on its behalf, another module's
// interface.
//
// Connection::join() turns a transaction into a joined one, on the thread that began it; it stays bound to that thread.
// Until it ends:
//   - Inside a JoinScope, Database::lease() and Database::transaction() of this thread work inside the joined
//     transaction: the services take part without a parameter for it. A transaction inside is a savepoint, so a refused
//     call leaves nothing behind, and the caller may continue.
//   - Outside a JoinScope, Database::lease(Access::write) on the thread throws: on SQLite it would wait for itself, on
//     PostgreSQL it would commit separately. Reads see what was committed before.
//   - afterCommit() waits for the commit.
// When it ends, its connection returns to the pool at once; every later use of the transaction is an error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "core/db/database.hpp"

namespace mortise::db {

class JoinedTransaction : public std::enable_shared_from_this<JoinedTransaction> {
 public:
  // For Connection::join(): binds the open transaction of `root` to the calling thread. Throws Error when the thread
  // has a joined transaction already.
  static std::shared_ptr<JoinedTransaction> open(Database& database, Connection& root);

  // The calling thread's joined transaction; nullptr when it has none.
  static std::shared_ptr<JoinedTransaction> ofThisThread();
  // The same, if it belongs to `database`.
  static std::shared_ptr<JoinedTransaction> ofThisThread(const Database& database);
  // True inside a JoinScope of the calling thread.
  static bool takesPart();

  bool ended() const { return ended_.load(); }
  bool onItsThread() const { return std::this_thread::get_id() == thread_; }
  // Throws Error when the transaction has ended or belongs to another thread.
  void requireUsable() const;
  // True when one of its statements lost a race: run it again from its beginning.
  bool lost() const { return !ended() && root_.lost(); }

  // A connection whose statements run in this transaction; its begin() makes a savepoint, its destructor rolls back to
  // it.
  std::unique_ptr<Connection> connection();
  // Only for root's owner: rolls back, drops deferred work, returns the connection to the pool.
  void rollback() { root_.rollback(); }

  // For the root connection, after it was returned to the pool: the transaction has ended. Runs the deferred work.
  // Never throws.
  void committed() noexcept;
  void rolledBack() noexcept;
  // Throws Error while a savepoint inside this transaction is open.
  void requireNoSavepoint() const;

 private:
  friend class JoinedConnection;
  friend void afterCommit(std::function<void()> work, std::function<void()> dropped);

  struct Effect {
    std::function<void()> work;
    std::function<void()> dropped;
  };

  JoinedTransaction(Database& database, Connection& root) : database_(database), root_(root) {}
  void end() noexcept;
  void drop(std::size_t from) noexcept;

  Database& database_;
  Connection& root_;  // not touched after the end
  const std::thread::id thread_ = std::this_thread::get_id();
  std::atomic<bool> ended_{false};  // the kernel may end it on another thread
  std::list<Effect> effects_;
  std::vector<std::uint64_t> savepoints_;  // open ones, the innermost last
  std::uint64_t nextSavepoint_ = 1;
};

// While it exists, work of this thread on the transaction's database takes part in the transaction. The transaction
// must be usable on this thread (requireUsable); a null pointer changes nothing.
class JoinScope {
 public:
  explicit JoinScope(const JoinedTransaction* transaction);
  ~JoinScope();
  JoinScope(const JoinScope&) = delete;
  JoinScope& operator=(const JoinScope&) = delete;

 private:
  const bool counts_;
};

// The same with two calls, for callers that can't keep an object: leave() once for each enter().
void enterJoined(const JoinedTransaction& transaction);
void leaveJoined() noexcept;

}  // namespace mortise::db
