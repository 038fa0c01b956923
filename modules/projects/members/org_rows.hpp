// Of which organisations this module keeps something: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// [worker]; throws db::Error.
class OrgRows {
 public:
  explicit OrgRows(mortise::Db db) : db_(db) {}

  // Ids of organisations that have projects, groups, personas or trusted reviewers, or that something is paid for:
  // behind `after`, in order, at most `limit`.
  std::vector<std::string> ids(std::string_view after, std::size_t limit) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
