#include "json_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <mortise/characters.hpp>

#include <algorithm>
#include <vector>

namespace agent {
namespace {

using rapidjson::Value;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string_view nameOf(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

// No deeper than what parseJson() lets in.
void writeOrdered(const Value& value, Writer& writer) {
  if (value.IsArray()) {
    writer.StartArray();
    for (const auto& element : value.GetArray()) writeOrdered(element, writer);
    writer.EndArray();
    return;
  }
  if (!value.IsObject()) {
    value.Accept(writer);
    return;
  }
  std::vector<Value::ConstMemberIterator> members;
  for (auto at = value.MemberBegin(); at != value.MemberEnd(); ++at) members.push_back(at);
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return nameOf(a->name) < nameOf(b->name); });
  writer.StartObject();
  for (const auto& member : members) {
    writer.Key(member->name.GetString(), member->name.GetStringLength());
    writeOrdered(member->value, writer);
  }
  writer.EndObject();
}

}  // namespace

std::string toOrderedJsonText(const Value& value) {
  rapidjson::StringBuffer out;
  Writer writer(out);
  writeOrdered(value, writer);
  return {out.GetString(), out.GetSize()};
}

std::string textMember(const Value& object, std::string_view name) {
  return std::string(mortise::models::textMember(object, name));
}

bool boolMember(const Value& object, std::string_view name, bool fallback) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsBool() ? member->GetBool() : fallback;
}

std::string cleanText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = mortise::firstCodePoint(text);
    if (character.size == 0 || character.value == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    out.append(text.substr(0, character.size));
    text.remove_prefix(character.size);
  }
  return out;
}

}  // namespace agent
