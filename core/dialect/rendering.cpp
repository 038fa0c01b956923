#include "core/dialect/rendering.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace mortise::dialect {

void ObjectWriter::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  json::appendQuoted(out_, name);
  out_ += ':';
}

ObjectWriter& ObjectWriter::text(std::string_view name, std::string_view value) {
  key(name);
  json::appendQuoted(out_, value);
  return *this;
}

ObjectWriter& ObjectWriter::raw(std::string_view name, std::string_view json) {
  key(name);
  out_.append(json);
  return *this;
}

ObjectWriter& ObjectWriter::number(std::string_view name, long long value) {
  key(name);
  out_ += std::to_string(value);
  return *this;
}

ObjectWriter& ObjectWriter::boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }

ObjectWriter& ObjectWriter::textOrNull(std::string_view name, std::string_view value) {
  return value.empty() ? raw(name, "null") : text(name, value);
}

std::string fieldText(const Messages& messages, std::string_view dialect, const FieldError& error,
                      std::string_view language, bool withField) {
  auto text = messages.text(dialect, "validation." + error.rule, language, error.params);
  if (!withField || error.location.size() < 2) return text;
  std::string field;
  for (std::size_t i = 1; i < error.location.size(); ++i) field.append(i == 1 ? "" : ".").append(error.location[i]);
  return field + ": " + text;
}

std::string problemText(const Messages& messages, std::string_view dialect, const Problem& problem,
                        std::string_view language) {
  if (problem.errors.empty()) return messages.text(dialect, problem.code, language, problem.params);
  const auto withFirst = problem.code + ".first";
  if (!messages.has(withFirst)) return messages.text(dialect, problem.code, language, problem.params);
  Params params = problem.params;
  params.emplace_back("first", fieldText(messages, dialect, problem.errors.front(), language, true));
  return messages.text(dialect, withFirst, language, params);
}

std::string locationJson(const FieldError& error) {
  std::string out = "[";
  for (std::size_t i = 0; i < error.location.size(); ++i) {
    const auto& part = error.location[i];
    if (i != 0) out += ',';
    const bool index = i != 0 && !part.empty() && part.size() < 10 &&
                       part.find_first_not_of("0123456789") == std::string::npos &&
                       (part.size() == 1 || part[0] != '0');
    index ? void(out += part) : json::appendQuoted(out, part);
  }
  return out + "]";
}

void addFields(Rendered& rendered, const Problem& problem, const Context& context) {
  const auto has = [&](std::string_view name) {
    return std::any_of(problem.fields.begin(), problem.fields.end(),
                       [&](const auto& field) { return text::equalsIgnoreCase(field.first, name); });
  };
  if (rendered.status == 401 && !has("WWW-Authenticate")) {
    rendered.fields.emplace_back("WWW-Authenticate",
                                 context.credentialsSent ? "Bearer error=\"invalid_token\"" : "Bearer");
  }
  if (problem.retryAfter > 0 && !has("Retry-After"))
    rendered.fields.emplace_back("Retry-After", std::to_string(problem.retryAfter));
  rendered.fields.insert(rendered.fields.end(), problem.fields.begin(), problem.fields.end());
}

Rendered bare(int status, std::string data) {
  Rendered out;
  out.status = status;
  if (data.empty()) out.contentType.clear();
  out.body = std::move(data);
  return out;
}

std::string_view wireCode(std::string_view code) {
  return code == "route_not_found" ? std::string_view("not_found") : code;
}

}  // namespace mortise::dialect
