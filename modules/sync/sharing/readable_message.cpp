#include "sharing/readable_message.hpp"

#include <mortise/text.hpp>

#include <utility>

#include "archives/untrusted_json.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using Kind = ReadableBlock::Kind;

constexpr std::size_t kMaxRole = 50;
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxBlocks = 1000;  // of one message

std::string_view typeOf(Kind kind) {
  switch (kind) {
    case Kind::toolCall:
      return "tool_use";
    case Kind::toolResult:
      return "tool_result";
    case Kind::text:
      break;
  }
  return "text";
}

class Reader {
 public:
  Reader(std::size_t mostPerBlock, ReadableMessage& into) : most_(mostPerBlock), into_(into) {}

  // `kind`: of the texts that stand in it. `isResult`: it is what a result holds; results do not nest.
  void readContent(const rapidjson::Value& content, Kind kind, bool isResult = false) {
    if (content.IsString()) return add(kind, {}, textOf(content));
    if (!content.IsArray()) return;
    for (const auto& block : content.GetArray()) readBlock(block, kind, isResult);
  }

 private:
  void readBlock(const rapidjson::Value& block, Kind kind, bool isResult) {
    if (block.IsString()) return add(kind, {}, textOf(block));
    if (!block.IsObject()) return;
    const auto type = textMember(block, "type");
    if (type == "text" || type.empty()) {
      add(kind, {}, textMember(block, "text"));
    } else if (type == "tool_use") {
      const auto* input = memberOf(block, "input");
      add(Kind::toolCall, textMember(block, "name"), input != nullptr ? jsonTextOf(*input) : std::string());
    } else if (type == "tool_result" && !isResult) {
      if (const auto* content = memberOf(block, "content")) readContent(*content, Kind::toolResult, true);
    }
  }
  void add(Kind kind, std::string_view name, std::string_view text) {
    if (into_.blocks.size() >= kMaxBlocks) return;
    ReadableBlock block{kind, utf8::storable(name, kMaxName), utf8::storable(text, most_)};
    if (!block.text.empty() || kind == Kind::toolCall) into_.blocks.push_back(std::move(block));
  }

  std::size_t most_;
  ReadableMessage& into_;
};

}  // namespace

bool readForPeople(std::string& line, std::size_t mostPerBlock, ReadableMessage& into) {
  into = {};
  rapidjson::Document document;
  if (line.empty() || !parseInPlace(line, document) || !document.IsObject()) return false;
  if (isTrueMember(document, "is_sidechain")) return false;
  into.role = utf8::storable(textMember(document, "role"), kMaxRole);
  into.timestamp = utf8::storable(textMember(document, "timestamp"), kMaxRole);
  const auto* content = memberOf(document, "content");
  if (content == nullptr) return false;
  Reader(mostPerBlock, into).readContent(*content, into.role == "tool" ? Kind::toolResult : Kind::text);
  return !into.blocks.empty();
}

std::string textOf(const ReadableMessage& message) {
  std::string text;
  for (const auto& block : message.blocks) {
    if (block.kind != Kind::text) continue;
    if (!text.empty()) text += '\n';
    text += block.text;
  }
  return text;
}

void mortiseAppendJson(std::string& out, const ReadableMessage& message) {
  const auto content = json::list(message.blocks, [](const ReadableBlock& block) {
    json::Object shown;
    shown.add("type", typeOf(block.kind)).add("text", block.text);
    if (block.kind == Kind::toolCall) shown.add("name", block.name);
    return shown.build();
  });
  out += json::object({{"role", message.role}, {"timestamp", mortise::orNull(message.timestamp)}, {"content", content}})
             .text();
}

}  // namespace session_sharing
