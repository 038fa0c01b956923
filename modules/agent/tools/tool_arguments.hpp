// The arguments of a tool call, as models write them: a JSON object, with numbers and booleans as text now and then.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

class ToolArguments {
 public:
  // What is no object counts as {}.
  explicit ToolArguments(std::string_view json);

  // Empty when it is absent; a number or boolean as its text.
  std::string text(const char* name) const;
  bool has(const char* name) const { return member(name) != nullptr; }
  std::optional<std::int64_t> integer(const char* name) const;
  std::optional<double> number(const char* name) const;  // never an infinity
  bool boolean(const char* name, bool fallback = false) const;

 private:
  // nullptr for null as well.
  const rapidjson::Value* member(const char* name) const;
  rapidjson::Document document_;
};

}  // namespace agent
