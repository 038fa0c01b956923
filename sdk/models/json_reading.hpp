// JSON that came from outside, over RapidJSON.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::inline sdk1::models {

// False for what is no JSON in UTF-8, or nests deeper than 64 levels.
bool parseJson(std::string_view text, rapidjson::Document& into);
// Compact.
std::string toText(const rapidjson::Value& value);

// Null for what is no object, or has none of that name.
const rapidjson::Value* memberOf(const rapidjson::Value& object, std::string_view name);
// The member, where it is of that kind.
const rapidjson::Value* objectMember(const rapidjson::Value& object, std::string_view name);
const rapidjson::Value* listMember(const rapidjson::Value& object, std::string_view name);
// Empty, 0, for another kind.
std::string_view textMember(const rapidjson::Value& object, std::string_view name);
std::int64_t integerMember(const rapidjson::Value& object, std::string_view name);
// A count of tokens, from 0 to a thousand million: a sum of some is within std::int64_t.
std::int64_t tokensMember(const rapidjson::Value& object, std::string_view name);

// `text` with U+FFFD in place of each byte that belongs to no character.
std::string validUtf8(std::string_view text);
// The text, if it is a JSON object; else {}.
std::string objectOrEmpty(std::string_view text);

}  // namespace mortise::inline sdk1::models
