#include "text/json_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <mortise/json_depth.hpp>

namespace skills {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

}  // namespace

bool parseJson(std::string_view text, rapidjson::Document& into) {
  return mortise::isShallowJson(text, kMaxDepth) && !into.Parse<kFlags>(text.data(), text.size()).HasParseError();
}

bool parseJsonNumbersAsText(std::string_view text, rapidjson::Document& into) {
  constexpr unsigned kTexts = kFlags | rapidjson::kParseNumbersAsStringsFlag;
  return mortise::isShallowJson(text, kMaxDepth) && !into.Parse<kTexts>(text.data(), text.size()).HasParseError();
}

std::string toJsonText(const rapidjson::Value& value) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

const rapidjson::Value* memberOf(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::string_view textOf(const rapidjson::Value& value) {
  if (!value.IsString()) return {};
  return {value.GetString(), value.GetStringLength()};
}

std::string textMember(const rapidjson::Value& object, const char* name) {
  std::string out;
  readMember(object, name, out);
  return out;
}

void readMember(const rapidjson::Value& object, const char* name, std::string& into) {
  const auto* member = memberOf(object, name);
  if (member != nullptr && member->IsString()) into = textOf(*member);
}

void readMember(const rapidjson::Value& object, const char* name, bool& into) {
  const auto* member = memberOf(object, name);
  if (member != nullptr && member->IsBool()) into = member->GetBool();
}

void readMember(const rapidjson::Value& object, const char* name, std::uint64_t& into) {
  const auto* member = memberOf(object, name);
  if (member != nullptr && member->IsUint64()) into = member->GetUint64();
}

}  // namespace skills
