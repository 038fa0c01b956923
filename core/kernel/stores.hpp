// What is opened before anything runs, and all that the user commands need: secrets, database, accounts, audit.
#pragma once

#include <memory>

#include "core/db/database.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/plan.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::kernel {

struct Stores {
  // Makes the data directory if there is none. Throws StartError.
  static std::unique_ptr<Stores> open(const Plan& plan);

  explicit Stores(const Plan& plan);
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  services::Secrets secrets;
  std::unique_ptr<db::Database> database;
  identity::Identity identity;
  services::Audit audit;
};

}  // namespace mortise::kernel
