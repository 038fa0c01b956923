// JSON that did not come with a request: front matter, manifests, the files of an installed skill.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace skills {

// False for what is not JSON in UTF-8, or nests deeper than 64 levels.
bool parseJson(std::string_view text, rapidjson::Document& into);
// The same with every number as its text ("1.0" stays "1.0").
bool parseJsonNumbersAsText(std::string_view text, rapidjson::Document& into);
// Compact.
std::string toJsonText(const rapidjson::Value& value);

// nullptr when `object` is no object or has none of that name.
const rapidjson::Value* memberOf(const rapidjson::Value& object, const char* name);
// Of a text; empty for another kind.
std::string_view textOf(const rapidjson::Value& value);
std::string textMember(const rapidjson::Value& object, const char* name);

// Fills `into` from a member of `object`; without one of that kind it stays as it is.
void readMember(const rapidjson::Value& object, const char* name, std::string& into);
void readMember(const rapidjson::Value& object, const char* name, bool& into);
void readMember(const rapidjson::Value& object, const char* name, std::uint64_t& into);
// An entity of such members, as it is written from its list of fields.
template <class T>
T readEntity(const rapidjson::Value& object) {
  T out;
  std::apply([&](const auto&... field) { (readMember(object, field.rules.name, field.access.of(out)), ...); },
             T::kFields.list);
  return out;
}

}  // namespace skills
