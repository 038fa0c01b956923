// JSON that this module, or another one, wrote: parsed in bounded memory.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json_depth.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// Empty: it is no JSON, longer than 16 MiB, or nests deeper than 20 levels.
inline std::optional<rapidjson::Document> parsedJson(std::string_view text) {
  constexpr std::size_t kMaxBytes = std::size_t{16} << 20, kMaxDepth = 20;
  if (text.size() > kMaxBytes || !mortise::isShallowJson(text, kMaxDepth)) return std::nullopt;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError()) return std::nullopt;
  return document;
}

// The texts of a list that is a member of an object, at most `most`; none where it is none.
inline std::vector<std::string> textsOf(const rapidjson::Value& object, const char* name, std::size_t most) {
  std::vector<std::string> out;
  if (!object.IsObject()) return out;
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsArray()) return out;
  for (const auto& one : member->value.GetArray()) {
    if (out.size() == most) break;
    if (one.IsString()) out.emplace_back(one.GetString(), one.GetStringLength());
  }
  return out;
}

}  // namespace projects
