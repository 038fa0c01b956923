#include "summaries/session_facts.hpp"

#include <mortise/characters.hpp>
#include <mortise/paging.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <utility>

#include "archives/message_content.hpp"
#include "archives/untrusted_json.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kMaxFiles = 2000;
constexpr std::size_t kMaxPackages = 500;
constexpr std::size_t kMaxErrors = 5;
constexpr std::size_t kMaxPersonas = 100;
constexpr std::size_t kMaxPath = 1000;  // bytes
constexpr std::size_t kMaxWord = 200;   // bytes, of a package or persona
constexpr std::size_t kMinError = 16;   // characters
constexpr std::size_t kMaxError = 200;  // characters
constexpr std::size_t kMaxTime = 64;    // bytes
constexpr std::string_view kBlank = " \t\r\n\f\v";

template <std::size_t Size>
bool isOneOf(std::string_view word, const std::array<std::string_view, Size>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}
constexpr std::array<std::string_view, 2> kWriters{"Write", "Edit"};
constexpr std::array<std::string_view, 3> kReaders{"Read", "Glob", "Grep"};
constexpr std::array<std::string_view, 4> kShells{"Bash", "bash", "execute_command", "shell"};
constexpr std::array<std::string_view, 4> kErrorStarts{"Error:", "FAILED", "Traceback", "Exception:"};
constexpr std::array<const char*, 4> kPathMembers{"file_path", "path", "pattern", "filename"};

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// Calls use(line) for each line of a text.
template <class Use>
void eachTextLine(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The number in front of " passed" or " failed", the first there is.
std::optional<std::int64_t> countBefore(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    auto first = at;
    while (first > 0 && isDigit(text[first - 1]) && at - first < 9) --first;
    if (first == at) continue;
    std::int64_t number = 0;
    for (const char c : text.substr(first, at - first)) number = number * 10 + (c - '0');
    return number;
  }
  return std::nullopt;
}

std::string_view pathOf(const rapidjson::Value* input) {
  if (input == nullptr) return {};
  for (const char* name : kPathMembers) {
    const auto path = textMember(*input, name);
    if (path.find('/') != std::string_view::npos) return path;
  }
  return {};
}

}  // namespace

void FactCollector::Unique::add(std::string_view text) {
  if (text.empty() || text.size() > kMaxPath || list.size() >= kMaxFiles) return;
  auto entry = utf8::storable(text, text.size());
  if (known.insert(entry).second) list.push_back(std::move(entry));
}

void FactCollector::addPersona(std::string_view name) {
  name = mortise::trimmed(name);
  if (name.empty() || name.size() > kMaxWord || personas_.size() >= kMaxPersonas) return;
  personas_.insert(utf8::storable(name, name.size()));
}

void FactCollector::add(const rapidjson::Value& message) {
  if (!message.IsObject()) return;
  ++messages_;
  addPersona(textMember(message, "persona_name"));
  addTimestamp(textMember(message, "timestamp"));

  const auto* content = memberOf(message, "content");
  bool hasResult = false;
  if (content != nullptr && content->IsArray()) {
    for (const auto& block : content->GetArray()) {
      const auto type = textMember(block, "type");
      if (type == "tool_use") addUse(block);
      if (type != "tool_result") continue;
      hasResult = true;
      auto id = toolCallId(block);
      if (id.empty()) id = toolCallId(message);
      auto output = contentText(memberOf(block, "content"));
      if (output.empty()) output = contentText(memberOf(block, "output"));
      addResult(id, output);
    }
  }
  if (!hasResult && textMember(message, "role") == "tool")
    addResult(textMember(message, "tool_use_id"), contentText(content));
}

FactCollector::Call* FactCollector::callOf(std::string_view id) {
  if (id.empty()) {
    ++calls_;
    return nullptr;
  }
  const auto [entry, isNew] = known_.try_emplace(std::hash<std::string_view>()(id));
  if (isNew) ++calls_;
  return &entry->second;
}

void FactCollector::addUse(const rapidjson::Value& block) {
  const auto name = textMember(block, "name");
  const bool isShell = isOneOf(name, kShells);
  if (auto* call = callOf(toolCallId(block)); call != nullptr) {
    if (std::exchange(call->hasUse, true)) return;
    call->isShell = isShell;
  }
  const auto* input = memberOf(block, "input");
  if (isOneOf(name, kWriters)) modified_.add(pathOf(input));
  if (isOneOf(name, kReaders)) read_.add(pathOf(input));
  if (!isShell || input == nullptr) return;
  const auto command = textMember(*input, "command");
  if (mortise::trimmed(command).empty()) return;
  ++commands_;
  readPackages(command, "pip install");
  readPackages(command, "npm install");
}

void FactCollector::addResult(std::string_view id, const std::string& output) {
  auto* call = callOf(id);
  if (call != nullptr && std::exchange(call->hasResult, true)) return;
  if (call != nullptr && call->isShell) readTests(output);
  readErrors(output);
}

void FactCollector::addTimestamp(std::string_view text) {
  if (text.empty()) return;
  auto time = mortise::parseTime(text);
  if (!time) time = mortise::parseTime(std::string(text.substr(0, kMaxTime)) + "Z");  // without a zone: UTC
  if (!time) return;
  oldest_ = timestamps_ == 0 ? *time : std::min(oldest_, *time);
  newest_ = timestamps_ == 0 ? *time : std::max(newest_, *time);
  ++timestamps_;
}

void FactCollector::readTests(std::string_view output) {
  std::optional<std::int64_t> passed, failed;
  bool isTold = false;
  eachTextLine(output, [&](std::string_view line) {
    const auto at = line.find("Tests:");
    if (isTold || at == std::string_view::npos) return;
    passed = countBefore(line.substr(at), " passed");
    failed = countBefore(line.substr(at), " failed");
    isTold = passed || failed;
  });
  if (!isTold) {
    passed = countBefore(output, " passed");
    failed = countBefore(output, " failed");
  }
  passed_ += passed.value_or(0);
  failed_ += failed.value_or(0);
  eachTextLine(output, [&](std::string_view line) {
    const auto startsWith = [&](std::string_view word) {
      return line.size() > word.size() && line.substr(0, word.size()) == word &&
             (line[word.size()] == ' ' || line[word.size()] == '\t') &&
             !mortise::trimmed(line.substr(word.size())).empty();
    };
    if (startsWith("ok")) ++passed_;
    if (startsWith("FAIL")) ++failed_;
  });
}

void FactCollector::readErrors(std::string_view output) {
  eachTextLine(output, [&](std::string_view line) {
    auto start = line.size();
    for (const auto word : kErrorStarts) start = std::min(start, line.find(word));
    const auto text = mortise::firstCharacters(mortise::trimmed(line.substr(std::min(start, line.size()))), kMaxError);
    if (mortise::characterCount(text) < kMinError) return;
    errors_.insert(utf8::storable(text, text.size()));
    if (errors_.size() > kMaxErrors) errors_.erase(std::prev(errors_.end()));
  });
}

void FactCollector::readPackages(std::string_view command, std::string_view installer) {
  constexpr std::string_view kEnds = "\n;|&()";
  for (auto at = command.find(installer); at != std::string_view::npos; at = command.find(installer, at + 1)) {
    auto rest = command.substr(at + installer.size());
    rest = rest.substr(0, rest.find_first_of(kEnds));
    if (!rest.empty() && kBlank.find(rest.front()) == std::string_view::npos) continue;  // "pip installer"
    while (!(rest = mortise::trimmed(rest)).empty()) {
      const auto end = std::min(rest.find_first_of(kBlank), rest.size());
      auto word = rest.substr(0, end);
      rest.remove_prefix(end);
      if (word.front() == '<' || word.substr(isDigit(word.front()) ? 1 : 0, 1) == ">") break;  // where the output goes
      while (!word.empty() && (word.front() == '"' || word.front() == '\'')) word.remove_prefix(1);
      while (!word.empty() && (word.back() == '"' || word.back() == '\'')) word.remove_suffix(1);
      if (word.empty() || word.front() == '-' || word.size() > kMaxWord || packages_.size() >= kMaxPackages) continue;
      packages_.insert(utf8::storable(word, word.size()));
    }
  }
}

SessionFacts FactCollector::facts() const {
  SessionFacts out;
  if (timestamps_ > 1) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(newest_ - oldest_).count();
    out.durationMinutes = std::max<std::int64_t>(1, minutes);
  }
  out.toolCallCount = calls_;
  out.filesModified = modified_.list;
  std::copy_if(read_.list.begin(), read_.list.end(), std::back_inserter(out.filesRead),
               [&](const std::string& path) { return modified_.known.count(path) == 0; });
  out.commandsExecuted = commands_;
  out.testsPassed = passed_;
  out.testsFailed = failed_;
  out.testsRun = passed_ + failed_;
  out.packagesInstalled.assign(packages_.begin(), packages_.end());
  out.errorsEncountered.assign(errors_.begin(), errors_.end());
  out.personasActive.assign(personas_.begin(), personas_.end());
  return out;
}

}  // namespace session_sharing
