#include "core/contract/parameters.hpp"

#include <string>

#include "core/contract/schema.hpp"

namespace mortise::contract {

std::string_view name(In in) {
  switch (in) {
    case In::path:
      return "path";
    case In::query:
      return "query";
    case In::header:
      return "header";
    case In::cookie:
      return "cookie";
  }
  return "query";
}

namespace {

bool readSent(const Parameter& parameter, const std::vector<std::string_view>& texts, json::Value& into,
              json::Document::AllocatorType& allocator, std::vector<FieldError>& errors) {
  std::vector<std::string> location = {std::string(name(parameter.in)), parameter.name};
  into.SetNull();
  if (texts.empty()) {
    if (parameter.hasFallback) return parameter.schema->convert(parameter.fallback, into, allocator, location, errors);
    if (!parameter.required) return true;
    errors.push_back({location, "missing", {}});
    return false;
  }
  if (!parameter.repeated) {
    if (texts.size() == 1) return parameter.schema->convert(texts.front(), into, allocator, location, errors);
    errors.push_back({location, "repeated", {}});
    return false;
  }
  const auto before = errors.size();
  into.SetArray();
  for (const auto text : texts) parameter.schema->convert(text, into, allocator, location, errors);
  if (errors.size() == before) parameter.schema->check(into, location, errors);
  return errors.size() == before;
}

}  // namespace

bool readParameter(const Parameter& parameter, const std::vector<std::string_view>& texts, json::Value& into,
                   json::Document::AllocatorType& allocator, std::vector<FieldError>& errors) {
  if (!parameter.lenient) return readSent(parameter, texts, into, allocator, errors);
  std::vector<FieldError> ignored;
  return readSent(parameter, texts, into, allocator, ignored) || readSent(parameter, {}, into, allocator, errors);
}

}  // namespace mortise::contract
