#include "tools/tool_arguments.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>

namespace agent {

ToolArguments::ToolArguments(std::string_view json) {
  document_.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document_.HasParseError() || !document_.IsObject()) document_.SetObject();
}

const rapidjson::Value* ToolArguments::member(const char* name) const {
  const auto entry = document_.FindMember(name);
  return entry == document_.MemberEnd() || entry->value.IsNull() ? nullptr : &entry->value;
}

std::string ToolArguments::text(const char* name) const {
  const auto* value = member(name);
  if (value == nullptr) return {};
  if (value->IsString()) return {value->GetString(), value->GetStringLength()};
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value->Accept(writer);
  return {out.GetString(), out.GetSize()};
}

std::optional<std::int64_t> ToolArguments::integer(const char* name) const {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsDouble() && std::abs(value->GetDouble()) < 1e15) return static_cast<std::int64_t>(value->GetDouble());
  const auto written = text(name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  return error == std::errc() && end == written.data() + written.size() ? std::optional(number) : std::nullopt;
}

std::optional<double> ToolArguments::number(const char* name) const {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->IsNumber()) return value->GetDouble();
  const auto written = text(name);
  double number = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  if (error != std::errc() || end != written.data() + written.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool ToolArguments::boolean(const char* name, bool fallback) const {
  const auto* value = member(name);
  if (value == nullptr) return fallback;
  if (value->IsBool()) return value->GetBool();
  const auto written = text(name);
  if (written == "true" || written == "True" || written == "1") return true;
  if (written == "false" || written == "False" || written == "0") return false;
  return fallback;
}

}  // namespace agent
