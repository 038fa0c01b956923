#include "core/contract/schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/contract/formats.hpp"
#include "core/contract/pattern.hpp"

namespace mortise::contract {
namespace {

using json::Value;
using Location = std::vector<std::string>;
using Errors = std::vector<FieldError>;

enum class Type : std::uint8_t { any, string, integer, number, boolean, array, object };
enum class Format : std::uint8_t { none, email, uuid, uri, dateTime, date, int32 };

constexpr std::size_t kMostErrors = 100;  // a hostile body must not make an answer larger than itself

struct Bound {
  bool set = false;
  bool exclusive = false;
  bool whole = false;  // written as an integer that fits
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  // as the document writes it
};

class Node;

struct Property {
  std::string name;
  const Node* schema = nullptr;
  bool required = false;
};

bool isWhole(const Value& value) { return value.IsInt64() || value.IsUint64(); }

// -1, 0, 1; exact for integers.
int compare(const Value& value, const Bound& bound) {
  if (bound.whole && value.IsInt64()) {
    const auto number = value.GetInt64();
    return number < bound.integer ? -1 : number > bound.integer ? 1 : 0;
  }
  if (bound.whole && value.IsUint64()) return 1;  // larger than any int64
  const double number = value.GetDouble();
  return number < bound.real ? -1 : number > bound.real ? 1 : 0;
}

bool hasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// UTF-8 form of U+D800..U+DFFF; parsers that take lone surrogates produce it.
bool hasSurrogate(std::string_view text) {
  for (std::size_t i = text.find('\xed'); i != std::string_view::npos; i = text.find('\xed', i + 1)) {
    if (i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xa0) return true;
  }
  return false;
}

class Node final : public Schema {
 public:
  void check(const Value& value, Location& location, Errors& errors) const override;
  bool convert(std::string_view text, Value& into, json::Document::AllocatorType& allocator, const Location& location,
               Errors& errors) const override;

  const Node* target = nullptr;  // $ref: everything else is empty
  Type type = Type::any;
  bool nullable = false;
  std::vector<const Value*> values;  // enum
  std::string expected;              // the same, for the message

  std::vector<Property> properties;
  std::vector<std::pair<std::string_view, std::size_t>> byName;  // sorted
  bool closed = false;                                           // additionalProperties: false
  const Node* additional = nullptr;
  std::size_t minMembers = 0, maxMembers = SIZE_MAX;

  const Node* items = nullptr;
  std::size_t minItems = 0, maxItems = SIZE_MAX;
  bool unique = false;

  std::size_t minLength = 0, maxLength = SIZE_MAX;
  std::unique_ptr<Pattern> pattern;
  std::string patternText;
  Format format = Format::none;

  Bound least, most, step;

  std::vector<const Node*> allOf, oneOf, anyOf;
  std::string discriminator;
  std::map<std::string, const Node*, std::less<>> mapping;

 private:
  bool accepts(const Value& value) const;
  bool typeFits(const Value& value, const Location& location, Errors& errors) const;
  void checkString(const Value& value, const Location& location, Errors& errors) const;
  void checkNumber(const Value& value, const Location& location, Errors& errors) const;
  void checkArray(const Value& value, Location& location, Errors& errors) const;
  void checkObject(const Value& value, Location& location, Errors& errors) const;
  void checkBranches(const std::vector<const Node*>& branches, bool exactlyOne, const Value& value, Location& location,
                     Errors& errors) const;
  const Property* find(std::string_view name) const;
};

// What a compiled schema keeps alive: all nodes, recursive ones included, and the document its enums point into.
struct Arena {
  std::vector<std::unique_ptr<Node>> nodes;
  json::Document kept;
  std::vector<std::unique_ptr<Value>> keptValues;
};

void report(Errors& errors, const Location& location, std::string rule, Params params = {}) {
  if (errors.size() >= kMostErrors) return;
  for (const auto& error : errors) {  // allOf may say the same twice
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

// Strings that nothing describes still may not carry what databases and C strings can't.
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
      const Step into(location, std::string(name));
      checkText(entry.value, location, errors);
    }
  }
}

bool Node::accepts(const Value& value) const {
  Location location;
  Errors errors;
  check(value, location, errors);
  return errors.empty();
}

const Property* Node::find(std::string_view name) const {
  const auto at = std::lower_bound(byName.begin(), byName.end(), name,
                                   [](const auto& entry, std::string_view key) { return entry.first < key; });
  return at != byName.end() && at->first == name ? &properties[at->second] : nullptr;
}

bool Node::typeFits(const Value& value, const Location& location, Errors& errors) const {
  bool fits = true;
  const char* rule = "";
  switch (type) {
    case Type::any:
      return true;
    case Type::string:
      fits = value.IsString(), rule = "string_type";
      break;
    case Type::integer:
      fits = isWhole(value), rule = "int_type";
      break;
    case Type::number:
      fits = value.IsNumber(), rule = "float_type";
      break;
    case Type::boolean:
      fits = value.IsBool(), rule = "bool_type";
      break;
    case Type::array:
      fits = value.IsArray(), rule = "list_type";
      break;
    case Type::object:
      fits = value.IsObject(), rule = "object_type";
      break;
  }
  if (!fits) report(errors, location, value.IsNull() ? "null_forbidden" : rule);
  return fits;
}

void Node::check(const Value& value, Location& location, Errors& errors) const {
  if (target != nullptr) return target->check(value, location, errors);
  if (errors.size() >= kMostErrors) return;
  if (value.IsNull() && nullable) return;
  if (!typeFits(value, location, errors)) return;

  if (value.IsString()) {
    checkString(value, location, errors);
  } else if (value.IsNumber()) {
    checkNumber(value, location, errors);
  } else if (value.IsArray()) {
    checkArray(value, location, errors);
  } else if (value.IsObject()) {
    checkObject(value, location, errors);
  }
  if (!values.empty() && std::none_of(values.begin(), values.end(), [&](const Value* one) { return *one == value; })) {
    report(errors, location, "literal_error", {{"expected", expected}});
  }
  for (const auto* part : allOf) part->check(value, location, errors);
  if (!discriminator.empty()) {
    const Value* name = json::member(value, discriminator);
    const Step into(location, discriminator);
    if (!value.IsObject() || name == nullptr) return report(errors, location, "missing");
    const auto found = name->IsString() ? mapping.find(json::view(*name)) : mapping.end();
    if (found == mapping.end()) {
      std::string names;
      for (const auto& [key, node] : mapping) names.append(names.empty() ? "'" : ", '").append(key).append("'");
      return report(errors, location, "literal_error", {{"expected", names}});
    }
    location.pop_back();
    found->second->check(value, location, errors);
    location.push_back(discriminator);
    return;
  }
  if (!oneOf.empty()) checkBranches(oneOf, true, value, location, errors);
  if (!anyOf.empty()) checkBranches(anyOf, false, value, location, errors);
}

bool sameKind(const Node& node, const Value& value) {
  if (node.target != nullptr) return sameKind(*node.target, value);
  switch (node.type) {
    case Type::any:
      return true;
    case Type::string:
      return value.IsString();
    case Type::integer:
    case Type::number:
      return value.IsNumber();
    case Type::boolean:
      return value.IsBool();
    case Type::array:
      return value.IsArray();
    case Type::object:
      return value.IsObject();
  }
  return false;
}

void Node::checkBranches(const std::vector<const Node*>& branches, bool exactlyOne, const Value& value,
                         Location& location, Errors& errors) const {
  const auto fitting =
      std::count_if(branches.begin(), branches.end(), [&](const Node* branch) { return branch->accepts(value); });
  if (fitting == 1 || (fitting > 1 && !exactlyOne)) return;
  if (fitting == 0) {  // one branch of the right kind: its own complaints say more than "one_of"
    const Node* only = nullptr;
    std::size_t kindred = 0;
    for (const auto* branch : branches) {
      if (sameKind(*branch, value)) only = branch, ++kindred;
    }
    if (kindred == 1) return only->check(value, location, errors);
  }
  report(errors, location, "one_of");
}

void Node::checkString(const Value& value, const Location& location, Errors& errors) const {
  const auto text = json::view(value);
  if (hasNul(text)) return report(errors, location, "nul_character");
  if (hasSurrogate(text)) return report(errors, location, "surrogate");
  if (minLength > 0 || maxLength != SIZE_MAX) {
    // Fewer bytes than the least, or more than four times the most, need no counting.
    const auto length = text.size() / 4 > maxLength ? SIZE_MAX : text.size() < minLength ? 0 : text::length(text);
    if (length < minLength)
      return report(errors, location, "string_too_short", {{"min_length", std::to_string(minLength)}});
    if (length > maxLength)
      return report(errors, location, "string_too_long", {{"max_length", std::to_string(maxLength)}});
  }
  if (pattern != nullptr && !pattern->matches(text)) {
    return report(errors, location, "string_pattern_mismatch", {{"pattern", patternText}});
  }
  const auto want = [&](bool good, const char* rule) {
    if (!good) report(errors, location, rule);
  };
  switch (format) {
    case Format::email:
      return want(isEmail(text), "email");
    case Format::uuid:
      return want(isUuid(text), "uuid");
    case Format::uri:
      return want(isUri(text), "uri");
    case Format::dateTime:
      return want(isDateTime(text), "date_time");
    case Format::date:
      return want(isDate(text), "date");
    case Format::none:
    case Format::int32:
      return;
  }
}

bool isMultiple(const Value& value, const Bound& step) {
  if (step.whole && value.IsInt64()) return value.GetInt64() % step.integer == 0;
  if (step.whole && value.IsUint64()) return value.GetUint64() % static_cast<std::uint64_t>(step.integer) == 0;
  const double count = value.GetDouble() / step.real;
  return std::isfinite(count) && std::abs(count - std::round(count)) <= 1e-9 * std::max(1.0, std::abs(count));
}

void Node::checkNumber(const Value& value, const Location& location, Errors& errors) const {
  if (type == Type::integer && !value.IsInt64()) {
    return report(errors, location, "less_than_equal",
                  {{"le", std::to_string(std::numeric_limits<std::int64_t>::max())}});
  }
  if (format == Format::int32 && isWhole(value)) {
    constexpr std::int64_t kLeast = std::numeric_limits<std::int32_t>::min(),
                           kMost = std::numeric_limits<std::int32_t>::max();
    if (value.IsUint64() && value.GetUint64() > static_cast<std::uint64_t>(kMost))
      return report(errors, location, "less_than_equal", {{"le", std::to_string(kMost)}});
    if (value.IsInt64() && value.GetInt64() < kLeast)
      return report(errors, location, "greater_than_equal", {{"ge", std::to_string(kLeast)}});
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

// Two equal members? Sorted by canonical text: a quadratic comparison of a client's array would be a way to keep us
// busy.
bool hasTwins(const Value& array) {
  std::unordered_set<std::string> seen;
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
    std::string text;
    write(item, text);
    if (!seen.insert(std::move(text)).second) return true;
  }
  return false;
}

void Node::checkArray(const Value& value, Location& location, Errors& errors) const {
  if (value.Size() < minItems) report(errors, location, "too_short", {{"min_length", std::to_string(minItems)}});
  if (value.Size() > maxItems) return report(errors, location, "too_long", {{"max_length", std::to_string(maxItems)}});
  for (rapidjson::SizeType i = 0; i < value.Size() && errors.size() < kMostErrors; ++i) {
    const Step into(location, std::to_string(i));
    if (items != nullptr) {
      items->check(value[i], location, errors);
    } else {
      checkText(value[i], location, errors);
    }
  }
  if (unique && value.Size() > 1 && hasTwins(value)) report(errors, location, "not_unique");
}

void Node::checkObject(const Value& value, Location& location, Errors& errors) const {
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
    const Step into(location, std::string(name));
    if (closed) {
      report(errors, location, "extra_forbidden");
    } else if (additional != nullptr) {
      additional->check(entry.value, location, errors);
    } else {
      checkText(entry.value, location, errors);  // not described, yet handlers may keep it
    }
  }
}

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text::equalsIgnoreCase(text, word); });
}

// RapidJSON asserts on a null pointer, which an empty view may hold.
void setText(Value& into, std::string_view text, json::Document::AllocatorType& allocator) {
  into.SetString(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

bool Node::convert(std::string_view text, Value& into, json::Document::AllocatorType& allocator,
                   const Location& location, Errors& errors) const {
  if (target != nullptr) return target->convert(text, into, allocator, location, errors);
  const auto before = errors.size();
  Location here = location;
  switch (type) {
    case Type::integer: {
      auto digits = text;
      if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
      std::int64_t number = 0;
      const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (failure != std::errc() || end != digits.data() + digits.size())
        return report(errors, location, "int_parsing"), false;
      into.SetInt64(number);
      break;
    }
    case Type::number: {
      double number = 0;
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
        return report(errors, location, "float_parsing"), false;
      into.SetDouble(number);
      break;
    }
    case Type::boolean:
      if (isOneOf(text, {"true", "1", "yes", "on"})) {
        into.SetBool(true);
      } else if (isOneOf(text, {"false", "0", "no", "off"})) {
        into.SetBool(false);
      } else {
        return report(errors, location, "bool_parsing"), false;
      }
      break;
    case Type::array: {  // one occurrence; rules of the whole array are checked once all are in
      Value item;
      if (!into.IsArray()) into.SetArray();
      here.push_back(std::to_string(into.Size()));
      if (items != nullptr) {
        if (!items->convert(text, item, allocator, here, errors)) return false;
      } else {
        setText(item, text, allocator);
        checkText(item, here, errors);
      }
      into.PushBack(item, allocator);
      return errors.size() == before;
    }
    case Type::any:
    case Type::object:
    case Type::string:
      setText(into, text, allocator);
      if (!text::isUtf8(text)) return report(errors, location, "surrogate"), false;
      break;
  }
  if (type != Type::object) check(into, here, errors);
  return errors.size() == before;
}

// ----------------------------------------------------------------------------------------------------------------
// compile

const std::vector<std::string>& knownKeywords() {
  static const std::vector<std::string> names = {
      "$ref", "type", "nullable", "enum", "format", "properties", "required", "additionalProperties", "minProperties",
      "maxProperties", "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum",
      "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "oneOf", "anyOf", "discriminator",
      // no effect on what is valid
      "description", "example", "title", "deprecated", "readOnly", "writeOnly", "default", "externalDocs", "xml"};
  return names;
}

const std::vector<std::string> kCheckedFormats = {"email", "uuid", "uri", "date-time", "date", "int32", "int64"};
const std::vector<std::string> kSilentFormats = {"float",         "double",   "byte",     "binary", "password",
                                                 "time",          "duration", "hostname", "ipv4",   "ipv6",
                                                 "uri-reference", "url",      "regex"};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Compiler {
 public:
  Compiler(const Value& root, Arena& arena) : root_(root), arena_(arena) {}

  Node* compile(const Value& schema) {
    if (!schema.IsObject()) fail("expected a schema (an object), found " + json::toText(schema));
    if (const auto known = nodes_.find(&schema); known != nodes_.end()) return known->second;
    if (++depth_ > 200) fail("schemas are nested deeper than 200");
    arena_.nodes.push_back(std::make_unique<Node>());
    Node* node = arena_.nodes.back().get();
    nodes_[&schema] = node;
    fill(schema, *node);
    --depth_;
    return node;
  }

  // A $ref that only leads back to itself would never end.
  void refuseLoops() const {
    for (const auto& node : arena_.nodes) {
      std::unordered_set<const Node*> seen;
      for (const Node* at = node.get(); at != nullptr; at = at->target) {
        if (!seen.insert(at).second) fail("a $ref leads back to itself");
      }
    }
    std::map<const Node*, int> state;
    for (const auto& node : arena_.nodes) visit(node.get(), state);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(where_.empty() ? reason : where_ + ": " + reason);
  }

  // allOf / oneOf / anyOf / $ref are walked without going down in the value, so a cycle through them alone never ends.
  void visit(const Node* node, std::map<const Node*, int>& state) const {
    int& mine = state[node];
    if (mine == 2) return;
    if (mine == 1) fail("a schema contains itself through $ref, allOf, oneOf or anyOf without a property between");
    mine = 1;
    if (node->target != nullptr) visit(node->target, state);
    for (const auto* list : {&node->allOf, &node->oneOf, &node->anyOf}) {
      for (const auto* part : *list) visit(part, state);
    }
    for (const auto& [name, part] : node->mapping) visit(part, state);
    state[node] = 2;
  }

  const Value& resolve(std::string_view reference) {
    if (reference.substr(0, 2) != "#/")
      fail("$ref " + json::quoted(reference) + " is not local: expected \"#/components/schemas/Name\"");
    const Value* at = &root_;
    for (const auto part : text::split(reference.substr(2), '/')) {
      std::string name;
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (part.substr(i, 2) == "~1") {
          name += '/';
          ++i;
        } else if (part.substr(i, 2) == "~0") {
          name += '~';
          ++i;
        } else {
          name += part[i];
        }
      }
      const Value* next = json::member(*at, name);
      if (next == nullptr) {
        std::vector<std::string> names;
        if (at->IsObject()) {
          for (const auto& entry : at->GetObject()) names.emplace_back(json::view(entry.name));
        }
        const auto near = text::nearest(name, names);
        fail("$ref " + json::quoted(reference) + " leads nowhere" +
             (near.empty() ? std::string() : "; did you mean \"" + near + "\""));
      }
      at = next;
    }
    return *at;
  }

  void fill(const Value& schema, Node& node) {
    if (const Value* reference = json::member(schema, "$ref")) {
      if (!reference->IsString()) fail("$ref must be a string");
      const std::string before = where_;
      where_ = std::string(json::view(*reference));
      node.target = compile(resolve(json::view(*reference)));
      where_ = before;
      return;  // OpenAPI 3.0: siblings of $ref are ignored
    }
    for (const auto& entry : schema.GetObject()) {
      const auto name = json::view(entry.name);
      if (name.substr(0, 2) == "x-" || contains(knownKeywords(), name)) continue;
      if (name == "not") fail("keyword \"not\" is not served: say what is allowed with enum, pattern or oneOf");
      if (name == "const") fail("keyword \"const\" is not part of OpenAPI 3.0: write enum with one value");
      const auto near = text::nearest(name, knownKeywords());
      fail("keyword \"" + std::string(name) + "\" is not served" +
           (near.empty() ? "; remove it" : "; did you mean \"" + near + "\""));
    }
    node.type = typeOf(schema);
    node.nullable = flag(schema, "nullable");
    if (node.nullable && node.type == Type::any) fail("nullable needs type beside it");
    fillValues(schema, node);
    fillObject(schema, node);
    fillArray(schema, node);
    fillString(schema, node);
    fillNumber(schema, node);
    branches(schema, "allOf", node.allOf);
    branches(schema, "oneOf", node.oneOf);
    branches(schema, "anyOf", node.anyOf);
    fillDiscriminator(schema, node);
  }

  Type typeOf(const Value& schema) const {
    const Value* type = json::member(schema, "type");
    if (type == nullptr) return Type::any;
    static const std::vector<std::pair<std::string, Type>> names = {
        {"string", Type::string},   {"integer", Type::integer}, {"number", Type::number},
        {"boolean", Type::boolean}, {"array", Type::array},     {"object", Type::object}};
    for (const auto& [name, value] : names) {
      if (type->IsString() && json::view(*type) == name) return value;
    }
    fail("expected type string, integer, number, boolean, array or object, found " + json::toText(*type) +
         (type->IsArray() ? "; OpenAPI 3.0 says nullable: true" : ""));
  }

  bool flag(const Value& schema, const char* name) const {
    const Value* value = json::member(schema, name);
    if (value == nullptr) return false;
    if (!value->IsBool()) fail(std::string(name) + ": expected true or false, found " + json::toText(*value));
    return value->GetBool();
  }

  std::size_t count(const Value& schema, const char* name, std::size_t otherwise) const {
    const Value* value = json::member(schema, name);
    if (value == nullptr) return otherwise;
    if (!value->IsUint64()) fail(std::string(name) + ": expected a whole number from 0, found " + json::toText(*value));
    return value->GetUint64();
  }

  std::string_view textOf(const Value& schema, const char* name) const {
    const Value* value = json::member(schema, name);
    if (value == nullptr) return {};
    if (!value->IsString()) fail(std::string(name) + ": expected a string, found " + json::toText(*value));
    return json::view(*value);
  }

  void fillValues(const Value& schema, Node& node) {
    const Value* values = json::member(schema, "enum");
    if (values == nullptr) return;
    if (!values->IsArray() || values->Empty()) fail("enum: expected a list with at least one value");
    for (rapidjson::SizeType i = 0; i < values->Size(); ++i) {
      const Value& value = (*values)[i];
      if (value.IsNull()) node.nullable = true;
      arena_.keptValues.push_back(std::make_unique<Value>(value, arena_.kept.GetAllocator()));
      node.values.push_back(arena_.keptValues.back().get());
      if (i > 0) node.expected += i + 1 == values->Size() ? " or " : ", ";
      node.expected += value.IsString() ? "'" + std::string(json::view(value)) + "'" : json::toText(value);
    }
  }

  void fillObject(const Value& schema, Node& node) {
    if (const Value* properties = json::member(schema, "properties")) {
      if (!properties->IsObject()) fail("properties: expected an object");
      for (const auto& entry : properties->GetObject()) {
        const std::string before = where_;
        where_ += (where_.empty() ? "" : ".") + std::string(json::view(entry.name));
        node.properties.push_back({std::string(json::view(entry.name)), compile(entry.value), false});
        where_ = before;
      }
    }
    if (const Value* required = json::member(schema, "required")) {
      if (!required->IsArray()) fail("required: expected a list of property names, found " + json::toText(*required));
      for (const auto& name : required->GetArray()) {
        if (!name.IsString()) fail("required: expected property names, found " + json::toText(name));
        const auto known = std::find_if(node.properties.begin(), node.properties.end(),
                                        [&](const Property& property) { return property.name == json::view(name); });
        if (known != node.properties.end()) {
          known->required = true;
        } else {
          node.properties.push_back({std::string(json::view(name)), nullptr, true});
        }
      }
    }
    for (std::size_t i = 0; i < node.properties.size(); ++i) node.byName.emplace_back(node.properties[i].name, i);
    std::sort(node.byName.begin(), node.byName.end());
    if (const Value* additional = json::member(schema, "additionalProperties")) {
      if (additional->IsBool()) {
        node.closed = !additional->GetBool();
      } else {
        node.additional = compile(*additional);
      }
    }
    node.minMembers = count(schema, "minProperties", 0);
    node.maxMembers = count(schema, "maxProperties", SIZE_MAX);
  }

  void fillArray(const Value& schema, Node& node) {
    if (const Value* items = json::member(schema, "items")) {
      const std::string before = where_;
      where_ += "[]";
      node.items = compile(*items);
      where_ = before;
    } else if (node.type == Type::array) {
      fail("type array needs items");
    }
    node.minItems = count(schema, "minItems", 0);
    node.maxItems = count(schema, "maxItems", SIZE_MAX);
    node.unique = flag(schema, "uniqueItems");
  }

  void fillString(const Value& schema, Node& node) {
    node.minLength = count(schema, "minLength", 0);
    node.maxLength = count(schema, "maxLength", SIZE_MAX);
    if (node.minLength > node.maxLength) fail("minLength is above maxLength");
    if (const auto pattern = textOf(schema, "pattern"); !pattern.empty()) {
      try {
        node.pattern = std::make_unique<Pattern>(pattern);
      } catch (const std::runtime_error& error) {
        fail(error.what());
      }
      node.patternText = pattern;
    }
    const auto format = textOf(schema, "format");
    if (format.empty() || contains(kSilentFormats, format)) return;
    if (format == "email") node.format = Format::email;
    if (format == "uuid") node.format = Format::uuid;
    if (format == "uri") node.format = Format::uri;
    if (format == "date-time") node.format = Format::dateTime;
    if (format == "date") node.format = Format::date;
    if (format == "int32") node.format = Format::int32;
    if (contains(kCheckedFormats, format)) return;
    auto formats = kCheckedFormats;
    formats.insert(formats.end(), kSilentFormats.begin(), kSilentFormats.end());
    if (const auto near = text::nearest(format, formats); !near.empty())
      fail("format \"" + std::string(format) + "\" is unknown; did you mean \"" + near + "\"");
  }

  Bound bound(const Value& schema, const char* name) const {
    Bound out;
    const Value* value = json::member(schema, name);
    if (value == nullptr) return out;
    if (!value->IsNumber()) fail(std::string(name) + ": expected a number, found " + json::toText(*value));
    out.set = true;
    out.whole = value->IsInt64();
    if (out.whole) out.integer = value->GetInt64();
    out.real = value->GetDouble();
    out.text = json::toText(*value);
    return out;
  }

  void fillNumber(const Value& schema, Node& node) {
    node.least = bound(schema, "minimum");
    node.most = bound(schema, "maximum");
    node.least.exclusive = flag(schema, "exclusiveMinimum");
    node.most.exclusive = flag(schema, "exclusiveMaximum");
    node.step = bound(schema, "multipleOf");
    if (node.step.set && !(node.step.real > 0)) fail("multipleOf: expected a number above 0");
    if (node.least.set && node.most.set && node.least.real > node.most.real) fail("minimum is above maximum");
  }

  void branches(const Value& schema, const char* name, std::vector<const Node*>& into) {
    const Value* list = json::member(schema, name);
    if (list == nullptr) return;
    if (!list->IsArray() || list->Empty()) fail(std::string(name) + ": expected a list with at least one schema");
    for (const auto& part : list->GetArray()) into.push_back(compile(part));
  }

  void fillDiscriminator(const Value& schema, Node& node) {
    const Value* discriminator = json::member(schema, "discriminator");
    if (discriminator == nullptr) return;
    const auto property = json::textMember(*discriminator, "propertyName");
    const Value* mapping = json::member(*discriminator, "mapping");
    if (property.empty() || mapping == nullptr || !mapping->IsObject() || mapping->MemberCount() == 0) {
      fail("discriminator needs propertyName and a mapping of value to \"#/components/schemas/Name\"");
    }
    if (node.oneOf.empty() && node.anyOf.empty()) fail("discriminator needs oneOf or anyOf beside it");
    node.discriminator = property;
    for (const auto& entry : mapping->GetObject()) {
      if (!entry.value.IsString()) fail("discriminator.mapping: expected references");
      node.mapping[std::string(json::view(entry.name))] = compile(resolve(json::view(entry.value)));
    }
  }

  const Value& root_;
  Arena& arena_;
  std::map<const Value*, Node*> nodes_;
  std::string where_;
  int depth_ = 0;
};

}  // namespace

std::shared_ptr<const Schema> compileSchema(const json::Value& schema, const json::Value& root) {
  auto arena = std::make_shared<Arena>();
  Compiler compiler(root, *arena);
  const Node* node = compiler.compile(schema);
  compiler.refuseLoops();
  return {arena, node};
}

}  // namespace mortise::contract
