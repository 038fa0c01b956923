#include "knowledge/session_findings.hpp"

#include <mortise/characters.hpp>

#include "knowledge/context_document.hpp"
#include "knowledge/parsed_json.hpp"

namespace projects {
namespace {

constexpr std::size_t kMaxOfEach = 50, kMaxCharacters = 2000;

std::int64_t numberOf(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member != object.MemberEnd() && member->value.IsInt64() ? member->value.GetInt64() : 0;
}

}  // namespace

std::vector<SessionFinding> sessionFindings(std::string_view summary, std::int64_t leastMessages) {
  std::vector<SessionFinding> out;
  const auto parsed = parsedJson(summary);
  if (!parsed || !parsed->IsObject() || numberOf(*parsed, "message_count") < leastMessages) return out;
  const auto add = [&](const char* list, EntryType type, double confidence, std::string_view before) {
    for (const auto& text : textsOf(*parsed, list, kMaxOfEach)) {
      const auto line = factText(mortise::firstCharacters(text, kMaxCharacters));
      if (!line.empty()) out.push_back({type, confidence, std::string(before) + line});
    }
  };
  add("files_modified", EntryType::pattern, 0.3, "File created/modified: ");
  if (const auto failed = numberOf(*parsed, "tests_failed"); failed > 0) {
    out.push_back({EntryType::bug, 0.7,
                   "Tests were failing at the end of the session: " + std::to_string(failed) + " of " +
                       std::to_string(numberOf(*parsed, "tests_run"))});
  }
  add("packages_installed", EntryType::dependency, 0.9, "Package installed: ");
  add("key_decisions", EntryType::decision, 0.8, "");
  add("open_issues", EntryType::bug, 0.7, "");
  return out;
}

}  // namespace projects
