#include "sources/validator.hpp"

#include <mortise/json.hpp>

#include "text/json_text.hpp"

namespace skills {
namespace {

constexpr std::size_t kMaxBytes = 64 << 10;

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
  if (!parseJson(text, document)) return validator;
  if (textMember(document, "kind") != kind || textMember(document, "source") != source) return validator;
  const auto* tags = memberOf(document, "etags");
  if (tags == nullptr || !tags->IsObject()) return validator;
  for (const auto& tag : tags->GetObject()) validator.etags[std::string(textOf(tag.name))] = textOf(tag.value);
  return validator;
}

}  // namespace skills
