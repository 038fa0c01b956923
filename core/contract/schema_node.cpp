#include "core/contract/schema_node.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>

#include "core/base/formats.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"

namespace mortise::contract {
namespace {

using json::Value;

constexpr std::size_t kMaxErrors = 100;     // a hostile body must not make an answer larger than itself
constexpr std::size_t kMaxNameBytes = 200;  // bytes of a member's name that an error repeats
// Parts of allOf, oneOf and anyOf that one check looks at. Where a schema contains itself in two of them, each level of
// the body doubles the work.
constexpr std::size_t kMaxParts = 500'000;
// Steps of all patterns in one check. A text of 16 KB may keep a thousand of them live for each of its characters.
constexpr std::size_t kMaxPatternSteps = 40'000'000;

// What is left of both for the outermost check of this thread.
class Budget {
 public:
  Budget() {
    if (depth_++ > 0) return;
    parts_ = kMaxParts;
    patternSteps_ = kMaxPatternSteps;
    spent_ = false;
  }
  ~Budget() { --depth_; }
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  // Something was not looked at: what the check found so far decides nothing.
  static bool spent() { return spent_; }
  // False: no part may be looked at any more.
  static bool takePart() {
    if (parts_ == 0) spent_ = true;
    return parts_ != 0 && parts_-- != 0;
  }
  // nullopt: no pattern may be tried any more.
  static std::optional<bool> matches(const Pattern& pattern, std::string_view text) {
    const auto result = pattern.matches(text, patternSteps_);
    if (!result) spent_ = true;
    return result;
  }

 private:
  static thread_local std::size_t depth_;
  static thread_local std::size_t parts_;
  static thread_local std::size_t patternSteps_;
  static thread_local bool spent_;
};
thread_local std::size_t Budget::depth_ = 0;
thread_local std::size_t Budget::parts_ = 0;
thread_local std::size_t Budget::patternSteps_ = 0;
thread_local bool Budget::spent_ = false;

// A member's name as the client sent it, for a location.
std::string shownName(std::string_view name) {
  if (name.size() <= kMaxNameBytes) return std::string(name);
  return std::string(text::head(name, kMaxNameBytes)) + "...";
}

bool isWhole(const Value& value) { return value.IsInt64() || value.IsUint64(); }

// What a text writes: digits, a sign before them.
std::optional<std::int64_t> wholeNumber(std::string_view digits) {
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  std::int64_t parsed = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return parsed;
}

// -1, 0, 1; exact for integers.
int compare(const Value& value, const NumberBound& bound) {
  if (bound.whole && value.IsInt64()) {
    const auto number = value.GetInt64();
    return number < bound.integer ? -1 : number > bound.integer ? 1 : 0;
  }
  if (bound.whole && value.IsUint64()) return 1;  // larger than any int64
  const double number = value.GetDouble();
  return number < bound.real ? -1 : number > bound.real ? 1 : 0;
}

bool hasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// UTF-8 form of U+D800..U+DFFF, which parsers that accept lone surrogates produce.
bool hasSurrogate(std::string_view text) {
  for (std::size_t i = text.find('\xed'); i != std::string_view::npos; i = text.find('\xed', i + 1)) {
    if (i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xa0) return true;
  }
  return false;
}

void report(Errors& errors, const Location& location, std::string rule, Params params = {}) {
  if (errors.size() >= kMaxErrors) return;
  for (const auto& error : errors) {  // allOf may report the same rule twice
    if (error.rule == rule && error.location == location) return;
  }
  errors.push_back({location, std::move(rule), std::move(params)});
}

struct Step {
  Step(Location& into, std::string part) : location(into) { location.push_back(std::move(part)); }
  ~Step() { location.pop_back(); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  Location& location;
};

// Strings without a schema must not contain characters that databases and C strings can't hold.
void checkText(const Value& value, Location& location, Errors& errors) {
  if (value.IsString()) {
    const auto text = json::view(value);
    if (hasNul(text)) return report(errors, location, "nul_character");
    if (hasSurrogate(text)) return report(errors, location, "surrogate");
    return;
  }
  if (value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      const Step into(location, std::to_string(i));
      checkText(value[i], location, errors);
    }
  } else if (value.IsObject()) {
    for (const auto& entry : value.GetObject()) {
      const auto name = json::view(entry.name);
      if (hasNul(name)) {
        report(errors, location, "nul_character");
        continue;
      }
      const Step into(location, shownName(name));
      checkText(entry.value, location, errors);
    }
  }
}

bool isMultiple(const Value& value, const NumberBound& step) {
  if (step.whole && value.IsInt64()) return value.GetInt64() % step.integer == 0;
  if (step.whole && value.IsUint64()) return value.GetUint64() % static_cast<std::uint64_t>(step.integer) == 0;
  const double count = value.GetDouble() / step.real;
  return std::isfinite(count) && std::abs(count - std::round(count)) <= 1e-9 * std::max(1.0, std::abs(count));
}

// Two equal members? Sorted by canonical text: comparing each with each, or hashing what a client may have chosen for its
// hashes, would be a way to keep us busy.
bool hasTwins(const Value& array) {
  std::vector<std::string> texts;
  const std::function<void(const Value&, std::string&)> write = [&](const Value& value, std::string& out) {
    if (value.IsArray()) {
      out += '[';
      for (const auto& item : value.GetArray()) write(item, out), out += ',';
      out += ']';
    } else if (value.IsObject()) {
      std::map<std::string_view, const Value*> sorted;
      for (const auto& entry : value.GetObject()) sorted[json::view(entry.name)] = &entry.value;
      out += '{';
      for (const auto& [name, member] : sorted) {
        json::appendQuoted(out, name);
        out += ':';
        write(*member, out);
        out += ',';
      }
      out += '}';
    } else if (value.IsDouble() && std::nearbyint(value.GetDouble()) == value.GetDouble() &&
               std::abs(value.GetDouble()) < 9e15) {
      out += std::to_string(static_cast<std::int64_t>(value.GetDouble()));  // 1.0 equals 1
    } else {
      out += json::toText(value);
    }
  };
  for (const auto& item : array.GetArray()) {
    write(item, texts.emplace_back());
  }
  std::sort(texts.begin(), texts.end());
  return std::adjacent_find(texts.begin(), texts.end()) != texts.end();
}

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text::equalsIgnoreCase(text, word); });
}

// RapidJSON asserts on a null pointer, which an empty view may hold.
void setText(Value& into, std::string_view text, json::Document::AllocatorType& allocator) {
  into.SetString(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

}  // namespace

void StringRules::check(const Value& value, const Location& location, Errors& errors) const {
  const auto text = json::view(value);
  if (hasNul(text)) return report(errors, location, "nul_character");
  if (hasSurrogate(text)) return report(errors, location, "surrogate");
  if (minLength > 0 || maxLength != SIZE_MAX) {
    // A text of fewer bytes than the minimum, or of more than four times the maximum, needs no counting.
    const auto length = text.size() / 4 > maxLength ? SIZE_MAX : text.size() < minLength ? 0 : text::length(text);
    if (length < minLength)
      return report(errors, location, "string_too_short", {{"min_length", std::to_string(minLength)}});
    if (length > maxLength)
      return report(errors, location, "string_too_long", {{"max_length", std::to_string(maxLength)}});
  }
  if (pattern != nullptr) {
    const auto matches = Budget::matches(*pattern, text);
    if (!matches) return report(errors, location, "too_complex");
    if (!*matches) return report(errors, location, "string_pattern_mismatch", {{"pattern", patternText}});
  }
  const auto require = [&](bool good, const char* rule) {
    if (!good) report(errors, location, rule);
  };
  switch (format) {
    case StringFormat::email:
      return require(text::isEmail(text), "email");
    case StringFormat::uuid:
      return require(isUuid(text), "uuid");
    case StringFormat::uri:
      return require(text::isUri(text), "uri");
    case StringFormat::dateTime:
      return require(text::isDateTime(text), "date_time");
    case StringFormat::date:
      return require(text::isDate(text), "date");
    case StringFormat::none:
      return;
  }
}

void NumberRules::check(const Value& value, const Location& location, Errors& errors) const {
  if (integer && !value.IsInt64()) {
    return report(errors, location, "less_than_equal",
                  {{"le", std::to_string(std::numeric_limits<std::int64_t>::max())}});
  }
  if (int32 && isWhole(value)) {
    constexpr std::int64_t kMin = std::numeric_limits<std::int32_t>::min(),
                           kMax = std::numeric_limits<std::int32_t>::max();
    if (value.IsUint64() && value.GetUint64() > static_cast<std::uint64_t>(kMax))
      return report(errors, location, "less_than_equal", {{"le", std::to_string(kMax)}});
    if (value.IsInt64() && value.GetInt64() < kMin)
      return report(errors, location, "greater_than_equal", {{"ge", std::to_string(kMin)}});
  }
  if (least.set) {
    const int order = compare(value, least);
    if (least.exclusive ? order <= 0 : order < 0) {
      report(errors, location, least.exclusive ? "greater_than" : "greater_than_equal",
             {{least.exclusive ? "gt" : "ge", least.text}});
    }
  }
  if (most.set) {
    const int order = compare(value, most);
    if (most.exclusive ? order >= 0 : order > 0) {
      report(errors, location, most.exclusive ? "less_than" : "less_than_equal",
             {{most.exclusive ? "lt" : "le", most.text}});
    }
  }
  if (step.set && !isMultiple(value, step)) report(errors, location, "multiple_of", {{"multiple_of", step.text}});
}

void ArrayRules::check(const Value& value, Location& location, Errors& errors) const {
  if (value.Size() < minItems) report(errors, location, "too_short", {{"min_length", std::to_string(minItems)}});
  if (value.Size() > maxItems) return report(errors, location, "too_long", {{"max_length", std::to_string(maxItems)}});
  for (rapidjson::SizeType i = 0; i < value.Size() && errors.size() < kMaxErrors; ++i) {
    const Step into(location, std::to_string(i));
    if (items != nullptr) {
      items->check(value[i], location, errors);
    } else {
      checkText(value[i], location, errors);
    }
  }
  if (unique && value.Size() > 1 && hasTwins(value)) report(errors, location, "not_unique");
}

const ObjectRules::Property* ObjectRules::find(std::string_view name) const {
  const auto at = std::lower_bound(byName.begin(), byName.end(), name,
                                   [](const auto& entry, std::string_view key) { return entry.first < key; });
  return at != byName.end() && at->first == name ? &properties[at->second] : nullptr;
}

void ObjectRules::check(const Value& value, Location& location, Errors& errors) const {
  for (const auto& property : properties) {
    const Value* member = json::member(value, property.name);
    if (member == nullptr && !property.required) continue;
    const Step into(location, property.name);
    if (member == nullptr) {
      report(errors, location, "missing");
    } else if (property.schema != nullptr) {
      property.schema->check(*member, location, errors);
    }
  }
  if (value.MemberCount() < minMembers)
    report(errors, location, "too_short", {{"min_length", std::to_string(minMembers)}});
  if (value.MemberCount() > maxMembers)
    report(errors, location, "too_long", {{"max_length", std::to_string(maxMembers)}});
  for (const auto& entry : value.GetObject()) {
    const auto name = json::view(entry.name);
    if (const Property* known = find(name); known != nullptr && (known->schema != nullptr || closed)) continue;
    if (hasNul(name)) {
      report(errors, location, "nul_character");
      continue;
    }
    const Step into(location, shownName(name));
    if (closed) {
      report(errors, location, "extra_forbidden");
    } else if (additional != nullptr) {
      additional->check(entry.value, location, errors);
    } else {
      checkText(entry.value, location, errors);  // no schema describes it, yet a handler may store it
    }
  }
}

bool SchemaNode::typeFits(const Value& value, const Location& location, Errors& errors) const {
  bool fits = true;
  const char* rule = "";
  switch (type) {
    case SchemaType::any:
      return true;
    case SchemaType::string:
      fits = value.IsString(), rule = "string_type";
      break;
    case SchemaType::integer:
      fits = isWhole(value), rule = "int_type";
      break;
    case SchemaType::number:
      fits = value.IsNumber(), rule = "float_type";
      break;
    case SchemaType::boolean:
      fits = value.IsBool(), rule = "bool_type";
      break;
    case SchemaType::array:
      fits = value.IsArray(), rule = "list_type";
      break;
    case SchemaType::object:
      fits = value.IsObject(), rule = "object_type";
      break;
  }
  if (fits) return true;
  if (value.IsNull()) return report(errors, location, "null_forbidden", {{"type", rule}}), false;
  report(errors, location, rule);
  return false;
}

void SchemaNode::check(const Value& value, Location& location, Errors& errors) const {
  if (target != nullptr) return target->check(value, location, errors);
  if (errors.size() >= kMaxErrors) return;
  const Budget budget;
  if (value.IsNull() && nullable) return;
  if (!typeFits(value, location, errors)) return;

  if (value.IsString()) {
    string.check(value, location, errors);
  } else if (value.IsNumber()) {
    number.check(value, location, errors);
  } else if (value.IsArray()) {
    array.check(value, location, errors);
  } else if (value.IsObject()) {
    object.check(value, location, errors);
  }
  if (!values.empty() && std::none_of(values.begin(), values.end(), [&](const Value* one) { return *one == value; })) {
    report(errors, location, "literal_error", {{"expected", expected}});
  }
  for (const auto* part : allOf) {
    if (!Budget::takePart()) return report(errors, location, "too_complex");
    part->check(value, location, errors);
  }
  if (!discriminator.empty()) return checkDiscriminated(value, location, errors);
  if (!oneOf.empty()) checkBranches(oneOf, true, value, location, errors);
  if (!anyOf.empty()) checkBranches(anyOf, false, value, location, errors);
}

void SchemaNode::checkDiscriminated(const Value& value, Location& location, Errors& errors) const {
  const Value* name = json::member(value, discriminator);
  const Step into(location, discriminator);
  if (!value.IsObject() || name == nullptr) return report(errors, location, "missing");
  const auto branch = name->IsString() ? mapping.find(json::view(*name)) : mapping.end();
  if (branch == mapping.end()) {
    std::string names;
    for (const auto& [key, node] : mapping) names.append(names.empty() ? "'" : ", '").append(key).append("'");
    return report(errors, location, "literal_error", {{"expected", names}});
  }
  location.pop_back();
  branch->second->check(value, location, errors);
  location.push_back(discriminator);
}

// True when the value has the schema's type, whatever the other rules say.
bool SchemaNode::suits(const Value& value) const {
  if (target != nullptr) return target->suits(value);
  switch (type) {
    case SchemaType::any:
      return true;
    case SchemaType::string:
      return value.IsString();
    case SchemaType::integer:
    case SchemaType::number:
      return value.IsNumber();
    case SchemaType::boolean:
      return value.IsBool();
    case SchemaType::array:
      return value.IsArray();
    case SchemaType::object:
      return value.IsObject();
  }
  return false;
}

void SchemaNode::checkBranches(const std::vector<const SchemaNode*>& branches, bool exactlyOne, const Value& value,
                               Location& location, Errors& errors) {
  std::size_t fitting = 0;
  std::size_t suiting = 0;
  Errors complaints;  // of the last branch of the right kind
  for (const auto* branch : branches) {
    if (!Budget::takePart()) return report(errors, location, "too_complex");
    Errors own;
    branch->check(value, location, own);
    if (own.empty()) ++fitting;
    if (!branch->suits(value)) continue;
    ++suiting;
    complaints = std::move(own);
  }
  if (Budget::spent()) return report(errors, location, "too_complex");
  if (fitting == 1 || (fitting > 1 && !exactlyOne)) return;
  if (fitting == 0 && suiting == 1) {  // one branch of the right kind: its own complaints say more than "one_of"
    for (auto& complaint : complaints) report(errors, complaint.location, complaint.rule, complaint.params);
    return;
  }
  report(errors, location, "one_of");
}

void SchemaNode::readWholeNumbers(Value& value) const {
  if (target != nullptr) return target->readWholeNumbers(value);
  const Budget budget;
  if (type == SchemaType::integer && value.IsString()) {
    if (const auto whole = wholeNumber(json::view(value))) value.SetInt64(*whole);
  } else if (value.IsArray() && array.items != nullptr) {
    for (auto& item : value.GetArray()) array.items->readWholeNumbers(item);
  } else if (value.IsObject()) {
    for (auto& member : value.GetObject()) {
      const auto* property = object.find(json::view(member.name));
      const auto* schema = property != nullptr ? property->schema : object.additional;
      if (schema != nullptr) schema->readWholeNumbers(member.value);
    }
  }
  for (const auto* part : allOf) {
    if (!Budget::takePart()) return;
    part->readWholeNumbers(value);
  }
}

bool SchemaNode::convert(std::string_view text, Value& into, json::Document::AllocatorType& allocator,
                         const Location& location, Errors& errors) const {
  if (target != nullptr) return target->convert(text, into, allocator, location, errors);
  const auto before = errors.size();
  Location here = location;
  switch (type) {
    case SchemaType::integer: {
      const auto parsed = wholeNumber(text);
      if (!parsed) return report(errors, location, "int_parsing"), false;
      into.SetInt64(*parsed);
      break;
    }
    case SchemaType::number: {
      double parsed = 0;
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(parsed))
        return report(errors, location, "float_parsing"), false;
      into.SetDouble(parsed);
      break;
    }
    case SchemaType::boolean:
      if (isOneOf(text, {"true", "1", "yes", "on"})) {
        into.SetBool(true);
      } else if (isOneOf(text, {"false", "0", "no", "off"})) {
        into.SetBool(false);
      } else {
        return report(errors, location, "bool_parsing"), false;
      }
      break;
    case SchemaType::array: {  // one occurrence; rules of the whole array are checked after the last
      Value item;
      if (!into.IsArray()) into.SetArray();
      here.push_back(std::to_string(into.Size()));
      if (array.items != nullptr) {
        if (!array.items->convert(text, item, allocator, here, errors)) return false;
      } else {
        setText(item, text, allocator);
        checkText(item, here, errors);
      }
      into.PushBack(item, allocator);
      return errors.size() == before;
    }
    case SchemaType::any:
    case SchemaType::object:
    case SchemaType::string:
      setText(into, text, allocator);
      if (!text::isUtf8(text)) return report(errors, location, "surrogate"), false;
      break;
  }
  if (type != SchemaType::object) check(into, here, errors);
  return errors.size() == before;
}

}  // namespace mortise::contract
