#include "mcp/elicitation.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "json_reading.hpp"
#include "mcp/failure.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

constexpr std::size_t kMostFields = 20;
constexpr std::size_t kMostRequests = 10;
constexpr std::size_t kMostChoices = 50;
constexpr int kTries = 3;

json::Value action(std::string_view word) { return json::object({{"action", word}}); }

struct Choice {
  std::string value;
  std::string title;
};

// Of enum and enumNames, or oneOf with const and title.
std::vector<Choice> choicesOf(const rapidjson::Value& schema) {
  std::vector<Choice> out;
  if (const auto* values = models::listMember(schema, "enum")) {
    const auto* names = models::listMember(schema, "enumNames");
    for (rapidjson::SizeType i = 0; i < values->Size() && out.size() < kMostChoices; ++i) {
      const auto& value = (*values)[i];
      if (!value.IsString()) continue;
      const bool named = names != nullptr && i < names->Size() && (*names)[i].IsString();
      out.push_back({value.GetString(), named ? (*names)[i].GetString() : value.GetString()});
    }
  }
  const auto* forms = models::listMember(schema, "oneOf");
  if (forms == nullptr) forms = models::listMember(schema, "anyOf");
  if (forms != nullptr) {
    for (const auto& form : forms->GetArray()) {
      const std::string value(models::textMember(form, "const"));
      const std::string title(models::textMember(form, "title"));
      if (!value.empty() && out.size() < kMostChoices) out.push_back({value, title.empty() ? value : title});
    }
  }
  return out;
}

std::optional<json::Value> choiceOf(std::string_view answer, const std::vector<Choice>& choices) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
  const auto same = [&](const std::string& text) {
    return mortise::asciiLowerCase(text) == mortise::asciiLowerCase(answer);
  };
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (same(choices[i].value) || same(choices[i].title)) return json::value(choices[i].value);
  }
  const bool isNumber = error == std::errc() && end == answer.data() + answer.size();
  if (isNumber && number >= 1 && number <= choices.size()) return json::value(choices[number - 1].value);
  return std::nullopt;
}

std::optional<json::Value> booleanOf(std::string_view answer) {
  const auto word = mortise::asciiLowerCase(answer);
  for (const char* yes : {"yes", "y", "true", "1", "ok", "是", "对"}) {
    if (word == yes) return json::value(true);
  }
  for (const char* no : {"no", "n", "false", "0", "否", "不"}) {
    if (word == no) return json::value(false);
  }
  return std::nullopt;
}

std::optional<json::Value> numberOf(std::string_view answer, bool whole) {
  rapidjson::Document number;
  if (!models::parseJson(answer, number) || !number.IsNumber() || (whole && !number.IsInt64())) return std::nullopt;
  return json::raw(models::toText(number));
}

// The answer as the field's schema wants it; empty: it does not fit.
std::optional<json::Value> fieldValue(std::string_view answer, const rapidjson::Value& schema) {
  const auto type = models::textMember(schema, "type");
  if (type == "boolean") return booleanOf(answer);
  if (type == "integer" || type == "number") return numberOf(answer, type == "integer");
  if (type == "array") {
    const auto* items = models::objectMember(schema, "items");
    const auto choices = items == nullptr ? std::vector<Choice>() : choicesOf(*items);
    json::List list;
    while (!answer.empty()) {
      const auto end = std::min(answer.find(','), answer.size());
      const auto part = mortise::withoutSpaceAround(answer.substr(0, end));
      if (!part.empty()) {
        auto one = choices.empty() ? std::optional(json::value(part)) : choiceOf(part, choices);
        if (!one) return std::nullopt;
        list.add(*one);
      }
      answer.remove_prefix(std::min(end + 1, answer.size()));
    }
    return list.build();
  }
  const auto choices = choicesOf(schema);
  return choices.empty() ? std::optional(json::value(answer)) : choiceOf(answer, choices);
}

std::string questionOf(std::string_view message, std::string_view name, const rapidjson::Value& schema, bool required) {
  std::string out(message);
  if (!out.empty()) out.append("\n");
  const auto title = models::textMember(schema, "title");
  out.append(title.empty() ? name : title);
  if (const auto description = models::textMember(schema, "description"); !description.empty())
    out.append(": ").append(description);
  const auto* items = models::objectMember(schema, "items");
  const auto choices = choicesOf(items != nullptr ? *items : schema);
  for (std::size_t i = 0; i < choices.size(); ++i)
    out.append("\n").append(std::to_string(i + 1)).append(". ").append(choices[i].title);
  if (const auto* standard = models::memberOf(schema, "default"))
    out.append("\n[").append(standard->IsString() ? standard->GetString() : models::toText(*standard)).append("]");
  else if (!required)
    out.append("\n[]");
  return out;
}

bool isRequired(const rapidjson::Value& schema, std::string_view name) {
  const auto* required = models::listMember(schema, "required");
  return required != nullptr && std::any_of(required->Begin(), required->End(), [&](const rapidjson::Value& one) {
           return one.IsString() && name == std::string_view(one.GetString(), one.GetStringLength());
         });
}

}  // namespace

json::Value elicited(const rapidjson::Value& params, const Ask& ask) {
  const auto mode = models::textMember(params, "mode");
  if (!mode.empty() && mode != "form") return action("decline");  // opening an address for the user is not offered
  if (!ask) return action("cancel");
  const auto message = models::textMember(params, "message");
  const auto* schema = models::objectMember(params, "requestedSchema");
  const auto* fields = schema == nullptr ? nullptr : models::objectMember(*schema, "properties");
  if (fields == nullptr || fields->ObjectEmpty()) {
    const auto answer = ask(message);
    if (!answer) return action("cancel");
    const auto said = booleanOf(mortise::withoutSpaceAround(*answer));
    if (said && *said == json::value(false)) return action("decline");
    return json::object({{"action", "accept"}, {"content", json::object()}});
  }
  if (fields->MemberCount() > kMostFields) return action("decline");
  json::Object content;
  bool first = true;
  for (const auto& field : fields->GetObject()) {
    const std::string_view name(field.name.GetString(), field.name.GetStringLength());
    const bool required = isRequired(*schema, name);
    const auto question = questionOf(std::exchange(first, false) ? message : "", name, field.value, required);
    std::optional<json::Value> value;
    bool leftOut = false;
    for (int i = 0; i < kTries && !value && !leftOut; ++i) {
      const auto answer = ask(question);
      if (!answer) return action("cancel");
      const auto text = mortise::withoutSpaceAround(*answer);
      const auto* standard = models::memberOf(field.value, "default");
      if (!text.empty()) {
        value = fieldValue(text, field.value);
      } else if (standard != nullptr) {
        value = json::raw(models::toText(*standard));
      } else {
        leftOut = !required;
      }
    }
    if (!value && !leftOut) return action("decline");
    if (value) content.add(name, *value);
  }
  return json::object({{"action", "accept"}, {"content", content.build()}});
}

json::Value inputResponses(const rapidjson::Value& requests, const Ask& ask) {
  if (!requests.IsObject() || requests.MemberCount() > kMostRequests)
    throw Failure(Failure::Cause::unreadable, "it asks for input in no known form");
  json::Object out;
  const rapidjson::Value none(rapidjson::kObjectType);
  for (const auto& request : requests.GetObject()) {
    const std::string_view name(request.name.GetString(), request.name.GetStringLength());
    const auto method = models::textMember(request.value, "method");
    const auto* params = models::objectMember(request.value, "params");
    if (method == "elicitation/create") {
      out.add(name, elicited(params == nullptr ? none : *params, ask));
    } else if (method == "roots/list") {
      out.add(name, json::object({{"roots", json::list()}}));
    } else {
      throw Failure(Failure::Cause::unreadable,
                    "it asks for something that is not offered: " + std::string(mortise::firstBytes(method, 100)));
    }
  }
  return out.build();
}

}  // namespace agent::mcp
