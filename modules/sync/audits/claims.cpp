#include "audits/claims.hpp"

#include <mortise/ascii.hpp>
#include <mortise/paging.hpp>

#include <algorithm>
#include <initializer_list>

#include "utf8.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kMinText = 10;
constexpr std::size_t kMinSentence = 15;
constexpr std::size_t kMaxClaim = 600;
constexpr std::size_t kMaxClaims = 20;

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// One of the words stands in `text` (lower case) as a word of its own.
bool hasWord(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      const auto end = at + word.size();
      if ((at == 0 || !isLetter(text[at - 1])) && (end == text.size() || !isLetter(text[end]))) return true;
    }
    return false;
  });
}

bool hasPart(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

// Something like src/a.cpp or a.cpp.
bool namesFile(std::string_view text) {
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    const bool joins = text[i] == '/' || text[i] == '.';
    if (joins && text[i - 1] > ' ' && isLetter(text[i + 1])) return true;
  }
  return false;
}

// Ends at a line break, and behind a full stop, ! or ? with a blank behind it.
std::vector<std::string_view> sentencesOf(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool stops = (c == '.' || c == '!' || c == '?') && (i + 1 == text.size() || text[i + 1] <= ' ');
    const bool isWide =
        text.substr(i).starts_with("。") || text.substr(i).starts_with("！") || text.substr(i).starts_with("？");
    if (c != '\n' && !stops && !isWide) continue;
    const auto end = c == '\n' ? i : i + (isWide ? 3 : 1);
    out.push_back(mortise::trimmed(text.substr(start, end - start)));
    start = end + (c == '\n' ? 1 : 0);
    if (isWide) i += 2;
  }
  out.push_back(mortise::trimmed(text.substr(std::min(start, text.size()))));
  std::erase_if(out, [](std::string_view sentence) { return sentence.empty(); });
  return out;
}

}  // namespace

bool isAssertion(std::string_view sentence) {
  if (sentence.size() < kMinSentence || sentence.ends_with('?')) return false;
  const auto text = mortise::asciiLowerCase(sentence);
  const bool changed = hasWord(text, {"created", "wrote", "written", "updated", "modified", "edited", "added",
                                      "removed", "deleted", "renamed", "moved", "replaced", "saved", "generated"});
  if (changed && (namesFile(text) || hasWord(text, {"file", "files", "directory", "folder", "module", "function",
                                                    "class", "method", "test", "tests", "import", "dependency"})))
    return true;
  if (hasWord(text, {"test", "tests", "suite", "spec", "specs"}) &&
      hasWord(text, {"pass", "passes", "passed", "passing", "fail", "fails", "failed", "failing", "green"}))
    return true;
  if (hasWord(text, {"ran", "executed", "installed", "built", "compiled", "deployed", "committed", "pushed"}))
    return true;
  if (hasWord(text, {"command", "output", "build", "exit"}) &&
      hasWord(text, {"succeeded", "succeeds", "failed", "returned", "returns", "shows", "showed", "prints", "printed",
                     "code", "completed"}))
    return true;
  if (hasWord(text, {"fixed", "implemented", "refactored", "resolved", "introduced", "handles", "returns"}) &&
      (namesFile(text) || hasWord(text, {"bug", "function", "method", "class", "error", "issue", "code", "endpoint",
                                         "exception", "race", "leak"})))
    return true;
  return hasPart(text,
                 {"已创建", "已修改", "已更新", "已删除", "测试通过", "测试全部通过", "已修复", "执行成功", "已安装"});
}

std::vector<std::string> ClaimFinder::take(const TranscriptMessage& message) {
  std::vector<std::string> out;
  const bool answersTools = afterTools_;
  if (!message.outcomes.empty()) {
    afterTools_ = true;
  } else if (!message.text.empty() || !message.uses.empty()) {
    afterTools_ = false;
  }
  if (message.role != "assistant") return out;
  const auto text = mortise::trimmed(message.text);
  if (answersTools && text.size() >= kMinText) {
    out.push_back(utf8::storable(text, kMaxClaim));
    return out;
  }
  for (const auto sentence : sentencesOf(text)) {
    if (out.size() >= kMaxClaims) break;
    if (isAssertion(sentence)) out.push_back(utf8::storable(sentence, kMaxClaim));
  }
  return out;
}

}  // namespace session_sharing
