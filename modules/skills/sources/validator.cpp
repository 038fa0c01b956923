#include "sources/validator.hpp"

#include <rapidjson/document.h>

#include <mortise/json.hpp>

namespace skills {
namespace {

constexpr std::size_t kMaxBytes = 64 << 10;

std::string textOf(const rapidjson::Value& value) {
  return value.IsString() ? std::string(value.GetString(), value.GetStringLength()) : std::string();
}

}  // namespace

std::string Validator::toText() const {
  mortise::json::Object tags;
  for (const auto& [path, etag] : etags) {
    if (etag.empty()) return {};
    tags.add(path, etag);
  }
  std::string text = mortise::json::object({{"kind", kind}, {"source", source}, {"etags", tags.build()}});
  return text.size() > kMaxBytes ? std::string() : text;
}

Validator Validator::parse(std::string_view text, std::string_view kind, std::string_view source) {
  Validator validator{std::string(kind), std::string(source), {}};
  rapidjson::Document document;
  if (document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size()).HasParseError() ||
      !document.IsObject()) {
    return validator;
  }
  const auto member = [&](const char* name) {
    const auto found = document.FindMember(name);
    return found == document.MemberEnd() ? std::string() : textOf(found->value);
  };
  if (member("kind") != kind || member("source") != source) return validator;
  const auto tags = document.FindMember("etags");
  if (tags == document.MemberEnd() || !tags->value.IsObject()) return validator;
  for (const auto& tag : tags->value.GetObject()) validator.etags[textOf(tag.name)] = textOf(tag.value);
  return validator;
}

}  // namespace skills
