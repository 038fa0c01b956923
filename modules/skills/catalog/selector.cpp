#include "catalog/selector.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "text/tokens.hpp"

namespace skills {

Selector::Selector(const std::vector<const std::vector<std::string>*>& tokensOfSkills) : count_(tokensOfSkills.size()) {
  for (std::size_t skill = 0; skill < count_; ++skill) {
    for (const auto& token : *tokensOfSkills[skill]) skillsByToken_[token].push_back(static_cast<std::uint32_t>(skill));
  }
}

std::vector<Selector::Choice> Selector::select(std::string_view message, const std::vector<std::size_t>& pool,
                                               std::size_t most) const {
  std::vector<std::uint32_t> scores(count_);
  std::unordered_set<std::string> seen;
  eachToken(message, [&](std::string_view token) {
    const auto entry = skillsByToken_.find(token);
    if (entry == skillsByToken_.end() || !seen.emplace(token).second) return;
    for (const auto skill : entry->second) ++scores[skill];
  });
  std::vector<Choice> choices;
  choices.reserve(pool.size());
  for (const auto skill : pool) choices.push_back({skill, scores.at(skill)});
  std::stable_sort(choices.begin(), choices.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  choices.resize(std::min(choices.size(), most));
  return choices;
}

}  // namespace skills
