#include "sdk/embed/contract_model.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "sdk/embed/cpp_name.hpp"
#include "sdk/embed/refusal.hpp"

namespace mortise::embed {
namespace {

using Kind = ContractType::Kind;

constexpr const char* kName = "x-mortise-name";
constexpr std::string_view kComponents = "#/components/";
constexpr const char* kMethods[] = {"get", "put", "post", "delete", "options", "head", "patch", "trace"};

std::string textOf(const YAML::Node& node, const char* key) {
  if (!node.IsMap()) return {};
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

bool isTrue(const YAML::Node& node, const char* key) { return textOf(node, key) == "true"; }

bool isFalse(const YAML::Node& node, const char* key) { return textOf(node, key) == "false"; }

// In one line, for a comment.
std::string oneLine(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out.push_back(space ? ' ' : c);
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\\')) out.pop_back();
  return out;
}

// The parts of a schema that are spread over allOf, put together.
struct Shape {
  struct Property {
    std::string name;
    YAML::Node key, schema;
    std::filesystem::path file;
  };
  std::vector<Property> properties;
  std::set<std::string> required;
  bool nullable = false;
  bool isObject = false;

  void add(Property property) {
    const auto known = std::find_if(properties.begin(), properties.end(),
                                    [&](const Property& other) { return other.name == property.name; });
    if (known == properties.end()) {
      properties.push_back(std::move(property));
    } else {
      *known = std::move(property);
    }
  }
};

class Reader {
 public:
  Reader(const ContractDocument& document, const std::string& file)
      : document_(document), root_(document.root), at_(document.path) {
    contract_.file = file;
  }

  Contract read() {
    contract_.space = nameOf(root_, snakeCase(document_.path.stem().string()), root_, "namespace");
    const YAML::Node info = root_["info"];
    if (info) contract_.title = oneLine(textOf(info, "title"));
    dialect_ = textOf(root_, "x-mortise-dialect");
    bareData_ = textOf(root_, "x-mortise-schemas") == "data";
    operations();
    if (!findings_.empty()) throw Refusal(findings_);
    return std::move(contract_);
  }

 private:
  void find(const YAML::Node& at, const std::string& what) {
    findings_.push_back(at_.string() + ":" + std::to_string(at.Mark().line + 1) + ": " + what);
  }

  // --- names

  // x-mortise-name of `holder`, else `proposed`.
  std::string nameOf(const YAML::Node& holder, const std::string& proposed, const YAML::Node& at, const char* what) {
    const std::string own = textOf(holder, kName);
    const std::string& name = own.empty() ? proposed : own;
    if (const auto why = whyNoCppName(name); !why.empty())
      find(at,
           std::string(what) + " " + (name.empty() ? "\"\"" : name) + " " + why + "; give it another with " + kName);
    return name;
  }

  // Structs and classes of one contract share a namespace.
  void claim(const std::string& name, const YAML::Node& at, const std::string& what) {
    const auto line = std::to_string(at.Mark().line + 1);
    const auto [known, isNew] = taken_.emplace(name, what + " of line " + line);
    if (!isNew)
      find(at, what + " would be named " + name + " like the " + known->second + "; rename one with " + kName);
  }

  // --- references

  // `component`, when it is given, gets the name of the component that the reference leads to; it stays empty without one.
  std::optional<YAML::Node> resolved(const YAML::Node& node, std::string* component = nullptr,
                                     std::filesystem::path* origin = nullptr) {
    YAML::Node at = node;
    for (int i = 0; i < 10; ++i) {
      const auto reference = textOf(at, "$ref");
      if (reference.empty()) return at;
      if (reference.rfind("#/", 0) != 0) break;
      YAML::Node next = root_;
      std::size_t from = 2;
      while (from <= reference.size()) {
        const auto end = std::min(reference.find('/', from), reference.size());
        const std::string part = reference.substr(from, end - from);
        if (!next.IsMap() || !std::as_const(next)[part]) {
          find(at, "$ref " + reference + " leads nowhere; add that component or correct the name");
          return std::nullopt;
        }
        next.reset(std::as_const(next)[part]);
        if (component != nullptr) *component = part;
        from = end + 1;
      }
      at.reset(next);
      if (origin != nullptr) *origin = originOf(reference);
    }
    find(node, "$ref must lead to a part of this document in less than ten steps");
    return std::nullopt;
  }

  // Until it goes, what is read stands in `file`.
  class InFile {
   public:
    InFile(Reader& reader, std::filesystem::path file)
        : reader_(reader), before_(std::exchange(reader.at_, std::move(file))) {}
    ~InFile() { reader_.at_ = before_; }
    InFile(const InFile&) = delete;
    InFile& operator=(const InFile&) = delete;

   private:
    Reader& reader_;
    const std::filesystem::path before_;
  };

  // The file that "#/components/schemas/X" came from.
  std::filesystem::path originOf(const std::string& reference) const {
    const auto known = document_.origins.find(reference.substr(std::min(reference.size(), kComponents.size())));
    return known == document_.origins.end() ? document_.path : known->second;
  }

  // --- types

  // `context`: what a struct is named that the contract writes in place.
  ContractType typeOf(const YAML::Node& node, const std::string& context, ContractStruct* outer = nullptr) {
    std::string component;
    std::filesystem::path file = at_;
    const auto schema = resolved(node, &component, &file);
    if (!schema || !schema->IsMap()) return {};
    const InFile there(*this, file);
    ContractType type = plainType(*schema, component.empty() ? context : pascalCase(component),
                                  component.empty() ? outer : nullptr, !component.empty());
    type.nullable = type.nullable || isTrue(*schema, "nullable");
    return type;
  }

  ContractType plainType(const YAML::Node& schema, const std::string& context, ContractStruct* outer,
                         bool isComponent) {
    ContractType type;
    const auto kind = textOf(schema, "type");
    for (const char* word : {"oneOf", "anyOf"}) {
      const YAML::Node alternatives = schema[word];
      if (!alternatives) continue;
      for (const auto& each : alternatives) {
        if (!textOf(each, "$ref").empty()) type.alternatives.push_back(elementOf(each, context, nullptr));
      }
      return type;
    }
    if (const YAML::Node all = schema["allOf"]; all && all.IsSequence() && all.size() == 1 && !schema["properties"])
      return typeOf(all[0], context, outer);
    if (kind == "string") {
      type.kind = Kind::text;
    } else if (kind == "integer") {
      type.kind = Kind::integer;
    } else if (kind == "number") {
      type.kind = Kind::number;
    } else if (kind == "boolean") {
      type.kind = Kind::boolean;
    } else if (kind == "array") {
      type.kind = Kind::list;
      type.element = std::make_shared<ContractType>(elementOf(schema["items"], context + "Item", outer));
    } else if (schema["properties"] || schema["allOf"]) {
      type = structType(schema, context, outer, isComponent);
    } else if (const YAML::Node more = schema["additionalProperties"]; kind == "object" && more && more.IsMap()) {
      if (more.size() == 0) return type;
      type.kind = Kind::map;
      type.element = std::make_shared<ContractType>(elementOf(more, context + "Item", outer));
    }
    return type;
  }

  ContractType elementOf(const YAML::Node& schema, const std::string& context, ContractStruct* outer) {
    if (!schema) return {};
    ++inList_;
    auto type = typeOf(schema, context, outer);
    --inList_;
    return type;
  }

  // Without properties after all (an allOf of texts, say): any.
  ContractType structType(const YAML::Node& schema, const std::string& context, ContractStruct* outer,
                          bool isComponent) {
    ContractType type;
    const auto mark = std::make_tuple(at_, schema.Mark().line, schema.Mark().column);
    if (const auto known = structs_.find(mark); known != structs_.end()) {
      if (open_.count(known->second) != 0 && open_[known->second] == inList_)
        find(schema, "schema " + known->second->name + " holds itself; let it hold a list of itself");
      type.kind = Kind::object;
      type.object = known->second;
      type.nullable = nullableOf_[known->second];
      return type;
    }
    Shape shape;
    collect(schema, shape, 0);
    if (!shape.isObject) return type;

    auto owned = std::make_unique<ContractStruct>();
    ContractStruct& made = *owned;
    made.name = nameOf(schema, context, schema, "schema");
    made.comment = oneLine(textOf(schema, "description"));
    if (outer != nullptr) {
      made.qualified = outer->qualified + "::" + made.name;
      const bool clash = made.name == outer->name || std::any_of(outer->nested.begin(), outer->nested.end(),
                                                                 [&](const auto& n) { return n->name == made.name; });
      if (clash) find(schema, "schema would be named " + made.qualified + " twice; rename one with " + kName);
    } else {
      made.qualified = made.name;
      claim(made.name, schema, isComponent ? "schema" : "schema written in place");
    }
    structs_[mark] = &made;
    nullableOf_[&made] = shape.nullable;
    open_[&made] = inList_;
    // Names of nested structs are checked against those before them, so they are kept as they come.
    if (outer != nullptr) outer->nested.push_back(std::move(owned));
    for (const auto& property : shape.properties)
      made.fields.push_back(field(property, shape.required.count(property.name) != 0, made));
    for (std::size_t i = 0; i < made.fields.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (made.fields[i].name == made.fields[k].name)
          find(schema, "members " + made.fields[k].json + " and " + made.fields[i].json + " of " + made.qualified +
                           " would both be named " + made.fields[i].name + "; rename one with " + kName);
      }
    }
    open_.erase(&made);
    if (outer == nullptr) contract_.structs.push_back(std::move(owned));
    type.kind = Kind::object;
    type.object = &made;
    type.nullable = shape.nullable;
    return type;
  }

  void collect(const YAML::Node& schema, Shape& into, int depth) {
    if (depth > 20) return find(schema, "allOf is nested deeper than 20");
    if (const YAML::Node all = schema["allOf"]; all && all.IsSequence()) {
      for (const auto& part : all) {
        std::filesystem::path file = at_;
        const auto target = resolved(part, nullptr, &file);
        const InFile there(*this, file);
        if (target && target->IsMap()) collect(*target, into, depth + 1);
      }
    }
    if (const YAML::Node properties = schema["properties"]; properties && properties.IsMap()) {
      into.isObject = true;
      for (const auto& entry : properties) into.add({entry.first.Scalar(), entry.first, entry.second, at_});
    }
    if (const YAML::Node required = schema["required"]; required && required.IsSequence()) {
      for (const auto& name : required) into.required.insert(name.Scalar());
    }
    into.nullable = into.nullable || (depth == 0 && isTrue(schema, "nullable"));
  }

  ContractField field(const Shape::Property& property, bool required, ContractStruct& outer) {
    const InFile there(*this, property.file);
    ContractField out;
    out.json = property.name;
    out.name = nameOf(property.schema, camelCase(property.name), property.key, "member");
    out.required = required;
    const auto nullable = property.schema.IsMap() && isTrue(property.schema, "nullable");
    out.type = typeOf(property.schema, pascalCase(out.name), &outer);
    out.type.nullable = out.type.nullable || nullable;
    out.comment = oneLine(textOf(property.schema, "description"));
    if (const auto schema = resolved(property.schema); schema && schema->IsMap()) out.initial = initial(*schema, out);
    return out;
  }

  // The default of a member that may be left out; for one that is required the only value it can have.
  std::string initial(const YAML::Node& schema, const ContractField& field) {
    const YAML::Node own = schema["default"];
    const YAML::Node values = schema["enum"];
    if (!field.required) return own && own.IsScalar() ? literal(own, field.type.kind) : std::string();
    const bool single = values && values.IsSequence() && values.size() == 1 && values[0].IsScalar();
    return single && !field.type.nullable ? literal(values[0], field.type.kind) : std::string();
  }

  static std::string literal(const YAML::Node& value, Kind kind) {
    const std::string& text = value.Scalar();
    switch (kind) {
      case Kind::text:
        return cppText(text);
      case Kind::boolean:
        return text == "true" || text == "false" ? text : std::string();
      case Kind::integer:
        return text.find_first_not_of("-0123456789") == std::string::npos ? text : std::string();
      case Kind::number:
        return text.find_first_not_of("-+.eE0123456789") == std::string::npos ? text : std::string();
      default:
        return {};
    }
  }

  static std::string cppText(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (byte < 0x20) {
        const char digits[] = {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + ((byte >> 3) & 7)),
                               static_cast<char>('0' + (byte & 7)), '\0'};
        out += digits;
      } else {
        out += c;
      }
    }
    return out + "\"";
  }

  // --- operations

  void operations() {
    const YAML::Node paths = root_["paths"];
    if (!paths || !paths.IsMap()) return;
    for (const auto& path : paths) {
      if (!path.second.IsMap()) continue;
      for (const auto& entry : path.second) {
        const std::string& method = entry.first.Scalar();
        if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) continue;
        if (entry.second.IsMap()) operation(path.first.Scalar(), method, entry.first, entry.second);
      }
    }
  }

  void operation(const std::string& path, std::string method, const YAML::Node& at, const YAML::Node& node) {
    ContractOperation out;
    out.id = textOf(node, "operationId");
    if (out.id.empty()) return find(at, "operationId is missing; it becomes the method's name");
    out.name = nameOf(node, out.id, at, "operation");
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    out.comment = method + " " + path;
    if (const auto summary = oneLine(textOf(node, "summary")); !summary.empty()) out.comment += ": " + summary;
    out.answersLater = answersLater(node);
    readBody(node, out);
    readReplies(node, out);

    ContractFace& face = faceOf(node, at);
    if (out.name == face.name || out.name == "bindOperations")
      find(at, "operation would be named " + out.name + ", which the class " + face.name +
                   " has already; give it another with " + kName);
    for (const auto& other : face.operations) {
      if (other.name == out.name && other.id != out.id)
        find(at, "operations " + other.id + " and " + out.id + " would both be named " + out.name +
                     "; rename one with " + kName);
    }
    face.operations.push_back(std::move(out));
  }

  bool answersLater(const YAML::Node& node) {
    const auto answers = textOf(node, "x-mortise-answers");
    if (!answers.empty() && answers != "later" && answers != "reply")
      find(node["x-mortise-answers"], "x-mortise-answers must be later or reply, not " + answers);
    if (!answers.empty()) return answers == "later";
    return textOf(node, "x-mortise-lane") == "stream" || isTrue(node, "x-mortise-websocket");
  }

  ContractFace& faceOf(const YAML::Node& node, const YAML::Node& at) {
    const YAML::Node tags = node["tags"];
    const bool tagged = tags && tags.IsSequence() && tags.size() > 0 && tags[0].IsScalar();
    const std::string tag = tagged ? tags[0].Scalar() : std::string();
    if (const auto known = faces_.find(tag); known != faces_.end()) return contract_.faces[known->second];

    const YAML::Node described = tagNamed(tag);
    const YAML::Node& holder = tagged && described.IsMap() ? described : root_;
    ContractFace face;
    if (tagged) {
      const YAML::Node place = described.IsMap() ? described : YAML::Node(tags[0]);
      face.name = nameOf(described.IsMap() ? described : YAML::Node(), pascalCase(tag), place, "tag");
      claim(face.name, place, "tag " + tag);
    } else {
      face.name = nameOf(YAML::Node(), pascalCase(contract_.space), at, "class");
      claim(face.name, at, "class of the operations without a tag");
    }
    face.comment = oneLine(textOf(holder, "description"));
    faces_[tag] = contract_.faces.size();
    contract_.faces.push_back(std::move(face));
    return contract_.faces.back();
  }

  YAML::Node tagNamed(const std::string& name) const {
    const YAML::Node tags = root_["tags"];
    if (!tags || !tags.IsSequence()) return {};
    for (const auto& tag : tags) {
      if (textOf(tag, "name") == name) return tag;
    }
    return {};
  }

  void readBody(const YAML::Node& node, ContractOperation& out) {
    const YAML::Node written = node["requestBody"];
    if (!written) return;
    std::string component;
    std::filesystem::path file = at_;
    const auto body = resolved(written, &component, &file);
    const InFile there(*this, file);
    if (!body || !body->IsMap()) return;
    const YAML::Node content = (*body)["content"];
    if (!content || !content.IsMap()) return;
    for (const auto& media : content) {
      if (!isJson(media.first.Scalar())) continue;
      const YAML::Node schema = media.second.IsMap() ? media.second["schema"] : YAML::Node();
      ContractType type;
      const auto context = pascalCase(component.empty() ? out.id : component) + "Body";
      if (!isTrue(node, "x-mortise-lenient-body") && schema && schema.IsDefined()) type = typeOf(schema, context);
      out.bodyOptional = !isTrue(*body, "required") || type.nullable;
      mark(type, &ContractStruct::isRead);
      out.body = std::make_shared<ContractType>(std::move(type));
      return;
    }
  }

  void readReplies(const YAML::Node& node, const ContractOperation& operation) {
    const YAML::Node responses = node["responses"];
    if (!responses || !responses.IsMap()) return;
    bool first = true;
    for (const auto& entry : responses) {
      const std::string& status = entry.first.Scalar();
      if (status.empty() || status[0] != '2') continue;
      std::string component;
      std::filesystem::path file = at_;
      const auto response = resolved(entry.second, &component, &file);
      const InFile there(*this, file);
      if (!response || !response->IsMap()) continue;
      const YAML::Node content = (*response)["content"];
      if (!content || !content.IsMap()) continue;
      for (const auto& media : content) {
        const YAML::Node schema = media.second.IsMap() ? media.second["schema"] : YAML::Node();
        if (!isJson(media.first.Scalar()) || !schema || !schema.IsDefined()) continue;
        const auto context =
            component.empty() ? pascalCase(operation.id) + "Reply" + (first ? "" : status) : pascalCase(component);
        mark(replyType(node, schema, context), &ContractStruct::isWritten);
        first = false;
      }
    }
  }

  // What the handler answers: in a family with an envelope that is its `data`.
  ContractType replyType(const YAML::Node& operation, const YAML::Node& schema, const std::string& context) {
    const auto own = textOf(operation, "x-mortise-dialect");
    const auto& dialect = own.empty() ? dialect_ : own;
    const bool wrapped = (dialect == "unified" || dialect == "code_msg") && !isFalse(operation, "x-mortise-envelope");
    if (!wrapped || bareData_) return typeOf(schema, context);
    std::filesystem::path file = at_;
    const auto target = resolved(schema, nullptr, &file);
    const InFile there(*this, file);
    if (!target || !target->IsMap()) return {};
    Shape shape;
    collect(*target, shape, 0);
    for (const auto& property : shape.properties) {
      if (property.name != "data") continue;
      const InFile part(*this, property.file);
      return typeOf(property.schema, context);
    }
    return {};
  }

  static bool isJson(const std::string& media) {
    return media == "application/json" || (media.size() > 5 && media.compare(media.size() - 5, 5, "+json") == 0);
  }

  static void mark(const ContractType& type, bool ContractStruct::*use) {
    if (type.element) mark(*type.element, use);
    for (const auto& each : type.alternatives) mark(each, use);
    if (type.object == nullptr || type.object->*use) return;
    type.object->*use = true;
    for (const auto& field : type.object->fields) mark(field.type, use);
  }

  const ContractDocument& document_;
  const YAML::Node root_;
  std::filesystem::path at_;  // the file of what is being read
  Contract contract_;
  std::string dialect_;
  bool bareData_ = false;
  int inList_ = 0;
  std::map<std::tuple<std::filesystem::path, int, int>, ContractStruct*> structs_;  // by where they stand
  std::map<const ContractStruct*, bool> nullableOf_;
  std::map<const ContractStruct*, int> open_;  // being read, with the depth of lists around them
  std::map<std::string, std::string> taken_;
  std::map<std::string, std::size_t> faces_;  // by tag
  std::vector<std::string> findings_;
};

}  // namespace

Contract readContract(const ContractDocument& document, const std::string& file) {
  return Reader(document, file).read();
}

}  // namespace mortise::embed
