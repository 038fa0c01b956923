// One transaction that several callers write in: a module, the kernel's services on its behalf, another module's
// interface.
//
// A transaction becomes a joined one by Session::join(), on the thread that began it, and stays bound to that thread.
// From then until it ends:
//   - While a JoinScope lives on the thread, Database::lease() and Database::transaction() work inside the joined
//     transaction: the services take part without knowing of it. A transaction inside is a savepoint, so a call that
//     is refused leaves nothing behind, and the caller may go on.
//   - Without a JoinScope, Database::lease(Access::write) on the thread throws: on SQLite it would wait for itself, on
//     PostgreSQL it would commit without the rest. Reading sees what was committed before.
//   - afterCommit() waits for the commit.
// When it ends its connection returns to the pool at once; whatever still refers to it gets errors.
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
  // For Session::join(): binds the transaction that is open on `root` to the calling thread. Throws Error when the
  // thread has a joined transaction already.
  static std::shared_ptr<JoinedTransaction> open(Database& database, Session& root);

  // Of the calling thread; nullptr when it has none.
  static std::shared_ptr<JoinedTransaction> ofThisThread();
  // The same, if it is one of `database`.
  static std::shared_ptr<JoinedTransaction> ofThisThread(const Database& database);
  // True while a JoinScope lives on the calling thread.
  static bool takesPart();

  bool ended() const { return ended_.load(); }
  bool onItsThread() const { return std::this_thread::get_id() == thread_; }
  // Throws Error when the transaction has ended, or belongs to another thread.
  void requireUsable() const;
  // True when a statement of it lost a race: it must be run again from its beginning.
  bool lost() const { return !ended() && root_.lost(); }

  // A session whose statements run in this transaction; its begin() makes a savepoint, its destructor goes back to it.
  std::unique_ptr<Session> session();
  // Only root's owner: rolls back, drops what waits, gives the connection back.
  void rollback() { root_.rollback(); }

  // For the root session, after its connection was released: the transaction has ended. Runs what waited. Never
  // throws.
  void committed() noexcept;
  void rolledBack() noexcept;
  // Throws Error while a transaction inside this one goes on.
  void requireNoSavepoint() const;

 private:
  friend class JoinedSession;
  friend void afterCommit(std::function<void()> work, std::function<void()> dropped);

  struct Effect {
    std::function<void()> work;
    std::function<void()> dropped;
  };

  JoinedTransaction(Database& database, Session& root) : database_(database), root_(root) {}
  void end() noexcept;
  void drop(std::size_t from) noexcept;

  Database& database_;
  Session& root_;  // not touched after the end
  const std::thread::id thread_ = std::this_thread::get_id();
  std::atomic<bool> ended_{false};  // the kernel may take a session back on another thread
  std::list<Effect> effects_;
  std::vector<std::uint64_t> savepoints_;  // open ones, the innermost last
  std::uint64_t nextSavepoint_ = 1;
};

// While it lives, work of this thread on the transaction's database takes part in the transaction. The transaction is
// one of this thread (requireUsable); a null pointer changes nothing.
class JoinScope {
 public:
  explicit JoinScope(const JoinedTransaction* transaction);
  ~JoinScope();
  JoinScope(const JoinScope&) = delete;
  JoinScope& operator=(const JoinScope&) = delete;

 private:
  const bool counts_;
};

// The same over two calls, for callers that can't keep an object: leave() once for each enter().
void enterJoined(const JoinedTransaction& transaction);
void leaveJoined() noexcept;

}  // namespace mortise::db
