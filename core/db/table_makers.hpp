// Which module made a table or view: mortise_tables(name, owner). The beginning of a name does not tell: auth_sign_ups
// may be of auth, or of auth_sign.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"

namespace mortise::db {

// What a script of one owner may touch. For one transaction, which excludes every other migrating process.
class TableMakers {
 public:
  // Makes mortise_tables where it is missing, and gives what is there to the owner with the longest name that it begins
  // with. True: it was missing; commit before a script runs, so that the script's use of the table shows.
  static bool prepare(Connection& connection, Backend backend);

  // Looks before the script runs.
  TableMakers(Connection& connection, Backend backend, std::string_view owner);
  // The same after it ran.
  void lookAgain();
  // Why the owner may not touch what has this name, as Connection::executeScriptNaming() tells it; empty: it may.
  std::string objection(std::string_view name) const;
  // Notes what the script made and removed.
  void note();

 private:
  bool begins(std::string_view name) const { return name.starts_with(prefix_); }

  Connection& connection_;
  const Backend backend_;
  const std::string owner_, prefix_;
  std::map<std::string, std::string, std::less<>> makers_;  // by name, of those that begin with prefix_
  std::vector<std::string> longer_;                         // beginnings of other owners' names that begin with prefix_
  std::set<std::string, std::less<>> before_, after_;
};

}  // namespace mortise::db
