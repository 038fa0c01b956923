// Whether tools of high risk need the user's consent: one setting for the whole platform.
#pragma once

#include <mortise/db.hpp>

#include <string>
#include <string_view>

namespace skills {

// Every function throws db::Error. [worker]
class PolicyStore {
 public:
  explicit PolicyStore(mortise::Db db) : db_(db) {}
  // "off" until somebody set one.
  std::string mode() const;
  // Returns the mode before. `mode` is one that the contract knows.
  std::string setMode(std::string_view mode, std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace skills
