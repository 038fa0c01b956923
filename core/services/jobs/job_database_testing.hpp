// A database with the tables of the job engine. For tests and measurements.
#pragma once

#include <memory>
#include <string>

#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

inline std::unique_ptr<db::Database> openJobDatabase(const std::string& url) {
  // Of the kernel's migrations before them, the jobs need this table only.
  constexpr const char* kLocks = "CREATE TABLE mortise_locks (name TEXT NOT NULL PRIMARY KEY, taken BIGINT NOT NULL);";
  db::Options options;
  options.url = url;
  auto database = db::Database::open(options);
  db::migrate(*database, "kernel",
              {{1, "001_locks.sql", kLocks},
               {5, "005_jobs.sql", std::string(JobStore::migrationSql())},
               {6, "006_job_reports.sql", std::string(JobStore::reportsMigrationSql())},
               {7, "007_lists.sql", std::string(JobStore::listsMigrationSql())}});
  return database;
}

}  // namespace mortise::services
