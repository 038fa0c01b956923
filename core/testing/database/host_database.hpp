// The kernel's half of TestDatabase: a database with a module's migrations, and a host that serves it. Its types are
// those of C and the standard library only, because the SDK and the kernel both have a namespace mortise::db.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mortise/abi/db.h"
#include "mortise/abi/module.h"

namespace mortise::testing {

// A statement that went through db/1.
using StatementListener = std::function<void(mortise_str, const mortise_db_parameter*, std::size_t)>;

class HostDatabase {
 public:
  virtual ~HostDatabase() = default;
  // See TestDatabase.
  static std::unique_ptr<HostDatabase> open(bool isPostgresql, const std::string& module,
                                            const std::string& migrations);
  static bool hasPostgresql();

  virtual mortise_host* host() = 0;
  // The host's db/1, which also reports each statement to the listener.
  virtual const mortise_db_v1* table() = 0;
  virtual void run(const std::string& sql) = 0;
  virtual void analyze() = 0;

  // One listener for the process; null: none. Called on the thread of the statement, one call at a time.
  static void listen(StatementListener listener);
};

}  // namespace mortise::testing
