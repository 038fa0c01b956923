// Which skills fit a message best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace skills {

inline constexpr std::size_t kMaxSelected = 12;

// Made once from the tokens of all skills (sorted, each once per skill), which must outlive it. Immutable; thread-safe.
class Selector {
 public:
  explicit Selector(const std::vector<const std::vector<std::string>*>& tokensOfSkills);

  struct Choice {
    std::size_t skill = 0;    // its place in what the selector was made from
    std::uint32_t score = 0;  // different tokens that it shares with the message
  };
  // At most `most` of `pool` (places of skills), best first; equal scores keep the pool's order, and zero scores fill
  // up.
  std::vector<Choice> select(std::string_view message, const std::vector<std::size_t>& pool,
                             std::size_t most = kMaxSelected) const;

 private:
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> skillsByToken_;
  std::size_t count_;
};

}  // namespace skills
