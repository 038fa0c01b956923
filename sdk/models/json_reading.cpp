#include "json_reading.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "mortise/characters.hpp"
#include "mortise/json_depth.hpp"

namespace mortise::inline sdk1::models {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

}  // namespace

bool parseJson(std::string_view text, rapidjson::Document& into) {
  return isShallowJson(text, kMaxDepth) && !into.Parse<kFlags>(text.data(), text.size()).HasParseError();
}

std::string toText(const rapidjson::Value& value) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

const rapidjson::Value* memberOf(const rapidjson::Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto member = object.FindMember(rapidjson::Value(rapidjson::StringRef(name.data(), name.size())));
  return member == object.MemberEnd() ? nullptr : &member->value;
}

const rapidjson::Value* objectMember(const rapidjson::Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsObject() ? member : nullptr;
}

const rapidjson::Value* listMember(const rapidjson::Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsArray() ? member : nullptr;
}

std::string_view textMember(const rapidjson::Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  if (member == nullptr || !member->IsString()) return {};
  return {member->GetString(), member->GetStringLength()};
}

std::int64_t integerMember(const rapidjson::Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member != nullptr && member->IsInt64() ? member->GetInt64() : 0;
}

std::int64_t tokensMember(const rapidjson::Value& object, std::string_view name) {
  return std::clamp<std::int64_t>(integerMember(object, name), 0, 1'000'000'000);
}

std::string validUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto size = firstCodePoint(text.substr(at)).size;
    if (size == 0) {
      out.append("\xEF\xBF\xBD");
      ++at;
    } else {
      out.append(text, at, size);
      at += size;
    }
  }
  return out;
}

std::string objectOrEmpty(std::string_view text) {
  rapidjson::Document parsed;
  return parseJson(text, parsed) && parsed.IsObject() ? toText(parsed) : "{}";
}

}  // namespace mortise::inline sdk1::models
