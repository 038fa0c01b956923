#include "policy/command_rules.hpp"

#include <algorithm>
#include <utility>

#include "text/ascii.hpp"

namespace skills {
namespace {

bool isWordByte(char c) { return ascii::isAlphanumeric(c) || c == '_'; }

bool beginsWord(std::string_view text, std::size_t at) { return at == 0 || !isWordByte(text[at - 1]); }
bool endsWord(std::string_view text, std::size_t end) { return end == text.size() || !isWordByte(text[end]); }

bool hasWord(std::string_view text, std::string_view word, bool wholeEnd) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (beginsWord(text, at) && (!wholeEnd || endsWord(text, at + word.size()))) return true;
  }
  return false;
}

std::size_t afterBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && ascii::isBlank(text[at])) ++at;
  return at;
}

// "rm" and "-rf" as words, blanks between them.
bool hasRecursiveRemoval(std::string_view text) {
  constexpr std::string_view kFlags = "-rf";
  for (auto at = text.find("rm"); at != std::string_view::npos; at = text.find("rm", at + 1)) {
    const auto flags = afterBlanks(text, at + 2);
    if (!beginsWord(text, at) || flags == at + 2 || text.substr(flags, kFlags.size()) != kFlags) continue;
    if (endsWord(text, flags + kFlags.size())) return true;
  }
  return false;
}

// ":(){" with blanks anywhere between.
bool hasForkBomb(std::string_view text) {
  constexpr std::string_view kBomb = ":(){";
  for (std::size_t start = text.find(':'); start != std::string_view::npos; start = text.find(':', start + 1)) {
    std::size_t at = start;
    std::size_t matched = 0;
    while (matched < kBomb.size() && at < text.size() && text[at] == kBomb[matched]) {
      ++matched;
      at = afterBlanks(text, at + 1);
    }
    if (matched == kBomb.size()) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string_view> refusedAtInstall(std::string_view command) {
  const auto text = ascii::lower(command);
  if (hasRecursiveRemoval(text)) return "rm -rf";
  if (hasForkBomb(text)) return ":(){";
  if (hasWord(text, "mkfs.", false)) return "mkfs.";
  if (hasWord(text, "shutdown", true)) return "shutdown";
  if (hasWord(text, "reboot", true)) return "reboot";
  return std::nullopt;
}

CommandRules::CommandRules(std::vector<std::string> blocked) : blocked_(std::move(blocked)) {
  // An empty entry is contained in everything.
  blocked_.erase(std::remove_if(blocked_.begin(), blocked_.end(), [](const auto& entry) { return entry.empty(); }),
                 blocked_.end());
  for (const auto& entry : blocked_) lowered_.push_back(ascii::lower(entry));
}

std::optional<std::string_view> CommandRules::refusedAtRun(std::string_view command) const {
  const auto text = ascii::lower(command);
  for (std::size_t i = 0; i < lowered_.size(); ++i) {
    if (text.find(lowered_[i]) != std::string::npos) return blocked_[i];
  }
  return std::nullopt;
}

}  // namespace skills
