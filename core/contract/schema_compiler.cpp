#include "core/contract/schema_compiler.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "core/contract/schema_node.hpp"

namespace mortise::contract {
namespace {

using json::Value;

constexpr int kMaxDepth = 200;

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

class SchemaCompiler {
 public:
  SchemaCompiler(const Value& root, SchemaArena& arena) : root_(root), arena_(arena) {}

  SchemaNode* compile(const Value& schema) {
    if (!schema.IsObject()) fail("expected a schema (an object), found " + json::toText(schema));
    if (const auto known = nodes_.find(&schema); known != nodes_.end()) return known->second;
    if (++depth_ > kMaxDepth) fail("schemas are nested deeper than " + std::to_string(kMaxDepth));
    arena_.nodes.push_back(std::make_unique<SchemaNode>());
    SchemaNode* node = arena_.nodes.back().get();
    nodes_[&schema] = node;
    fill(schema, *node);
    --depth_;
    return node;
  }

  // A $ref that leads back to itself would never end.
  void refuseLoops() const {
    for (const auto& node : arena_.nodes) {
      std::unordered_set<const SchemaNode*> seen;
      for (const SchemaNode* at = node.get(); at != nullptr; at = at->target) {
        if (!seen.insert(at).second) fail("a $ref leads back to itself");
      }
    }
    std::map<const SchemaNode*, int> state;
    for (const auto& node : arena_.nodes) visit(node.get(), state);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(where_.empty() ? reason : where_ + ": " + reason);
  }

  // allOf / oneOf / anyOf / $ref check the same value again, so a cycle through them alone never ends.
  void visit(const SchemaNode* node, std::map<const SchemaNode*, int>& state) const {
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

  void fill(const Value& schema, SchemaNode& node) {
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
    node.number.integer = node.type == SchemaType::integer;
    node.nullable = flag(schema, "nullable");
    if (node.nullable && node.type == SchemaType::any) fail("nullable needs type beside it");
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

  SchemaType typeOf(const Value& schema) const {
    const Value* type = json::member(schema, "type");
    if (type == nullptr) return SchemaType::any;
    static const std::vector<std::pair<std::string, SchemaType>> names = {
        {"string", SchemaType::string},   {"integer", SchemaType::integer}, {"number", SchemaType::number},
        {"boolean", SchemaType::boolean}, {"array", SchemaType::array},     {"object", SchemaType::object}};
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

  std::size_t count(const Value& schema, const char* name, std::size_t fallback) const {
    const Value* value = json::member(schema, name);
    if (value == nullptr) return fallback;
    if (!value->IsUint64()) fail(std::string(name) + ": expected a whole number from 0, found " + json::toText(*value));
    return value->GetUint64();
  }

  std::string_view textOf(const Value& schema, const char* name) const {
    const Value* value = json::member(schema, name);
    if (value == nullptr) return {};
    if (!value->IsString()) fail(std::string(name) + ": expected a string, found " + json::toText(*value));
    return json::view(*value);
  }

  void fillValues(const Value& schema, SchemaNode& node) {
    const Value* values = json::member(schema, "enum");
    if (values == nullptr) return;
    if (!values->IsArray() || values->Empty()) fail("enum: expected a list with at least one value");
    for (rapidjson::SizeType i = 0; i < values->Size(); ++i) {
      const Value& value = (*values)[i];
      if (value.IsNull()) node.nullable = true;
      arena_.values.push_back(std::make_unique<Value>(value, arena_.document.GetAllocator()));
      node.values.push_back(arena_.values.back().get());
      if (i > 0) node.expected += i + 1 == values->Size() ? " or " : ", ";
      node.expected += value.IsString() ? "'" + std::string(json::view(value)) + "'" : json::toText(value);
    }
  }

  void fillObject(const Value& schema, SchemaNode& node) {
    if (const Value* properties = json::member(schema, "properties")) {
      if (!properties->IsObject()) fail("properties: expected an object");
      for (const auto& entry : properties->GetObject()) {
        const std::string before = where_;
        where_ += (where_.empty() ? "" : ".") + std::string(json::view(entry.name));
        node.object.properties.push_back({std::string(json::view(entry.name)), compile(entry.value), false});
        where_ = before;
      }
    }
    if (const Value* required = json::member(schema, "required")) {
      if (!required->IsArray()) fail("required: expected a list of property names, found " + json::toText(*required));
      for (const auto& name : required->GetArray()) {
        if (!name.IsString()) fail("required: expected property names, found " + json::toText(name));
        const auto known =
            std::find_if(node.object.properties.begin(), node.object.properties.end(),
                         [&](const ObjectRules::Property& property) { return property.name == json::view(name); });
        if (known != node.object.properties.end()) {
          known->required = true;
        } else {
          node.object.properties.push_back({std::string(json::view(name)), nullptr, true});
        }
      }
    }
    for (std::size_t i = 0; i < node.object.properties.size(); ++i)
      node.object.byName.emplace_back(node.object.properties[i].name, i);
    std::sort(node.object.byName.begin(), node.object.byName.end());
    if (const Value* additional = json::member(schema, "additionalProperties")) {
      if (additional->IsBool()) {
        node.object.closed = !additional->GetBool();
      } else {
        node.object.additional = compile(*additional);
      }
    }
    node.object.minMembers = count(schema, "minProperties", 0);
    node.object.maxMembers = count(schema, "maxProperties", SIZE_MAX);
  }

  void fillArray(const Value& schema, SchemaNode& node) {
    if (const Value* items = json::member(schema, "items")) {
      const std::string before = where_;
      where_ += "[]";
      node.array.items = compile(*items);
      where_ = before;
    } else if (node.type == SchemaType::array) {
      fail("type array needs items");
    }
    node.array.minItems = count(schema, "minItems", 0);
    node.array.maxItems = count(schema, "maxItems", SIZE_MAX);
    node.array.unique = flag(schema, "uniqueItems");
  }

  void fillString(const Value& schema, SchemaNode& node) {
    node.string.minLength = count(schema, "minLength", 0);
    node.string.maxLength = count(schema, "maxLength", SIZE_MAX);
    if (node.string.minLength > node.string.maxLength) fail("minLength is above maxLength");
    if (const auto pattern = textOf(schema, "pattern"); !pattern.empty()) {
      try {
        node.string.pattern = std::make_unique<Pattern>(pattern);
      } catch (const std::runtime_error& error) {
        fail(error.what());
      }
      node.string.patternText = pattern;
    }
    const auto format = textOf(schema, "format");
    if (format.empty() || contains(kSilentFormats, format)) return;
    if (format == "email") node.string.format = StringFormat::email;
    if (format == "uuid") node.string.format = StringFormat::uuid;
    if (format == "uri") node.string.format = StringFormat::uri;
    if (format == "date-time") node.string.format = StringFormat::dateTime;
    if (format == "date") node.string.format = StringFormat::date;
    if (format == "int32") node.number.int32 = true;
    if (contains(kCheckedFormats, format)) return;
    auto formats = kCheckedFormats;
    formats.insert(formats.end(), kSilentFormats.begin(), kSilentFormats.end());
    if (const auto near = text::nearest(format, formats); !near.empty())
      fail("format \"" + std::string(format) + "\" is unknown; did you mean \"" + near + "\"");
  }

  NumberBound bound(const Value& schema, const char* name) const {
    NumberBound out;
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

  void fillNumber(const Value& schema, SchemaNode& node) {
    node.number.least = bound(schema, "minimum");
    node.number.most = bound(schema, "maximum");
    node.number.least.exclusive = flag(schema, "exclusiveMinimum");
    node.number.most.exclusive = flag(schema, "exclusiveMaximum");
    node.number.step = bound(schema, "multipleOf");
    if (node.number.step.set && !(node.number.step.real > 0)) fail("multipleOf: expected a number above 0");
    if (node.number.least.set && node.number.most.set && node.number.least.real > node.number.most.real)
      fail("minimum is above maximum");
  }

  void branches(const Value& schema, const char* name, std::vector<const SchemaNode*>& into) {
    const Value* list = json::member(schema, name);
    if (list == nullptr) return;
    if (!list->IsArray() || list->Empty()) fail(std::string(name) + ": expected a list with at least one schema");
    for (const auto& part : list->GetArray()) into.push_back(compile(part));
  }

  void fillDiscriminator(const Value& schema, SchemaNode& node) {
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
  SchemaArena& arena_;
  std::map<const Value*, SchemaNode*> nodes_;
  std::string where_;
  int depth_ = 0;
};

}  // namespace

std::shared_ptr<const Schema> compileSchema(const json::Value& schema, const json::Value& root) {
  auto arena = std::make_shared<SchemaArena>();
  SchemaCompiler compiler(root, *arena);
  const SchemaNode* node = compiler.compile(schema);
  compiler.refuseLoops();
  return {arena, node};
}

}  // namespace mortise::contract
