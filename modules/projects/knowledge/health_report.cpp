#include "knowledge/health_report.hpp"

#include <mortise/characters.hpp>

#include <algorithm>

#include "knowledge/entry_words.hpp"
#include "knowledge/word_overlap.hpp"

namespace projects {
namespace {

constexpr std::size_t kMaxWords = 200, kLookedFor = 3, kLongerThan = 4;
constexpr std::int64_t kManyPending = 1, kManyNotes = 10;

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace

std::vector<std::string> recommendations(const KnowledgeNumbers& numbers, bool isCompiled) {
  std::vector<std::string> out;
  if (numbers.total == 0) {
    out.emplace_back("Add entries, or push sessions of this project: it knows nothing yet");
    return out;
  }
  const auto waiting = numbers.pending + numbers.promotable;
  if (waiting >= kManyPending) out.push_back("Compile: " + counted(waiting, "claim waits", "claims wait"));
  if (!isCompiled && waiting == 0) out.emplace_back("Promote notes to claims, so that there is something to compile");
  if (numbers.liveNotes >= kManyNotes)
    out.push_back("Look through " + counted(numbers.liveNotes, "note", "notes") + ": some may be claims");
  if (numbers.stale > 0)
    out.push_back("Refresh or dismiss " +
                  counted(numbers.stale, "entry that nobody needed", "entries that nobody needed") + " for 90 days");
  if (numbers.lowConfidence > 0)
    out.push_back("Confirm or dismiss " +
                  counted(numbers.lowConfidence, "entry that is hardly believed", "entries that are hardly believed"));
  return out;
}

bool tellsNothingOf(std::string_view document, const std::vector<std::string>& texts) {
  const auto lower = folded(document);
  if (lower.find_first_not_of(" \t\r\n") == std::string::npos) return false;
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    std::size_t looked = 0;
    for (const auto& word : wordsIn(text, kMaxWords)) {
      if (mortise::characterCount(word) <= kLongerThan) continue;
      if (lower.find(word) != std::string::npos) return false;
      if (++looked == kLookedFor) break;
    }
    return looked > 0;
  });
}

}  // namespace projects
