#include "conversations/token_budget.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

namespace agent {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kKeptDays = 31;

std::int64_t seconds() { return mortise::nowMicros() / 1'000'000; }

}  // namespace

void TokenBudget::take(std::string_view userId, std::int64_t tokens) const {
  if (userId.empty() || tokens <= 0) return;
  db_.execute(
      "INSERT INTO agent_token_days (user_id, day, tokens) VALUES (:user, :day, :tokens) ON CONFLICT (user_id, day) DO "
      "UPDATE SET tokens = agent_token_days.tokens + excluded.tokens",
      {{"user", userId}, {"day", seconds() / kDay}, {"tokens", tokens}});
}

std::int64_t TokenBudget::today(std::string_view userId) const {
  return db_
      .queryOne<std::int64_t>("SELECT tokens FROM agent_token_days WHERE user_id = :user AND day = :day",
                              {{"user", userId}, {"day", seconds() / kDay}})
      .value_or(0);
}

void TokenBudget::require(std::string_view userId) const {
  if (most_ == 0 || userId.empty() || today(userId) < most_) return;
  const auto left = static_cast<int>(kDay - seconds() % kDay);
  throw mortise::Problem(429, "agent_tokens_used").with("seconds", left).retryAfter(left);
}

void TokenBudget::forget(std::string_view userId) const {
  db_.execute("DELETE FROM agent_token_days WHERE user_id = :user", {{"user", userId}});
}

void TokenBudget::forgetOld() const {
  db_.execute("DELETE FROM agent_token_days WHERE day < :day", {{"day", seconds() / kDay - kKeptDays}});
}

}  // namespace agent
