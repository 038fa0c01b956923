#include "archives/smart_title.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>

namespace session_sharing {
namespace {

constexpr std::size_t kMinLength = 3;
constexpr std::size_t kMinSentence = 10;
constexpr std::size_t kMinCut = kMaxSmartTitle / 2;  // a word is cut rather than half of the title
constexpr std::size_t kLookedAt = 1000;
constexpr std::string_view kFence = "```";
constexpr std::string_view kRule = "---";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

// What begins with one of these was written by a program, or is a part of something longer.
constexpr std::string_view kUnusable[] = {"<",   "#",        "[",          "(",        kFence,
                                          kRule, "You are ", "IMPORTANT:", "WARNING:", "Note:"};
constexpr std::string_view kPersonaLoad = "load persona";

bool loadsPersona(std::string_view text) {
  const bool begins = mortise::asciiLowerCase(text.substr(0, kPersonaLoad.size())) == kPersonaLoad;
  return begins && (text.size() == kPersonaLoad.size() || text[kPersonaLoad.size()] == ' ');
}

std::string_view firstSentence(std::string_view text) {
  for (auto at = text.find_first_of(".!?"); at != std::string_view::npos; at = text.find_first_of(".!?", at + 1)) {
    if (mortise::characterCount(text.substr(0, at + 1)) >= kMinSentence) return text.substr(0, at + 1);
  }
  return text;
}

}  // namespace

bool isUsableTitle(std::string_view text) {
  text = mortise::withoutSpaceAround(text);
  if (mortise::characterCount(text) < kMinLength || loadsPersona(text)) return false;
  return std::none_of(std::begin(kUnusable), std::end(kUnusable),
                      [&](std::string_view beginning) { return text.starts_with(beginning); });
}

std::optional<std::string_view> firstUsableLine(std::string_view message) {
  bool inFence = false;
  bool inFrontMatter = false;
  bool isFirst = true;
  while (!message.empty()) {
    const auto end = std::min(message.find('\n'), message.size());
    const auto line = mortise::withoutSpaceAround(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.empty()) continue;
    const bool opensFrontMatter = isFirst && line == kRule;
    isFirst = false;
    if (inFrontMatter) {
      inFrontMatter = line != kRule;
    } else if (opensFrontMatter) {
      inFrontMatter = true;
    } else if (line.starts_with(kFence)) {
      inFence = !inFence;
    } else if (!inFence && isUsableTitle(line)) {
      return line;
    }
  }
  return std::nullopt;
}

std::string cutTitle(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  const auto title = firstSentence(mortise::withoutSpaceAround(line));
  if (mortise::characterCount(title) <= kMaxSmartTitle) return std::string(title);
  const auto cut = mortise::firstCharacters(title, kMaxSmartTitle);
  auto beginning = std::string_view(cut);
  const auto word = beginning.substr(0, beginning.rfind(' '));
  if (mortise::characterCount(word) > kMinCut) beginning = word;
  return std::string(mortise::withoutSpaceAround(beginning)).append(kEllipsis);
}

std::string smartTitle(std::string_view manifestTitle, std::string_view line, std::int64_t messageCount,
                       const std::function<std::string(std::string_view)>& withoutSecrets) {
  const auto chosen = mortise::firstCharacters(isUsableTitle(manifestTitle) ? manifestTitle : line, kLookedAt);
  // Before the cut: no pattern knows half a secret.
  if (auto title = cutTitle(withoutSecrets(chosen)); !title.empty()) return title;
  if (messageCount <= 0) return "Untitled session";
  return "Untitled session (" + std::to_string(messageCount) + " messages)";
}

}  // namespace session_sharing
