#include "mcp/form_field.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/mail_text.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "json_reading.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

constexpr std::size_t kMaxChoices = 50;
constexpr std::size_t kTitleCharacters = 200;
constexpr std::size_t kDescriptionCharacters = 1000;
constexpr std::size_t kAnswerCharacters = 8000;

std::string shortened(std::string_view text, std::size_t most) { return mortise::firstCharacters(text, most); }

std::optional<double> limitIn(const rapidjson::Value& schema, const char* name) {
  const auto* member = models::memberOf(schema, name);
  return member != nullptr && member->IsNumber() ? std::optional(member->GetDouble()) : std::nullopt;
}

std::string plainNumber(double number) {
  char text[64];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  return {std::begin(text), end};
}

bool sameWord(std::string_view one, std::string_view other) {
  return mortise::asciiLowerCase(one) == mortise::asciiLowerCase(other);
}

bool areDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// YYYY-MM-DD of a month and day that there may be.
bool isDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto month = text.substr(5, 2), day = text.substr(8, 2);
  return areDigits(text.substr(0, 4)) && areDigits(month) && areDigits(day) && month >= "01" && month <= "12" &&
         day >= "01" && day <= "31";
}

// RFC 3339: a date, T, hh:mm:ss, perhaps a fraction, and Z or an offset.
bool isDateTime(std::string_view text) {
  if (text.size() < 20 || !isDate(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't')) return false;
  const auto isClock = [](std::string_view part) {
    return part.size() == 5 && part[2] == ':' && areDigits(part.substr(0, 2)) && areDigits(part.substr(3)) &&
           part.substr(0, 2) <= "23" && part.substr(3) <= "59";
  };
  if (!isClock(text.substr(11, 5)) || text[16] != ':' || !areDigits(text.substr(17, 2)) || text.substr(17, 2) > "60")
    return false;
  auto rest = text.substr(19);
  if (rest.starts_with('.')) {
    const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end == 1) return false;
    rest.remove_prefix(end);
  }
  return rest == "Z" || rest == "z" ||
         (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && isClock(rest.substr(1)));
}

bool isEmailLike(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.find_first_of(" \t\r\n") == std::string_view::npos;
}

bool isAddressLike(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 >= text.size()) return false;
  const auto scheme = text.substr(0, colon);
  const bool isScheme =
      std::all_of(scheme.begin(), scheme.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
  return isScheme && text.find_first_of(" \t\r\n") == std::string_view::npos;
}

// In either language, with one number.
std::string rule(bool chinese, std::string_view english, std::string_view inChinese, const std::string& number) {
  std::string out(chinese ? inChinese : english);
  if (const auto at = out.find("{}"); at != std::string::npos) out.replace(at, 2, number);
  return out;
}

}  // namespace

std::optional<bool> yesOrNo(std::string_view answer) {
  for (const char* yes :
       {"yes", "y", "true", "1", "ok", "sure", "是", "是的", "对", "好", "好的", "可以", "同意", "确认"}) {
    if (sameWord(answer, yes)) return true;
  }
  for (const char* no : {"no", "n", "false", "0", "否", "不", "不是", "不要", "不行", "不可以", "不同意"}) {
    if (sameWord(answer, no)) return false;
  }
  return std::nullopt;
}

std::string ruleOfYesOrNo(std::string_view language) { return mortise::isChinese(language) ? "是或否" : "yes or no"; }

std::string answerWith(const std::string& rule, std::string_view language) {
  return (mortise::isChinese(language) ? "请回答：" : "Answer with ") + rule;
}

// Of enum and enumNames, or of oneOf (anyOf) with const and title.
std::vector<FormField::Choice> FormField::choicesOf(const rapidjson::Value& schema) {
  std::vector<Choice> out;
  const auto add = [&](std::string value, std::string title) {
    if (out.size() >= kMaxChoices) return;
    if (title.empty()) title = value;
    out.push_back({std::move(value), shortened(title, kTitleCharacters)});
  };
  if (const auto* values = models::listMember(schema, "enum")) {
    const auto* names = models::listMember(schema, "enumNames");
    for (rapidjson::SizeType i = 0; i < values->Size(); ++i) {
      const auto& value = (*values)[i];
      if (!value.IsString()) continue;
      const bool named = names != nullptr && i < names->Size() && (*names)[i].IsString();
      add(value.GetString(), named ? (*names)[i].GetString() : "");
    }
  }
  const auto* forms = models::listMember(schema, "oneOf");
  if (forms == nullptr) forms = models::listMember(schema, "anyOf");
  if (forms != nullptr) {
    for (const auto& form : forms->GetArray()) {
      const auto* value = models::memberOf(form, "const");
      if (value != nullptr && value->IsString())
        add(value->GetString(), std::string(models::textMember(form, "title")));
    }
  }
  return out;
}

FormField::Kind FormField::textKind(const rapidjson::Value& schema) {
  const auto format = models::textMember(schema, "format");
  if (format == "email") return Kind::email;
  if (format == "uri") return Kind::address;
  if (format == "date") return Kind::date;
  if (format == "date-time") return Kind::dateTime;
  return Kind::text;
}

std::optional<FormField> FormField::read(std::string_view name, const rapidjson::Value& schema, bool required) {
  if (!schema.IsObject()) return std::nullopt;
  FormField out;
  out.name_ = name;
  out.title_ = shortened(models::textMember(schema, "title"), kTitleCharacters);
  if (out.title_.empty()) out.title_ = shortened(name, kTitleCharacters);
  out.description_ = shortened(models::textMember(schema, "description"), kDescriptionCharacters);
  out.required_ = required;
  const auto type = models::textMember(schema, "type");
  if (type == "boolean") {
    out.kind_ = Kind::boolean;
  } else if (type == "integer" || type == "number") {
    out.kind_ = type == "integer" ? Kind::integer : Kind::number;
    out.least_ = limitIn(schema, "minimum");
    out.most_ = limitIn(schema, "maximum");
  } else if (type == "array") {
    const auto* items = models::objectMember(schema, "items");
    out.kind_ = Kind::choices;
    if (items != nullptr) out.choices_ = choicesOf(*items);
    out.least_ = limitIn(schema, "minItems");
    out.most_ = limitIn(schema, "maxItems");
    if (out.choices_.empty()) return std::nullopt;
  } else if (type == "string" || type.empty()) {
    out.choices_ = choicesOf(schema);
    if (type.empty() && out.choices_.empty()) return std::nullopt;
    out.kind_ = out.choices_.empty() ? textKind(schema) : Kind::choice;
    out.least_ = limitIn(schema, "minLength");
    out.most_ = limitIn(schema, "maxLength");
  } else {
    return std::nullopt;
  }
  if (const auto* standard = models::memberOf(schema, "default"); standard != nullptr && !standard->IsNull())
    out.standard_ = models::toText(*standard);
  return out;
}

std::string FormField::rule(std::string_view language) const {
  const bool chinese = mortise::isChinese(language);
  const auto bounds = [&](const char* atLeast, const char* inChineseAtLeast, const char* atMost,
                          const char* inChineseAtMost) {
    std::string out;
    if (least_ && *least_ > 0) out += mcp::rule(chinese, atLeast, inChineseAtLeast, plainNumber(*least_));
    if (most_) out += mcp::rule(chinese, atMost, inChineseAtMost, plainNumber(*most_));
    return out;
  };
  const auto ofNumber = [&] {
    std::string out;
    if (least_) out += mcp::rule(chinese, ", {} or more", "，不小于 {}", plainNumber(*least_));
    if (most_) out += mcp::rule(chinese, ", {} or less", "，不大于 {}", plainNumber(*most_));
    return out;
  };
  switch (kind_) {
    case Kind::text:
      return (chinese ? "文本" : "a text") +
             bounds(", {} characters or more", "，至少 {} 个字符", ", {} characters at most", "，最多 {} 个字符");
    case Kind::email:
      return chinese ? "电子邮件地址" : "an e-mail address";
    case Kind::address:
      return chinese ? "网址，例如 https://example.com" : "an address such as https://example.com";
    case Kind::date:
      return chinese ? "日期，例如 2026-12-31" : "a date such as 2026-12-31";
    case Kind::dateTime:
      return chinese ? "日期和时间，例如 2026-12-31T08:30:00Z" : "a date and time such as 2026-12-31T08:30:00Z";
    case Kind::integer:
      return (chinese ? "整数" : "a whole number") + ofNumber();
    case Kind::number:
      return (chinese ? "数字" : "a number") + ofNumber();
    case Kind::boolean:
      return ruleOfYesOrNo(language);
    case Kind::choice:
      return chinese ? "其中一项（名称或编号）" : "one of these, by its name or number";
    case Kind::choices:
      return (chinese ? "其中若干项（名称或编号，用逗号分隔）"
                      : "some of these, by their names or numbers, with commas between them") +
             bounds(", {} or more", "，至少 {} 项", ", {} at most", "，最多 {} 项");
  }
  return {};
}

std::string FormField::question(std::string_view language) const {
  const bool chinese = mortise::isChinese(language);
  std::string out = title_;
  if (!description_.empty()) out.append(chinese ? "：" : ": ").append(description_);
  for (std::size_t i = 0; i < choices_.size(); ++i)
    out.append("\n").append(std::to_string(i + 1)).append(". ").append(choices_[i].title);
  out.append("\n").append(answerWith(rule(language), language));
  if (standard_) {
    rapidjson::Document read;
    const bool isText = models::parseJson(*standard_, read) && read.IsString();
    const auto shown =
        shortened(isText ? std::string_view(read.GetString(), read.GetStringLength()) : std::string_view(*standard_),
                  kTitleCharacters);
    out.append(chinese ? "；回答“-”则取 " : "; \"-\" takes ").append(shown);
  } else if (!required_) {
    out.append(chinese ? "；回答“-”则留空" : "; \"-\" leaves it out");
  }
  return out.append(chinese ? "。" : ".");
}

const FormField::Choice* FormField::choiceNamed(std::string_view word) const {
  for (const auto& choice : choices_) {
    if (sameWord(choice.value, word) || sameWord(choice.title, word)) return &choice;
  }
  return nullptr;
}

bool FormField::hasChoice(std::string_view word) const { return choiceNamed(word) != nullptr; }

const FormField::Choice* FormField::choiceOf(std::string_view answer) const {
  if (const auto* choice = choiceNamed(answer)) return choice;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
  const bool isNumber = error == std::errc() && end == answer.data() + answer.size();
  return isNumber && number >= 1 && number <= choices_.size() ? &choices_[number - 1] : nullptr;
}

std::optional<json::Value> FormField::numberOf(std::string_view text) const {
  rapidjson::Document number;
  if (!models::parseJson(text, number) || !number.IsNumber()) return std::nullopt;
  if (kind_ == Kind::integer && !number.IsInt64()) return std::nullopt;
  if ((least_ && number.GetDouble() < *least_) || (most_ && number.GetDouble() > *most_)) return std::nullopt;
  return json::raw(models::toText(number));
}

std::optional<json::Value> FormField::severalOf(std::string_view text) const {
  std::vector<std::string> values;
  while (!text.empty()) {
    auto end = text.find(',');
    std::size_t width = 1;
    for (const std::string_view other : {"，", "、"}) {
      if (const auto at = text.find(other); at < end) {
        end = at;
        width = other.size();
      }
    }
    end = std::min(end, text.size());
    if (const auto part = mortise::withoutSpaceAround(text.substr(0, end)); !part.empty()) {
      const auto* choice = choiceOf(part);
      if (choice == nullptr) return std::nullopt;
      if (std::find(values.begin(), values.end(), choice->value) == values.end()) values.push_back(choice->value);
    }
    text.remove_prefix(std::min(end + width, text.size()));
  }
  const auto count = static_cast<double>(values.size());
  if ((least_ && count < *least_) || (most_ && count > *most_)) return std::nullopt;
  json::List list;
  for (const auto& value : values) list.add(value);
  return list.build();
}

bool FormField::isTextOfKind(std::string_view text) const {
  switch (kind_) {
    case Kind::email:
      return isEmailLike(text);
    case Kind::address:
      return isAddressLike(text);
    case Kind::date:
      return isDate(text);
    case Kind::dateTime:
      return isDateTime(text);
    default:
      return true;
  }
}

std::optional<json::Value> FormField::value(std::string_view text) const {
  switch (kind_) {
    case Kind::boolean: {
      const auto said = yesOrNo(text);
      return said ? std::optional(json::value(*said)) : std::nullopt;
    }
    case Kind::integer:
    case Kind::number:
      return numberOf(text);
    case Kind::choice: {
      const auto* choice = choiceOf(text);
      return choice != nullptr ? std::optional(json::value(choice->value)) : std::nullopt;
    }
    case Kind::choices:
      return severalOf(text);
    default:
      break;
  }
  const auto size = mortise::characterCount(text);
  const auto count = static_cast<double>(size);
  if (size > kAnswerCharacters || (least_ && count < *least_) || (most_ && count > *most_) || !isTextOfKind(text))
    return std::nullopt;
  return json::value(text);
}

FormField::Answer FormField::answer(std::string_view text) const {
  const bool isLeftOut = text.empty() || (text == "-" && !hasChoice(text));
  if (isLeftOut && standard_) return {true, json::raw(*standard_)};
  if (isLeftOut && !required_) return {true, std::nullopt};
  if (text.empty()) return {};
  auto value = this->value(text);
  return {value.has_value(), std::move(value)};
}

}  // namespace agent::mcp
