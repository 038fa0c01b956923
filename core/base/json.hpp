// RapidJSON as this project uses it: iterative, UTF-8 checked, depth and size limited.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace mortise::json {

using Document = rapidjson::Document;
using Value = rapidjson::Value;

enum class Repeated { lastWins, refuse };

struct ParseError {
  std::size_t offset = 0;
  std::string reason;  // "invalid value", "nested deeper than 64", "repeated key \"a\"", ...
};

// False with `error` filled when `text` is not one JSON document. Depth at most 64.
bool parse(std::string_view text, Document& into, ParseError& error, Repeated repeated = Repeated::lastWins);

std::string toText(const Value& value);
// Appends `text` as a JSON string with quotes, non-ASCII kept.
void appendQuoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

inline std::string_view view(const Value& string) { return {string.GetString(), string.GetStringLength()}; }
// The member, or nullptr.
const Value* member(const Value& object, std::string_view name);
std::string_view textMember(const Value& object, std::string_view name, std::string_view fallback = {});

}  // namespace mortise::json
