// How many tokens the tasks of a user took today, in UTC.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <string_view>

namespace agent {

// [worker]
class TokenBudget {
 public:
  // `most`: 0 = no limit; what is taken is counted all the same.
  TokenBudget(mortise::Db db, std::int64_t most) : db_(db), most_(most) {}

  void take(std::string_view userId, std::int64_t tokens) const;
  // Problem 429 agent_tokens_used with the time until the next day.
  void require(std::string_view userId) const;
  std::int64_t today(std::string_view userId) const;
  void forget(std::string_view userId) const;
  void forgetOld() const;  // days that are over

 private:
  mortise::Db db_;
  std::int64_t most_;
};

}  // namespace agent
