// JSON out of archives: parsed in bounded memory, or not at all.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace session_sharing {

// Parses `text` in place: the document's texts lie in it, so it must live as long, unchanged. False for what is no
// JSON, nests deeper than 100 levels, or has more than 100,000 values; memory beside the text: some MiB at most. Texts
// may hold any bytes and NULs: see storable() of utf8.hpp. [any]
bool parseInPlace(std::string& text, rapidjson::Document& into);

// Members of what is an object; nothing, or an empty text, of other kinds. [any]
const rapidjson::Value* memberOf(const rapidjson::Value& object, const char* name);
std::string_view textMember(const rapidjson::Value& object, const char* name);
bool isTrueMember(const rapidjson::Value& object, const char* name);
// A whole number, or a real cut towards zero. Nothing for what is no number or beyond 64 bits.
std::optional<std::int64_t> numberMember(const rapidjson::Value& object, const char* name);
// Empty for another kind.
std::string_view textOf(const rapidjson::Value& value);

// Compact. [any]
std::string jsonTextOf(const rapidjson::Value& value);

}  // namespace session_sharing
