// JSON that did not come with a request: answers of models, rows, what tools take and give.
#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>

#include "json_reading.hpp"

namespace agent {

// The clients of models read with these, too.
using mortise::models::integerMember;
using mortise::models::memberOf;
using mortise::models::parseJson;

// A copy of what models::textMember() shows, to be kept longer than its document.
std::string textMember(const rapidjson::Value& object, std::string_view name);
// Compact, with the members of objects in the order of their names: equal values have equal texts.
std::string toOrderedJsonText(const rapidjson::Value& value);

// `fallback` for another kind.
bool boolMember(const rapidjson::Value& object, std::string_view name, bool fallback = false);

// `text` with U+FFFD in place of each byte that belongs to no character, and of NUL, which databases refuse.
std::string cleanText(std::string_view text);

}  // namespace agent
