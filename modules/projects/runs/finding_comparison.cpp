#include "runs/finding_comparison.hpp"

#include <mortise/ascii.hpp>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <tuple>
#include <utility>

namespace projects {
namespace {

using rapidjson::Value;

std::string written(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

// The first of these members that says something: a text as it is, a number as it is written.
std::string firstOf(const Value& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto member = object.FindMember(name);
    if (member == object.MemberEnd()) continue;
    if (member->value.IsString() && member->value.GetStringLength() > 0)
      return {member->value.GetString(), member->value.GetStringLength()};
    if (member->value.IsNumber()) return written(member->value);
  }
  return {};
}

using Key = std::tuple<std::string, std::string, std::string>;
Key keyOf(const Finding& finding) { return {finding.rule, finding.file, finding.line}; }

void keep(std::vector<std::string>& list, const Finding& finding, bool& truncated) {
  if (list.size() < kMaxCompared) {
    list.push_back(finding.json);
  } else {
    truncated = true;
  }
}

}  // namespace

std::vector<Finding> findingsOf(std::string_view json) {
  std::vector<Finding> out;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsArray()) return out;
  for (const auto& each : document.GetArray()) {
    if (!each.IsObject()) continue;
    Finding finding;
    finding.rule = firstOf(each, {"rule", "title"});
    finding.file = firstOf(each, {"file", "path"});
    finding.line = firstOf(each, {"line"});
    finding.severity = mortise::asciiLowerCase(firstOf(each, {"severity"}));
    if (finding.severity.empty()) finding.severity = "none";
    finding.json = written(each);
    out.push_back(std::move(finding));
  }
  return out;
}

FindingComparison compareFindings(const std::vector<Finding>& a, const std::vector<Finding>& b) {
  FindingComparison out;
  std::map<Key, std::int64_t> left;  // of A, not matched yet
  for (const auto& each : a) {
    ++out.severityCountsA[each.severity];
    ++left[keyOf(each)];
  }
  for (const auto& each : b) {
    ++out.severityCountsB[each.severity];
    const auto match = left.find(keyOf(each));
    if (match != left.end() && match->second > 0) {
      --match->second;
      keep(out.unchanged, each, out.truncated);
    } else {
      keep(out.added, each, out.truncated);
    }
  }
  // Of several that are the same thing the first ones of A are those that B has.
  std::map<Key, std::int64_t> matched;
  for (const auto& each : a) ++matched[keyOf(each)];
  for (const auto& [key, count] : left) matched[key] -= count;
  for (const auto& each : a) {
    if (--matched[keyOf(each)] < 0) keep(out.removed, each, out.truncated);
  }
  return out;
}

}  // namespace projects
