#include "core/testing/schema_cases.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/base/text.hpp"
#include "core/contract/pattern.hpp"

namespace mortise::testing {
namespace {

using json::Value;
using Members = std::vector<std::pair<std::string, std::string>>;

constexpr int kMaxDepth = 8;  // nesting depth of schemas that examples and faults cover

std::string typeOf(const Value& schema) {
  const auto type = json::textMember(schema, "type");
  if (!type.empty()) return std::string(type);
  if (json::member(schema, "properties") != nullptr) return "object?";  // described as an object: any object is valid
  return {};
}

bool flag(const Value& schema, const char* name) {
  const auto* value = json::member(schema, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

std::optional<std::size_t> count(const Value& schema, const char* name) {
  const auto* value = json::member(schema, name);
  if (value == nullptr || !value->IsUint64()) return std::nullopt;
  return value->GetUint64();
}

std::string objectOf(const Members& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) out += (out.size() == 1 ? "" : ",") + json::quoted(name) + ":" + value;
  return out + "}";
}

std::string arrayOf(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() == 1 ? "" : ",") + item;
  return out + "]";
}

void replace(Members& members, const std::string& name, const std::string& value) {
  for (auto& member : members) {
    if (member.first == name) {
      member.second = value;
      return;
    }
  }
  members.emplace_back(name, value);
}

std::string filled(std::string text, std::size_t least) {
  if (text.size() < least) text.append(least - text.size(), 'x');
  return text;
}

// Texts that common patterns accept, simplest first.
const std::vector<std::string>& usualTexts() {
  static const std::vector<std::string> texts = {
      "x",
      "a1",
      "abc",
      "abcd1234",
      "A1",
      "1",
      "12",
      "123456",
      "12345678",
      "#112233",
      "2026-01-02",
      "10:00",
      "2026-01-02T03:04:05Z",
      "019a0000-0000-7000-8000-000000000001",
      "0123456789abcdef",
      "0123456789abcdef0123456789abcdef",
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "a@example.com",
      "https://example.com/x",
      "/x",
      "x/y",
      "x.y",
      "1.0.0",
      "Password1!",
      "org_0123456789abcdef",
      "a-b",
      "A",
      " ",
  };
  return texts;
}

// Texts that common patterns refuse.
const std::vector<std::string>& oddTexts() {
  static const std::vector<std::string> texts = {"!", "?!", "\xc3\xa9", "-", "_", " ",  "x y",  "X", "x",
                                                 "0", ".",  "/",        "@", "%", "\t", "\x01", "",  "x\ny"};
  return texts;
}

}  // namespace

const Value& SchemaCases::resolve(const Value& schema) const {
  const Value* at = &schema;
  for (int i = 0; i < 20; ++i) {
    const auto reference = json::textMember(*at, "$ref");
    if (reference.empty()) return *at;
    const Value* next = &root_;
    for (const auto part : text::split(reference.substr(2), '/')) {
      next = json::member(*next, part);
      if (next == nullptr) throw std::runtime_error("$ref " + std::string(reference) + " leads nowhere");
    }
    at = next;
  }
  throw std::runtime_error("a chain of more than 20 $refs");
}

// --- examples

std::string SchemaCases::example(const Value& schema) const { return example(schema, 0); }

std::string SchemaCases::example(const Value& reference, int depth) const {
  const Value& schema = resolve(reference);
  if (depth > kMaxDepth) return "null";
  for (const char* name : {"example", "default"}) {
    const auto* value = json::member(schema, name);
    if (value != nullptr && !value->IsNull()) return json::toText(*value);
  }
  if (const auto* values = json::member(schema, "enum"); values != nullptr && values->IsArray()) {
    for (const auto& value : values->GetArray()) {
      if (!value.IsNull()) return json::toText(value);
    }
  }
  const auto type = typeOf(schema);
  if (type == "string") return json::quoted(exampleText(schema));
  if (type == "integer" || type == "number") return exampleNumber(schema);
  if (type == "boolean") return "false";
  if (type == "array") return exampleArray(schema, count(schema, "minItems").value_or(0), depth);
  if (type.empty()) {
    for (const char* list : {"oneOf", "anyOf", "allOf"}) {
      const auto* branches = json::member(schema, list);
      if (branches == nullptr) continue;
      const auto first = example(branches->GetArray()[0], depth + 1);
      if (first.empty() || first.front() != '{') return first;
      return exampleObject(schema, depth);
    }
    return "\"x\"";
  }
  return exampleObject(schema, depth);
}

std::string SchemaCases::exampleText(const Value& schema) const {
  const auto format = json::textMember(schema, "format");
  if (format == "uuid") return "019a0000-0000-7000-8000-000000000001";
  if (format == "email") return "a@example.com";
  if (format == "uri") return "https://example.com/x";
  if (format == "date-time") return "2026-01-02T03:04:05Z";
  if (format == "date") return "2026-01-02";
  const auto least = count(schema, "minLength").value_or(0);
  const auto most = count(schema, "maxLength").value_or(std::numeric_limits<std::size_t>::max());
  const auto expression = json::textMember(schema, "pattern");
  if (expression.empty()) return filled(most == 0 ? "" : "x", least);
  const contract::Pattern pattern(expression);
  for (const auto& text : usualTexts()) {
    for (const auto& one : {text, filled(text, least)}) {
      const auto length = text::length(one);
      if (length >= least && length <= most && pattern.matches(one)) return one;
    }
  }
  return filled("x", least);
}

std::string SchemaCases::exampleNumber(const Value& schema) const {
  const auto* least = json::member(schema, "minimum");
  const auto* most = json::member(schema, "maximum");
  const auto* step = json::member(schema, "multipleOf");
  double number = 1;
  if (most != nullptr && most->GetDouble() < number) number = most->GetDouble();
  if (least != nullptr && least->GetDouble() > number) number = least->GetDouble();
  if (least != nullptr && flag(schema, "exclusiveMinimum") && number <= least->GetDouble()) number += 1;
  if (step != nullptr && step->GetDouble() > 0) {
    const double unit = step->GetDouble();
    number = unit * static_cast<double>(static_cast<std::int64_t>((number + unit - 1e-9) / unit));
  }
  if (number == static_cast<double>(static_cast<std::int64_t>(number)))
    return std::to_string(static_cast<std::int64_t>(number));
  return std::to_string(number);
}

std::string SchemaCases::exampleArray(const Value& schema, std::size_t length, int depth) const {
  const auto* items = json::member(schema, "items");
  std::vector<std::string> out;
  const auto one = items == nullptr ? std::string("\"x\"") : example(*items, depth + 1);
  for (std::size_t i = 0; i < length; ++i) {
    // Where no two items may be equal, texts and numbers are counted up.
    if (i > 0 && flag(schema, "uniqueItems") && one.size() > 1 && one.front() == '"')
      out.push_back(one.substr(0, one.size() - 1) + std::to_string(i) + "\"");
    else if (i > 0 && flag(schema, "uniqueItems") && one.find_first_not_of("0123456789") == std::string::npos)
      out.push_back(std::to_string(std::stoll(one) + static_cast<long long>(i)));
    else
      out.push_back(one);
  }
  return arrayOf(out);
}

std::string SchemaCases::exampleObject(const Value& schema, int depth) const {
  auto out = requiredMembers(schema, depth);
  const auto least = count(schema, "minProperties").value_or(0);
  for (const auto& member : members(schema)) {
    if (out.size() >= least) break;
    const bool there = std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.first == member.name; });
    if (!there && member.schema != nullptr) out.emplace_back(member.name, example(*member.schema, depth + 1));
  }
  for (std::size_t i = 0; out.size() < least; ++i) out.emplace_back("x" + std::to_string(i), "\"x\"");
  return objectOf(out);
}

std::vector<std::pair<std::string, std::string>> SchemaCases::requiredMembers(const Value& schema, int depth) const {
  Members out;
  for (const auto& member : members(schema)) {
    if (member.required)
      out.emplace_back(member.name, member.schema == nullptr ? "\"x\"" : example(*member.schema, depth + 1));
  }
  // The discriminator names the branch that members() chose.
  if (const auto* discriminator = json::member(resolve(schema), "discriminator")) {
    const auto* mapping = json::member(*discriminator, "mapping");
    if (mapping != nullptr && mapping->IsObject() && mapping->MemberCount() > 0)
      replace(out, std::string(json::textMember(*discriminator, "propertyName")),
              json::toText(mapping->MemberBegin()->name));
  }
  return out;
}

std::vector<SchemaCases::Member> SchemaCases::members(const Value& schema) const {
  std::vector<Member> out;
  collectMembers(schema, out, 0);
  return out;
}

void SchemaCases::collectMembers(const Value& reference, std::vector<Member>& out, int depth) const {
  if (depth > kMaxDepth) return;
  const Value& schema = resolve(reference);
  const auto find = [&](std::string_view name) -> Member& {
    for (auto& member : out) {
      if (member.name == name) return member;
    }
    out.push_back({std::string(name), nullptr, false});
    return out.back();
  };
  if (const auto* properties = json::member(schema, "properties"); properties != nullptr && properties->IsObject()) {
    for (const auto& entry : properties->GetObject()) {
      auto& member = find(json::view(entry.name));
      if (member.schema == nullptr) member.schema = &entry.value;
    }
  }
  if (const auto* required = json::member(schema, "required"); required != nullptr && required->IsArray()) {
    for (const auto& name : required->GetArray()) find(json::view(name)).required = true;
  }
  if (const auto* parts = json::member(schema, "allOf"); parts != nullptr) {
    for (const auto& part : parts->GetArray()) collectMembers(part, out, depth + 1);
  }
  if (const auto* discriminator = json::member(schema, "discriminator")) {
    const auto* mapping = json::member(*discriminator, "mapping");
    if (mapping != nullptr && mapping->IsObject() && mapping->MemberCount() > 0) {
      json::Document branch;
      branch.SetObject();
      branch.AddMember("$ref", Value(mapping->MemberBegin()->value, branch.GetAllocator()), branch.GetAllocator());
      collectMembers(resolve(branch), out, depth + 1);
      return;
    }
  }
  for (const char* list : {"oneOf", "anyOf"}) {
    if (const auto* branches = json::member(schema, list); branches != nullptr)
      collectMembers(branches->GetArray()[0], out, depth + 1);
  }
}

bool SchemaCases::isClosed(const Value& schema) const {
  const auto* additional = json::member(schema, "additionalProperties");
  return additional != nullptr && additional->IsBool() && !additional->GetBool();
}

// --- breaches

std::vector<Breach> SchemaCases::breaches(const Value& schema) const {
  std::vector<Breach> out;
  Schemas open;
  breaches(schema, open, out);
  return out;
}

void SchemaCases::breaches(const Value& reference, Schemas& open, std::vector<Breach>& out) const {
  const Value& schema = resolve(reference);
  // A schema that contains itself is broken once only.
  if (open.size() > static_cast<std::size_t>(kMaxDepth) || std::find(open.begin(), open.end(), &schema) != open.end())
    return;
  open.push_back(&schema);
  breakType(schema, out);
  if (const auto* values = json::member(schema, "enum");
      values != nullptr && json::textMember(schema, "type") == "string")
    out.push_back({{}, "none of its values", "\"none of the values of the enumeration\""});
  const auto type = typeOf(schema);
  if (type == "string") breakText(schema, out);
  if (type == "integer" || type == "number") breakNumber(schema, out);
  if (type == "array") breakArray(schema, open, out);
  if (type == "object" || type == "object?" || (type.empty() && !members(schema).empty()))
    breakObject(schema, open, out);
  open.pop_back();
}

void SchemaCases::breakType(const Value& schema, std::vector<Breach>& out) const {
  const auto type = json::textMember(schema, "type");
  if (type.empty()) return;
  static const std::vector<std::pair<std::string, std::string>> kValues = {{"string", "\"text\""}, {"integer", "17"},
                                                                           {"number", "1.5"},      {"boolean", "true"},
                                                                           {"array", "[]"},        {"object", "{}"}};
  for (const auto& [name, value] : kValues) {
    if (name == type || (type == "number" && name == "integer")) continue;
    out.push_back({{}, (name == "integer" || name == "object" || name == "array" ? "an " : "a ") + name, value});
  }
  bool nullable = flag(schema, "nullable");
  if (const auto* values = json::member(schema, "enum"); values != nullptr && values->IsArray()) {
    for (const auto& value : values->GetArray()) nullable = nullable || value.IsNull();
  }
  if (!nullable) out.push_back({{}, "null", "null"});
}

void SchemaCases::breakText(const Value& schema, std::vector<Breach>& out) const {
  const auto least = count(schema, "minLength").value_or(0);
  const auto most = count(schema, "maxLength");
  if (least > 0 && least <= kMaxUnits)
    out.push_back({{}, "shorter than " + std::to_string(least), json::quoted(std::string(least - 1, 'x'))});
  if (most && *most < kMaxUnits)
    out.push_back({{}, "longer than " + std::to_string(*most), json::quoted(std::string(*most + 1, 'x'))});
  if (const auto expression = json::textMember(schema, "pattern"); !expression.empty()) {
    const contract::Pattern pattern(expression);
    for (const auto& odd : oddTexts()) {
      std::string text = odd;  // long enough to break only the pattern
      while (!odd.empty() && text::length(text) < least) text += odd;
      const auto length = text::length(text);
      if (length < least || (most && length > *most) || pattern.matches(text)) continue;
      out.push_back({{}, "a text that misses the pattern", json::quoted(text)});
      break;
    }
  }
  const auto format = json::textMember(schema, "format");
  if (format == "email" || format == "uuid" || format == "uri" || format == "date-time" || format == "date")
    out.push_back({{}, "no " + std::string(format), json::quoted(filled("no", least))});
}

void SchemaCases::breakNumber(const Value& schema, std::vector<Breach>& out) const {
  const bool whole = json::textMember(schema, "type") == "integer";
  const auto cross = [&](const char* bound, const char* exclusive, int direction, const char* what) {
    const auto* value = json::member(schema, bound);
    if (value == nullptr) return;
    const auto text = json::toText(*value);
    if (flag(schema, exclusive)) {
      out.push_back({{}, text + ", which is excluded", text});
      return;
    }
    if (value->IsInt64() && value->GetInt64() != std::numeric_limits<std::int64_t>::max() &&
        value->GetInt64() != std::numeric_limits<std::int64_t>::min()) {
      out.push_back({{}, what + text, std::to_string(value->GetInt64() + direction)});
    } else if (!whole && value->IsDouble()) {
      out.push_back({{}, what + text, std::to_string(value->GetDouble() + direction)});
    }
  };
  cross("minimum", "exclusiveMinimum", -1, "below ");
  cross("maximum", "exclusiveMaximum", 1, "above ");
  const auto* step = json::member(schema, "multipleOf");
  if (step != nullptr && step->IsInt64() && step->GetInt64() > 1) {
    const auto good = exampleNumber(schema);
    out.push_back({{}, "no multiple of " + std::to_string(step->GetInt64()), std::to_string(std::stoll(good) + 1)});
  }
  if (json::textMember(schema, "format") == "int32" && json::member(schema, "maximum") == nullptr)
    out.push_back({{}, "above 32 bits", "2147483648"});
  if (whole && json::member(schema, "maximum") == nullptr) out.push_back({{}, "above 64 bits", "9223372036854775808"});
}

void SchemaCases::breakArray(const Value& schema, Schemas& open, std::vector<Breach>& out) const {
  const auto least = count(schema, "minItems").value_or(0);
  const auto most = count(schema, "maxItems");
  const auto depth = static_cast<int>(open.size());
  if (least > 0)
    out.push_back({{}, "fewer items than " + std::to_string(least), exampleArray(schema, least - 1, depth)});
  if (most && *most < kMaxUnits / 10)
    out.push_back({{}, "more items than " + std::to_string(*most), exampleArray(schema, *most + 1, depth)});
  const auto* items = json::member(schema, "items");
  if (items == nullptr) return;
  const auto one = example(*items, depth);
  if (flag(schema, "uniqueItems") && (!most || *most >= 2)) {
    const std::vector<std::string> twice(std::max<std::size_t>(2, least), one);
    out.push_back({{}, "the same item twice", arrayOf(twice)});
  }
  if (most && *most == 0) return;
  std::vector<Breach> inside;
  breaches(*items, open, inside);
  for (auto& breach : inside) {
    std::vector<std::string> all(std::max<std::size_t>(1, least), one);
    all.front() = breach.json;
    breach.location.insert(breach.location.begin(), "0");
    out.push_back({breach.location, breach.what, arrayOf(all)});
  }
}

void SchemaCases::breakObject(const Value& schema, Schemas& open, std::vector<Breach>& out) const {
  const auto depth = static_cast<int>(open.size());
  const auto base = requiredMembers(schema, depth);
  for (const auto& member : members(schema)) {
    if (member.required) {
      auto rest = base;
      std::erase_if(rest, [&](const auto& one) { return one.first == member.name; });
      out.push_back({{member.name}, "left out", objectOf(rest)});
    }
    if (member.schema == nullptr) continue;
    std::vector<Breach> inside;
    breaches(*member.schema, open, inside);
    for (auto& breach : inside) {
      auto all = base;
      replace(all, member.name, breach.json);
      breach.location.insert(breach.location.begin(), member.name);
      out.push_back({breach.location, breach.what, objectOf(all)});
    }
  }
  if (isClosed(schema)) {
    auto more = base;
    more.emplace_back("unknown_member", "\"x\"");
    out.push_back({{"unknown_member"}, "not described", objectOf(more)});
  }
  if (const auto least = count(schema, "minProperties"); least && *least > 0 && base.empty())
    out.push_back({{}, "fewer members than " + std::to_string(*least), "{}"});
  if (const auto most = count(schema, "maxProperties"); most && *most < kMaxUnits / 10 && !isClosed(schema)) {
    auto many = base;
    for (std::size_t i = 0; many.size() <= *most; ++i) many.emplace_back("x" + std::to_string(i), "\"x\"");
    out.push_back({{}, "more members than " + std::to_string(*most), objectOf(many)});
  }
}

}  // namespace mortise::testing
