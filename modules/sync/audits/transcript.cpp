#include "audits/transcript.hpp"

#include <rapidjson/document.h>

#include <array>
#include <utility>

#include "archives/message_content.hpp"
#include "archives/untrusted_json.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxText = 20000;
constexpr std::size_t kMaxOfTool = 2000;
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxTools = 50;
// The input's member that says what a tool was pointed at, the first that is there.
constexpr std::array<const char*, 6> kTargets = {"command", "file_path", "path", "filename", "pattern", "url"};

std::string idOf(const Value& block) { return utf8::storable(toolCallId(block), kMaxName); }

std::string targetOf(const Value& block) {
  const auto* input = memberOf(block, "input");
  if (input == nullptr) return {};
  for (const auto* name : kTargets) {
    if (const auto text = textMember(*input, name); !text.empty()) return utf8::storable(text, kMaxOfTool);
  }
  return utf8::storable(jsonTextOf(*input), kMaxOfTool);
}

ToolOutcome outcomeOf(const Value& block, const Value* content) {
  ToolOutcome out;
  out.id = idOf(block);
  out.text = utf8::storable(contentText(content), kMaxOfTool);
  out.isError = isTrueMember(block, "is_error");
  out.exitCode = numberMember(block, "exit_code");
  return out;
}

void addBlock(const Value& block, TranscriptMessage& into) {
  const auto type = textMember(block, "type");
  if (type == "tool_use") {
    if (into.uses.size() < kMaxTools)
      into.uses.push_back({idOf(block), utf8::storable(textMember(block, "name"), kMaxName), targetOf(block)});
  } else if (type == "tool_result") {
    const auto* content = memberOf(block, "content");
    if (content == nullptr) content = memberOf(block, "output");
    if (into.outcomes.size() < kMaxTools) into.outcomes.push_back(outcomeOf(block, content));
  } else if (type == "text" || block.IsString()) {
    const auto text = block.IsString() ? textOf(block) : textMember(block, "text");
    if (into.text.size() < 4 * kMaxText) into.text.append(into.text.empty() ? "" : "\n").append(text);
  }
}

}  // namespace

std::optional<TranscriptMessage> readMessage(MemberLine& line) {
  rapidjson::Document message;
  if (line.text.empty() || !parseInPlace(line.text, message) || !message.IsObject()) return std::nullopt;
  if (isTrueMember(message, "is_sidechain")) return std::nullopt;
  const auto* content = memberOf(message, "content");
  if (content == nullptr) return std::nullopt;
  TranscriptMessage out;
  out.index = line.number;
  out.role = utf8::storable(textMember(message, "role"), kMaxName);
  if (content->IsArray()) {
    for (const auto& block : content->GetArray()) addBlock(block, out);
  } else if (content->IsString()) {
    out.text = textOf(*content);
  }
  // A message of a tool is its result, unless its blocks say so themselves.
  if (out.role == "tool" && out.outcomes.empty()) {
    out.outcomes.push_back(outcomeOf(message, content));
    out.text.clear();
  }
  out.text = utf8::storable(out.text, kMaxText);
  if (out.text.empty() && out.uses.empty() && out.outcomes.empty()) return std::nullopt;
  return out;
}

}  // namespace session_sharing
