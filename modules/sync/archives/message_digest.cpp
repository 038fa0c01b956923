#include "archives/message_digest.hpp"

#include <rapidjson/document.h>

#include "archives/message_content.hpp"
#include "archives/smart_title.hpp"
#include "archives/untrusted_json.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxSearchText = std::size_t{100} << 10;
constexpr std::size_t kMaxResult = 500;      // characters
constexpr std::size_t kMaxTitleLine = 1000;  // characters
// What a tool call is about, where it runs no command.
constexpr const char* kSubjects[] = {"command", "file_path", "path", "pattern", "query", "url"};

bool isKind(const Value& block, std::string_view kind) { return textMember(block, "type") == kind; }

// The text of a message without what its tools gave.
std::string writtenText(const Value& content) {
  if (!content.IsArray()) return contentText(&content);
  std::string out;
  for (const auto& block : content.GetArray()) {
    const auto text = block.IsString() ? textOf(block) : isKind(block, "text") ? textMember(block, "text") : "";
    if (text.empty()) continue;
    out.append(out.empty() ? "" : "\n").append(text);
  }
  return out;
}

std::string callText(const Value& block) {
  std::string out = "[";
  out.append(textMember(block, "name")).append("]");
  const auto* input = memberOf(block, "input");
  if (input == nullptr) return out;
  for (const auto* subject : kSubjects) {
    const auto text = textMember(*input, subject);
    if (!text.empty()) return out.append(" ").append(text);
  }
  return out;
}

}  // namespace

void MessageDigest::addText(std::string_view text) {
  if (text.empty() || isFull_) return;
  if (!searchText_.empty()) searchText_ += '\n';
  const auto stored = utf8::storable(text.substr(0, kMaxSearchText), kMaxSearchText);
  for (std::size_t at = 0; at < stored.size();) {
    const auto size = utf8::characterAt(stored, at);
    if (searchText_.size() + size > kMaxSearchText) {
      isFull_ = true;
      return;
    }
    searchText_.append(stored, at, size);
    at += size;
  }
}

bool MessageDigest::add(MemberLine& line) {
  rapidjson::Document message;
  if (line.text.empty() || !parseInPlace(line.text, message) || !message.IsObject()) return true;
  const auto* content = memberOf(message, "content");
  if (content == nullptr) return true;
  const auto role = textMember(message, "role");
  if (titleLine_.empty() && role == "user" && !isTrueMember(message, "is_sidechain")) {
    const auto text = writtenText(*content);
    if (const auto usable = firstUsableLine(text)) titleLine_ = utf8::storable(*usable, kMaxTitleLine);
  }
  if (!content->IsArray()) {
    addText(role == "tool" ? utf8::storable(contentText(content), kMaxResult) : contentText(content));
    return titleLine_.empty() || !isFull_;
  }
  for (const auto& block : content->GetArray()) {
    if (block.IsString()) addText(textOf(block));
    if (isKind(block, "text")) addText(textMember(block, "text"));
    if (isKind(block, "tool_use")) addText(callText(block));
    const auto* result = memberOf(block, "content");
    if (isKind(block, "tool_result") && result != nullptr) addText(utf8::storable(contentText(result), kMaxResult));
  }
  return titleLine_.empty() || !isFull_;
}

}  // namespace session_sharing
