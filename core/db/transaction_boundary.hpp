// Keeps a joined transaction (joined_transaction.hpp) from outliving the code that opened it.
#pragma once

#include <cstddef>
#include <memory>

namespace mortise::db {

class JoinedTransaction;

// Surrounds code that may open a joined transaction and forget it: on entry the thread has none, and one that is open
// at the end is rolled back and logged. Then the thread's earlier transaction is restored.
class TransactionBoundary {
 public:
  // `where` names the code in the log and outlives this object.
  explicit TransactionBoundary(const char* where) noexcept;
  ~TransactionBoundary();
  TransactionBoundary(const TransactionBoundary&) = delete;
  TransactionBoundary& operator=(const TransactionBoundary&) = delete;

 private:
  const char* const where_;
  std::shared_ptr<JoinedTransaction> outer_;
  std::size_t outerScopes_;
};

}  // namespace mortise::db
