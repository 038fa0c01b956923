#include "archives/message_content.hpp"

#include "archives/untrusted_json.hpp"

namespace session_sharing {

std::string contentText(const rapidjson::Value* content) {
  std::string out;
  if (content == nullptr) return out;
  if (content->IsString()) return std::string(textOf(*content));
  if (!content->IsArray()) return out;
  for (const auto& block : content->GetArray()) {
    const auto text = block.IsString() ? textOf(block) : textMember(block, "text");
    if (text.empty()) continue;
    out.append(out.empty() ? "" : "\n").append(text);
  }
  return out;
}

std::string_view toolCallId(const rapidjson::Value& object) {
  const auto id = textMember(object, "tool_use_id");
  return id.empty() ? textMember(object, "id") : id;
}

}  // namespace session_sharing
