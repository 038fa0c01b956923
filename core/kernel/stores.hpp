// The stores that user commands need and that open first: secrets, database, accounts, audit.
#pragma once

#include <memory>
#include <string>

#include "core/db/database.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/without_database.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::kernel {

// data.dir is for its owner alone (mode 0700), one that was there before, too: it holds the database and the secret.
// Throws StartError when it can't be made.
void makeDataDirectory(const std::string& directory);

struct Stores {
  // Makes what is missing: data directory, database, secret. With WithoutDatabase::refuse it makes nothing where there is
  // no database with the tables of the kernel. Throws StartError.
  static std::unique_ptr<Stores> open(const Plan& plan, WithoutDatabase without);

  Stores(const Plan& plan, WithoutDatabase without);
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  std::unique_ptr<db::Database> database;
  services::Secrets secrets;
  identity::Identity identity;
  services::Audit audit;
};

}  // namespace mortise::kernel
