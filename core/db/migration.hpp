#pragma once

#include <string>

namespace mortise::db {

// One numbered migration file of an owner.
struct Migration {
  int number = 0;    // from the file name: 001_jobs.sql -> 1
  std::string name;  // 001_jobs.sql
  std::string sql;   // text; "-- mortise:sqlite" / "-- mortise:postgresql" / "-- mortise:all" lines start a section for
                     // one backend
};

}  // namespace mortise::db
