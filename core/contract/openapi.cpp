#include "core/contract/openapi.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/text.hpp"
#include "core/contract/path_template.hpp"

namespace mortise::contract {
namespace {

using json::Value;
using Allocator = json::Document::AllocatorType;

constexpr std::string_view kSections[] = {"schemas",       "responses", "parameters", "examples",
                                          "requestBodies", "headers",   "links",      "callbacks"};
constexpr std::string_view kMethods[] = {"get", "put", "post", "delete", "options", "head", "patch", "trace"};

bool hasPrefixedParameter(std::string_view path) {
  const auto shape = PathTemplate::parse(path);
  return std::any_of(shape.segments.begin(), shape.segments.end(),
                     [](const auto& segment) { return segment.kind == PathTemplate::Kind::prefixed; });
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

Value* member(Value& object, std::string_view name) { return const_cast<Value*>(json::member(object, name)); }

// A component of one document.
struct Component {
  std::size_t document;
  std::string section, name;
  bool operator<(const Component& other) const {
    return std::tie(document, section, name) < std::tie(other.document, other.section, other.name);
  }
};
using NewNames = std::map<Component, std::string>;

// "#/components/schemas/X" -> {schemas, X}
bool splitReference(std::string_view reference, std::string& section, std::string& name) {
  constexpr std::string_view kStart = "#/components/";
  if (reference.substr(0, kStart.size()) != kStart) return false;
  reference.remove_prefix(kStart.size());
  const auto slash = reference.find('/');
  if (slash == std::string_view::npos) return false;
  section = reference.substr(0, slash);
  name = reference.substr(slash + 1);
  return true;
}

bool isData(std::string_view key) { return key == "example" || key == "default" || key == "enum"; }

// Calls `on` for every reference, discriminator mappings included.
template <typename On>
void eachReference(Value& value, const On& on) {
  if (value.IsArray()) {
    for (auto& item : value.GetArray()) eachReference(item, on);
  }
  if (!value.IsObject()) return;
  for (auto& entry : value.GetObject()) {
    const auto key = json::view(entry.name);
    if (key == "$ref" && entry.value.IsString()) {
      on(entry.value);
    } else if (key == "discriminator") {
      if (Value* mapping = entry.value.IsObject() ? member(entry.value, "mapping") : nullptr;
          mapping != nullptr && mapping->IsObject()) {
        for (auto& target : mapping->GetObject()) {
          if (target.value.IsString()) on(target.value);
        }
      }
    } else if (!isData(key)) {
      eachReference(entry.value, on);
    }
  }
}

// True when generators would turn both names into one: some drop word separators, some ignore case.
std::string generatedName(std::string_view name) {
  std::string out;
  for (const char c : text::lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

class Merger {
 public:
  explicit Merger(const std::vector<CompiledDocument>& documents) : documents_(documents) {}

  std::string merge(const std::string& version, const std::string& serverUrl) {
    out_.SetObject();
    set(out_, "openapi", "3.0.3");
    nameComponents();
    nameOperations();
    nameTags();
    head(version, serverUrl);
    tags();
    paths();
    components();
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    out_.Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
  }

 private:
  Allocator& allocator() { return out_.GetAllocator(); }
  Value text(std::string_view value) {
    return Value(value.empty() ? "" : value.data(), static_cast<rapidjson::SizeType>(value.size()), allocator());
  }
  void set(Value& object, std::string_view name, std::string_view value) { set(object, name, text(value)); }
  void set(Value& object, std::string_view name, Value value) {
    if (Value* old = member(object, name)) {
      *old = std::move(value);
    } else {
      object.AddMember(text(name), std::move(value), allocator());
    }
  }
  Value parsed(std::string_view json) {
    json::Document document;
    json::ParseError error;
    json::parse(json, document, error);
    return Value(document, allocator());
  }

  // --- names

  // Generators can't express the default of an object and drop the schema with everything that uses it: put the default
  // into the description.
  void describeObjectDefaults(Value& value) {
    if (value.IsArray()) {
      for (auto& item : value.GetArray()) describeObjectDefaults(item);
    }
    if (!value.IsObject()) return;
    for (auto& entry : value.GetObject()) {
      if (!isData(json::view(entry.name))) describeObjectDefaults(entry.value);
    }
    const Value* fallback = json::member(value, "default");
    if (fallback == nullptr || !fallback->IsObject() || json::textMember(value, "type") != "object") return;
    std::string described(json::textMember(value, "description"));
    described += (described.empty() ? "" : " ") + ("Default: `" + json::toText(*fallback) + "`.");
    set(value, "description", described);
    value.RemoveMember("default");
  }

  Value rewritten(const Value& source, std::size_t document) {
    Value copy(source, allocator());
    describeObjectDefaults(copy);
    eachReference(copy, [&](Value& reference) {
      Component target{document, {}, {}};
      if (!splitReference(json::view(reference), target.section, target.name)) return;
      const auto known = newNames_.find(target);
      if (known != newNames_.end()) reference = text("#/components/" + target.section + "/" + known->second);
    });
    return copy;
  }

  // Components of the same name and text (references followed) are shared; others become <Module>_<Name>. Renaming one
  // can make another differ, so this runs until nothing changes.
  void nameComponents() {
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      const Value* components = json::member(*documents_[i].document, "components");
      if (components == nullptr) continue;
      for (const auto section : kSections) {
        const Value* entries = json::member(*components, section);
        if (entries == nullptr || !entries->IsObject()) continue;
        for (const auto& entry : entries->GetObject()) {
          const Component key{i, std::string(section), std::string(json::view(entry.name))};
          originals_.emplace(key, &entry.value);
          newNames_[key] = key.name;
          contractNames_.insert({key.section, generatedName(key.name)});
        }
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<Component>>> byText;
      for (const auto& [key, value] : originals_) {
        if (newNames_[key] == key.name)
          byText[{key.section, key.name}][json::toText(rewritten(*value, key.document))].push_back(key);
      }
      for (const auto& [name, texts] : byText) {
        if (texts.size() < 2) continue;
        changed = true;
        for (const auto& [content, keys] : texts) {
          for (const auto& key : keys) newNames_[key] = freshName(key, content);
        }
      }
    }
  }

  // Two documents of one module may differ as well. Skips names that generators can't tell from a name of a contract
  // (Auth_Failure and AuthFailure): they would drop one of the two, with every operation that needs it.
  std::string freshName(const Component& key, const std::string& content) {
    const auto base = capitalised(documents_[key.document].module) + "_" + key.name;
    for (int number = 1;; ++number) {
      const auto name = number == 1 ? base : base + std::to_string(number);
      if (contractNames_.count({key.section, generatedName(name)}) != 0) continue;
      const auto [at, isNew] = taken_.try_emplace({key.section, name}, content);
      if (isNew || at->second == content) return name;
    }
  }

  void nameOperations() {
    std::map<std::string, int> uses;
    for (const auto& document : documents_) {
      for (const auto& operation : document.operations) ++uses[operation->id];
    }
    for (const auto& document : documents_) {
      for (const auto& operation : document.operations)
        operationIds_[operation.get()] =
            uses[operation->id] > 1 ? document.module + "_" + operation->id : operation->id;
    }
  }

  // --- tags

  // The group of an operation in the contract's words: its tags; without tags, the only tag that its document declares,
  // else the document's title.
  std::vector<std::string> tagsIn(const CompiledDocument& document, const Operation& operation) const {
    std::vector<std::string> names;
    const Value* item = json::member(*json::member(*document.document, "paths"), operation.path);
    const Value* own = json::member(*json::member(*item, text::lower(operation.method)), "tags");
    if (own != nullptr && own->IsArray()) {
      for (const auto& tag : own->GetArray()) {
        if (tag.IsString() && tag.GetStringLength() != 0) names.emplace_back(json::view(tag));
      }
    }
    if (!names.empty()) return names;
    const Value* declared = json::member(*document.document, "tags");
    if (declared != nullptr && declared->IsArray() && declared->Size() == 1)
      names.emplace_back(json::textMember((*declared)[0], "name"));
    if (names.empty() || names[0].empty()) {
      const Value* info = json::member(*document.document, "info");
      names.assign(1, std::string(info == nullptr ? "" : json::textMember(*info, "title", document.module)));
    }
    return names;
  }

  // Documents of one module that use the same tag share the group. A tag that two modules use gets the module's name.
  void nameTags() {
    std::map<std::string, std::set<std::string>> modulesOf;
    for (const auto& document : documents_) {
      std::map<std::string, std::string> described;
      const auto remember = [&](const std::string& name) {
        auto& groups = groups_[document.module];
        const auto at = std::find_if(groups.begin(), groups.end(), [&](const Group& one) { return one.name == name; });
        auto& group = at == groups.end() ? groups.emplace_back(Group{name, {}}) : *at;
        const auto& description = described[name];
        if (group.description.find(description) == std::string::npos)
          group.description += (group.description.empty() ? "" : " ") + description;
        modulesOf[generatedName(name)].insert(document.module);
      };
      const Value* info = json::member(*document.document, "info");
      const std::string whole(info == nullptr ? "" : json::textMember(*info, "description"));
      std::vector<std::string> order, used;
      if (const Value* declared = json::member(*document.document, "tags"); declared && declared->IsArray()) {
        for (const auto& tag : declared->GetArray()) {
          order.emplace_back(json::textMember(tag, "name"));
          described[order.back()] = json::textMember(tag, "description");
        }
      }
      for (const auto& operation : document.operations) {
        for (const auto& name : tagsIn(document, *operation)) {
          used.push_back(name);
          if (described[name].empty()) described[name] = whole.empty() ? name + "." : whole;
        }
      }
      order.insert(order.end(), used.begin(), used.end());
      for (const auto& name : order) {
        if (std::find(used.begin(), used.end(), name) != used.end()) remember(name);
      }
    }
    for (const auto& [module, groups] : groups_) {
      for (const auto& group : groups) {
        const bool shared = modulesOf[generatedName(group.name)].size() > 1;
        shownTags_[{module, group.name}] = shared ? group.name + " (" + module + ")" : group.name;
      }
    }
  }

  // The kernel's groups come last: most readers look for a module.
  void tags() {
    Value tags(rapidjson::kArrayType), tagGroups(rapidjson::kArrayType);
    for (const bool kernels : {false, true}) {
      for (const auto& [module, groups] : groups_) {
        if ((module == "kernel") != kernels) continue;
        Value names(rapidjson::kArrayType);
        for (const auto& group : groups) {
          const auto& shown = shownTags_[{module, group.name}];
          Value tag(rapidjson::kObjectType);
          set(tag, "name", shown);
          set(tag, "description", group.description);
          tags.PushBack(std::move(tag), allocator());
          names.PushBack(text(shown), allocator());
        }
        Value tagGroup(rapidjson::kObjectType);
        set(tagGroup, "name", capitalised(module));
        set(tagGroup, "tags", std::move(names));
        tagGroups.PushBack(std::move(tagGroup), allocator());
      }
    }
    set(out_, "tags", std::move(tags));
    set(out_, "x-tagGroups", std::move(tagGroups));
  }

  // --- parts

  // Families with a title: the built-in ones in their order, then the others.
  std::vector<const dialect::Family*> servedFamilies() const {
    auto families = dialect::Families::builtIn().all();
    for (const auto& document : documents_) {
      for (const auto& operation : document.operations) {
        const auto* family = operation->conventions.family;
        if (!family->title.empty() && std::find(families.begin(), families.end(), family) == families.end())
          families.push_back(family);
      }
    }
    return families;
  }

  // Describes each family that this server's operations use, and how to sign in there.
  std::string description() const {
    std::string out =
        "All operations of the modules that are enabled on this server, grouped by module. Each belongs to one of the "
        "families below, which differ in the form of their answers. One account serves all of them: a token or key "
        "made in one family is good in the others, within its permissions; send it as `Authorization: Bearer …`. "
        "Texts of errors come in the language that `Accept-Language` asks for; the examples here are English.\n";
    for (const auto* family : servedFamilies()) {
      bool present = false, bearer = false, apiKey = false, cookie = false;
      std::string signIn;
      for (const auto& document : documents_) {
        if (document.module == "kernel") continue;
        for (const auto& operation : document.operations) {
          if (operation->conventions.family != family) continue;
          present = true;
          const auto& security = operation->security;
          bearer = bearer || (!security.anonymous && security.bearer);
          apiKey = apiKey || (!security.anonymous && security.apiKey);
          cookie = cookie || (!security.anonymous && security.cookie);
          if (operation->signIn)
            signIn += (signIn.empty() ? "" : " or ") + ("`" + operation->method + " " + operation->path + "`");
        }
      }
      if (!present) continue;
      out.append("\n* **").append(family->title).append("** ").append(family->audience);
      if (!signIn.empty()) out += " Sign in with " + signIn + ".";
      std::string credentials;
      const auto add = [&](bool accepted, std::string_view words) {
        if (accepted) credentials.append(credentials.empty() ? " It takes " : " or ").append(words);
      };
      add(bearer, "an access token");
      add(apiKey, "an API key");
      add(cookie, "the session cookie (with a CSRF token where something is changed)");
      if (!credentials.empty()) out += credentials + ".";
    }
    return out;
  }

  void head(const std::string& version, const std::string& serverUrl) {
    Value info(rapidjson::kObjectType);
    set(info, "title", "Mortise API");
    set(info, "description", description());
    set(info, "version", version);
    Value contact(rapidjson::kObjectType);
    set(contact, "name", "The operator of this server");
    set(info, "contact", std::move(contact));
    Value license(rapidjson::kObjectType);
    set(license, "name", "As agreed with the operator");
    set(license, "url", serverUrl.empty() || serverUrl == "/" ? "/docs" : serverUrl + "/docs");
    set(info, "license", std::move(license));
    set(out_, "info", std::move(info));

    Value server(rapidjson::kObjectType);
    set(server, "url", serverUrl.empty() ? "/" : serverUrl);
    set(server, "description", "This server");
    Value servers(rapidjson::kArrayType);
    servers.PushBack(std::move(server), allocator());
    set(out_, "servers", std::move(servers));
  }

  void paths() {
    Value paths(rapidjson::kObjectType);
    // Plain parameters come first: where a prefixed one conflicts with them, the prefixed one changes.
    for (const bool prefixed : {false, true}) {
      for (std::size_t i = 0; i < documents_.size(); ++i) {
        const Value* own = json::member(*documents_[i].document, "paths");
        for (const auto& operation : documents_[i].operations) {
          if ((operation->path.find(':') != std::string::npos) == prefixed)
            addOperation(paths, *operation, *json::member(*own, operation->path), i);
        }
      }
    }
    // Sorted by path, with methods in a fixed order: the same modules always give the same text.
    std::map<std::string, Value> sorted;
    for (auto& entry : paths.GetObject()) sorted[std::string(json::view(entry.name))] = std::move(entry.value);
    Value ordered(rapidjson::kObjectType);
    for (auto& [path, item] : sorted) {
      Value methods(rapidjson::kObjectType);
      for (const auto method : kMethods) {
        if (Value* operation = member(item, method))
          methods.AddMember(text(method), std::move(*operation), allocator());
      }
      ordered.AddMember(text(path), std::move(methods), allocator());
    }
    set(out_, "paths", std::move(ordered));
  }

  // Translates our path templates to OpenAPI. Paths that differ only in parameter names are one path there, so the
  // first names win. Where a prefixed parameter and a plain one share a place, the prefix is written out before the
  // parameter.
  struct Shown {
    std::string path;
    std::map<std::string, std::string> names;     // contract's -> shown
    std::map<std::string, std::string> prefixes;  // contract's -> prefix written into the path
    std::map<std::string, std::string> begins;    // contract's -> prefix that its values have
  };

  Shown shownPath(Value& paths, const Operation& operation) {
    const auto shape = PathTemplate::parse(operation.path);
    for (const bool spelled : {false, true}) {
      std::string key;
      for (const auto& segment : shape.segments) {
        key += '/';
        if (segment.kind == PathTemplate::Kind::literal) {
          key += segment.text;
        } else {
          key += (spelled ? segment.text : std::string()) + "{}";
        }
      }
      const auto [at, isNew] = shownPaths_.try_emplace(key, shape);
      const auto& names = at->second.names();
      Shown out;
      std::size_t index = 0;
      for (const auto& segment : shape.segments) {
        out.path += '/';
        if (segment.kind == PathTemplate::Kind::literal) {
          out.path += segment.text;
          continue;
        }
        if (spelled && !segment.text.empty()) out.path += segment.text, out.prefixes[segment.name] = segment.text;
        if (!spelled && !segment.text.empty()) out.begins[segment.name] = segment.text;
        out.names[segment.name] = names[index];
        out.path += "{" + names[index++] + "}";
      }
      const Value* there = json::member(paths, out.path);
      if (isNew || there == nullptr || json::member(*there, text::lower(operation.method)) == nullptr || spelled)
        return out;
    }
    return {};
  }

  void addOperation(Value& paths, const Operation& operation, const Value& item, std::size_t document) {
    const auto shown = shownPath(paths, operation);
    const auto method = text::lower(operation.method);
    Value out = rewritten(*json::member(item, method), document);
    set(out, "operationId", operationIds_[&operation]);
    Value tags(rapidjson::kArrayType);
    for (const auto& name : tagsIn(documents_[document], operation))
      tags.PushBack(text(shownTags_[{operation.module, name}]), allocator());
    set(out, "tags", std::move(tags));
    if (json::textMember(out, "summary").empty()) set(out, "summary", operation.id);
    if (json::textMember(out, "description").empty())
      set(out, "description", std::string(json::textMember(out, "summary")) + ".");
    if (const Value* shared = json::member(item, "parameters")) takeOver(out, rewritten(*shared, document));
    renameParameters(out, shown);
    if (operation.csrf) csrfParameter(out);
    const bool isBareData = json::textMember(*documents_[document].document, "x-mortise-schemas") == "data";
    if (isBareData) envelopes(out, operation);
    security(out, operation);
    errors(out, operation);
    if (isBareData) errorBodies(out, operation);
    Value* path = member(paths, shown.path);
    if (path == nullptr) {
      paths.AddMember(text(shown.path), Value(rapidjson::kObjectType), allocator());
      path = member(paths, shown.path);
    }
    set(*path, method, std::move(out));
  }

  // Parameters of the path item become the operation's own, unless the operation has that parameter.
  void takeOver(Value& operation, Value shared) {
    Value all(rapidjson::kArrayType);
    const Value* own = json::member(operation, "parameters");
    const auto same = [](const Value& a, const Value& b) {
      return json::textMember(a, "name") == json::textMember(b, "name") &&
             json::textMember(a, "in") == json::textMember(b, "in") &&
             json::textMember(a, "$ref") == json::textMember(b, "$ref");
    };
    for (auto& parameter : shared.GetArray()) {
      bool replaced = false;
      if (own != nullptr) {
        for (const auto& other : own->GetArray()) replaced = replaced || same(parameter, other);
      }
      if (!replaced) all.PushBack(std::move(parameter), allocator());
    }
    if (own != nullptr) {
      for (auto& parameter : const_cast<Value*>(own)->GetArray()) all.PushBack(std::move(parameter), allocator());
    }
    set(operation, "parameters", std::move(all));
  }

  void renameParameters(Value& operation, const Shown& shown) {
    Value* parameters = member(operation, "parameters");
    if (parameters == nullptr) return;
    for (auto& parameter : parameters->GetArray()) {
      const Value* plain = &parameter;
      std::string section, name;
      if (const auto reference = json::textMember(parameter, "$ref"); splitReference(reference, section, name))
        plain = componentNamed(section, name);
      if (plain == nullptr || json::textMember(*plain, "in") != "path") continue;
      const std::string own(json::textMember(*plain, "name"));
      const auto known = shown.names.find(own);
      if (known == shown.names.end()) continue;
      const auto prefix = shown.prefixes.find(own);
      const auto begin = shown.begins.find(own);
      if (known->second == own && prefix == shown.prefixes.end() && begin == shown.begins.end()) continue;
      Value copy(*plain, allocator());
      set(copy, "name", known->second);
      if (prefix != shown.prefixes.end()) {
        set(copy, "description", "What follows " + prefix->second);
        set(copy, "schema", parsed(R"({"type":"string"})"));
      } else if (Value* schema = begin == shown.begins.end() ? nullptr : member(copy, "schema");
                 schema != nullptr && schema->IsObject() && member(*schema, "$ref") == nullptr &&
                 member(*schema, "pattern") == nullptr) {
        set(*schema, "pattern", text("^" + begin->second + "."));  // the prefix alone is no such value
      }
      parameter = std::move(copy);
    }
  }

  // Under its new name.
  const Value* componentNamed(const std::string& section, const std::string& name) const {
    for (const auto& [key, value] : originals_) {
      if (key.section == section && newNames_.at(key) == name) return value;
    }
    return nullptr;
  }

  // Not required: a form may carry the token as well, and some callers may be exempt.
  void csrfParameter(Value& operation) {
    Value* parameters = member(operation, "parameters");
    if (parameters == nullptr) {
      set(operation, "parameters", Value(rapidjson::kArrayType));
      parameters = member(operation, "parameters");
    }
    for (const auto& own : parameters->GetArray()) {
      if (text::equalsIgnoreCase(json::textMember(own, "name"), "X-CSRFToken")) return;
    }
    parameters->PushBack(
        parsed(R"({"name":"X-CSRFToken","in":"header","description":"CSRF token of the cookie session",)"
               R"("schema":{"type":"string"}})"),
        allocator());
  }

  void security(Value& operation, const Operation& compiled) {
    Value list(rapidjson::kArrayType);
    const auto add = [&](std::string_view scheme) {
      Value alternative(rapidjson::kObjectType);
      alternative.AddMember(text(scheme), Value(rapidjson::kArrayType), allocator());
      list.PushBack(std::move(alternative), allocator());
      schemes_.insert(std::string(scheme));
    };
    const auto& security = compiled.security;
    if (!security.anonymous) {
      if (security.bearer) add("bearer");
      if (security.cookie) add("cookie");
      if (security.apiKey) add("apiKey");
      if (!security.queryToken.empty()) {
        const auto scheme =
            security.queryToken == "token" ? std::string("queryToken") : "queryToken_" + security.queryToken;
        queryTokens_[scheme] = security.queryToken;
        add(scheme);
      }
      if (security.optional) list.PushBack(Value(rapidjson::kObjectType), allocator());
    }
    set(operation, "security", std::move(list));
  }

  // Where the contract states the bare data (x-mortise-schemas: data), the document shows the whole body as sent.
  void envelopes(Value& operation, const Operation& compiled) {
    Value* responses = member(operation, "responses");
    const auto& family = *compiled.conventions.family;
    if (responses == nullptr || !responses->IsObject() || !compiled.envelope || family.successSchema == nullptr) return;
    for (auto& response : responses->GetObject()) {
      const auto status = json::view(response.name);
      if (status.substr(0, 1) != "2" || status == "204") continue;
      inlined(response.value, "responses");
      if (!response.value.IsObject()) continue;
      envelope(response.value, family);
      if (status == "200" && !compiled.soft.empty()) softFailure(response.value, family);
    }
  }

  // The reply is the success, or a failure that goes out with HTTP 200.
  void softFailure(Value& response, const dialect::Family& family) {
    Value* content = member(response, "content");
    Value* media = content != nullptr && content->IsObject() ? member(*content, "application/json") : nullptr;
    Value* schema = media != nullptr && media->IsObject() ? member(*media, "schema") : nullptr;
    if (schema == nullptr || family.softFailureSchema.empty()) return;
    set(*media, "schema",
        parsed("{\"oneOf\":[" + json::toText(*schema) + "," + std::string(family.softFailureSchema) + "]}"));
  }

  // There, an error reply without a schema (a description alone, or with an example) gets the family's error body.
  void errorBodies(Value& operation, const Operation& compiled) {
    Value* responses = member(operation, "responses");
    if (responses == nullptr || !responses->IsObject()) return;
    const auto& family = *compiled.conventions.family;
    for (auto& response : responses->GetObject()) {
      const auto status = json::view(response.name);
      if ((status.substr(0, 1) != "4" && status.substr(0, 1) != "5") || !response.value.IsObject()) continue;
      std::string section, name;
      if (splitReference(json::textMember(response.value, "$ref"), section, name)) {
        const Value* component = componentNamed(section, name);
        if (component == nullptr || hasBody(*component)) continue;
        inlined(response.value, "responses");
      }
      if (hasBody(response.value)) continue;
      errorBody(response.value, family.error);
      if ((status == "429" || status == "503") && json::member(response.value, "headers") == nullptr)
        set(response.value, "headers", parsed(errorHeaders(family.error)));
      families_.insert(&family);
    }
  }

  // Whether the contract says what the body of a reply looks like.
  static bool hasBody(const Value& response) {
    const Value* content = json::member(response, "content");
    if (content == nullptr || !content->IsObject()) return false;
    for (const auto& media : content->GetObject()) {
      if (!media.value.IsObject() || json::member(media.value, "schema") != nullptr) return true;
    }
    return false;
  }

  void errorBody(Value& response, const dialect::ErrorShape& shape) {
    const std::string schema = R"({"$ref":"#/components/schemas/Mortise_)" + std::string(shape.component) + "\"}";
    Value* content = member(response, "content");
    if (content == nullptr) {
      set(response, "content", parsed("{" + json::quoted(shape.mediaType) + ":{\"schema\":" + schema + "}}"));
      return;
    }
    for (auto& media : content->GetObject()) set(media.value, "schema", parsed(schema));
  }

  static std::string errorHeaders(const dialect::ErrorShape& shape) {
    std::string out = R"({"Retry-After":{"description":"Seconds to wait: with 429, and with 503 where it is known",)"
                      R"("schema":{"type":"integer","minimum":1}})";
    if (!shape.headers.empty()) out.append(",").append(shape.headers);
    return out + "}";
  }

  void envelope(Value& response, const dialect::Family& family) {
    Value* content = member(response, "content");
    if (content == nullptr) {
      set(response, "content", parsed(R"({"application/json":{"schema":)" + family.successSchema({}) + "}}"));
      return;
    }
    Value* media = content->IsObject() ? member(*content, "application/json") : nullptr;
    if (media == nullptr || !media->IsObject()) return;
    if (const Value* schema = member(*media, "schema"))
      set(*media, "schema", parsed(family.successSchema(json::toText(*schema))));
    if (const Value* example = member(*media, "example"))
      set(*media, "example", parsed(family.successExample(json::toText(*example))));
    Value* examples = member(*media, "examples");
    if (examples == nullptr || !examples->IsObject()) return;
    for (auto& example : examples->GetObject()) {
      inlined(example.value, "examples");
      const Value* value = example.value.IsObject() ? member(example.value, "value") : nullptr;
      if (value != nullptr) set(example.value, "value", parsed(family.successExample(json::toText(*value))));
    }
  }

  // A reference to a component is replaced by a copy, because other references use the component unchanged.
  void inlined(Value& value, std::string_view expectedSection) {
    std::string section, name;
    if (!value.IsObject() || !splitReference(json::textMember(value, "$ref"), section, name)) return;
    if (section != expectedSection) return;
    for (const auto& [key, component] : originals_) {
      if (key.section != section || newNames_.at(key) != name) continue;
      value = rewritten(*component, key.document);
      return;
    }
  }

  // The answers that the kernel itself may give before and after the handler; a contract may describe each in more
  // detail.
  void errors(Value& operation, const Operation& compiled) {
    Value* responses = member(operation, "responses");
    if (responses == nullptr || !responses->IsObject()) return;
    const auto& family = *compiled.conventions.family;
    const bool ranged = json::member(*responses, "4XX") != nullptr;
    bool any = ranged;
    const auto add = [&](std::string_view status) {
      const bool client = status[0] == '4';
      any = any || client;
      if (ranged && client) return;
      if (Value* own = member(*responses, status)) {
        addErrorBody(*own, family);
        return;
      }
      Value reference(rapidjson::kObjectType);
      set(reference, "$ref", "#/components/responses/" + std::string(family.error.component));
      responses->AddMember(text(status), std::move(reference), allocator());
      families_.insert(&family);
    };
    const auto& security = compiled.security;
    const bool sends = compiled.body.kind != Body::Kind::none;
    const bool takesKeys = !security.anonymous && (security.bearer || security.apiKey);  // a service key needs a scope
    // What can't be decoded: a path, a query, a form, the framing of a body.
    const auto isIn = [&](In place) {
      return std::any_of(compiled.parameters.begin(), compiled.parameters.end(),
                         [&](const auto& parameter) { return parameter.in == place; });
    };
    const bool hasTarget = isIn(In::path) || isIn(In::query);
    if (sends || hasTarget) add("400");
    if (!security.anonymous && !security.optional) add("401");
    if (compiled.csrf || takesKeys || compiled.webSocket || !compiled.feature.empty() ||
        (!compiled.permission.empty() && compiled.permission != "authenticated"))
      add("403");
    // Without its prefix the path is another operation's, which need not have this method.
    if (hasPrefixedParameter(compiled.path)) add("405");
    if (sends) {
      add("408");  // its body came too slowly
      add("413");
    }
    if (hasTarget) add("414");
    if (checksContentType(compiled)) add("415");
    if (!compiled.parameters.empty() || compiled.body.kind == Body::Kind::json ||
        compiled.body.kind == Body::Kind::multipart)
      add(std::to_string(family.invalidStatus));
    if (compiled.webSocket) add("426");
    if (!compiled.buckets.empty()) add("429");
    for (const auto& entry : responses->GetObject()) any = any || json::view(entry.name).substr(0, 1) == "4";
    if (!any) add("4XX");
    // The handler failed; or the server is busy, is stopping, or has no database.
    if (json::member(*responses, "5XX") != nullptr) return;
    for (const auto status : {"500", "503"}) add(status);
  }

  // The kernel answers with this status too, in the family's body, besides the one that the contract describes (a page).
  void addErrorBody(Value& response, const dialect::Family& family) {
    inlined(response, "responses");
    Value* content = response.IsObject() ? member(response, "content") : nullptr;
    if (content == nullptr || !content->IsObject() || member(*content, family.error.mediaType) != nullptr) return;
    content->AddMember(
        text(family.error.mediaType),
        parsed(R"({"schema":{"$ref":"#/components/schemas/Mortise_)" + std::string(family.error.component) + "\"}}"),
        allocator());
    families_.insert(&family);
  }

  // In these families clients send wrong or no content types: only the parsing of the body decides.
  static bool checksContentType(const Operation& operation) {
    return operation.body.kind == Body::Kind::json && !operation.body.lenient &&
           !operation.conventions.family->anyContentType;
  }

  // --- components

  void components() {
    std::map<std::string, std::map<std::string, Value>> all;
    for (const auto& [key, value] : originals_) {
      auto& section = all[key.section];
      const auto& name = newNames_[key];
      if (section.find(name) == section.end()) section[name] = rewritten(*value, key.document);
    }
    for (const auto* family : families_) {
      const auto& shape = family->error;
      const std::string name(shape.component);
      const auto schema = "Mortise_" + name;
      all["responses"][name] =
          parsed("{\"description\":\"The request could not be served\",\"headers\":" + errorHeaders(shape) +
                 ",\"content\":{" + json::quoted(shape.mediaType) + ":{\"schema\":{\"$ref\":\"#/components/schemas/" +
                 schema + "\"},\"examples\":" + std::string(shape.examples) + "}}}");
      all["schemas"][schema] = parsed(shape.schema);
    }
    // Only components that are referred to, directly or through others.
    std::set<std::pair<std::string, std::string>> used;
    std::vector<std::pair<std::string, std::string>> open;
    const auto note = [&](Value& reference) {
      std::pair<std::string, std::string> target;
      if (splitReference(json::view(reference), target.first, target.second) && used.insert(target).second)
        open.push_back(target);
    };
    eachReference(*member(out_, "paths"), note);
    while (!open.empty()) {
      const auto target = open.back();
      open.pop_back();
      const auto section = all.find(target.first);
      if (section == all.end()) continue;
      if (const auto at = section->second.find(target.second); at != section->second.end())
        eachReference(at->second, note);
    }
    Value components(rapidjson::kObjectType);
    for (auto& [section, entries] : all) {
      Value referenced(rapidjson::kObjectType);
      for (auto& [name, value] : entries) {
        if (used.count({section, name}) != 0) referenced.AddMember(text(name), std::move(value), allocator());
      }
      if (!referenced.ObjectEmpty()) components.AddMember(text(section), std::move(referenced), allocator());
    }
    if (!schemes_.empty()) components.AddMember("securitySchemes", securitySchemes(), allocator());
    if (!components.ObjectEmpty()) set(out_, "components", std::move(components));
  }

  Value securitySchemes() {
    Value out(rapidjson::kObjectType);
    const auto add = [&](const std::string& name, std::string_view json) {
      if (schemes_.count(name) != 0) out.AddMember(text(name), parsed(json), allocator());
    };
    add("apiKey", R"({"type":"http","scheme":"bearer","description":"An API key, sent as a bearer token"})");
    add("bearer", R"({"type":"http","scheme":"bearer","bearerFormat":"JWT","description":"An access token"})");
    add("cookie", "{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":" + json::quoted(cookieName()) +
                      ",\"description\":\"The session cookie set by signing in\"}");
    for (const auto& [scheme, name] : queryTokens_) {
      add(scheme, "{\"type\":\"apiKey\",\"in\":\"query\",\"name\":" + json::quoted(name) +
                      ",\"description\":\"An access token, where a header can't be sent\"}");
    }
    return out;
  }

  // The cookie's name in the first contract that has one.
  std::string cookieName() const {
    for (const auto& document : documents_) {
      const Value* components = json::member(*document.document, "components");
      const Value* schemes = components == nullptr ? nullptr : json::member(*components, "securitySchemes");
      if (schemes == nullptr || !schemes->IsObject()) continue;
      for (const auto& scheme : schemes->GetObject()) {
        if (json::textMember(scheme.value, "in") == "cookie")
          return std::string(json::textMember(scheme.value, "name", "session"));
      }
    }
    return "session";
  }

  // Operations that the pages show as one group.
  struct Group {
    std::string name, description;
  };

  const std::vector<CompiledDocument>& documents_;
  json::Document out_;
  std::map<std::string, std::vector<Group>> groups_;                      // by module, in the contracts' order
  std::map<std::pair<std::string, std::string>, std::string> shownTags_;  // module and contract's tag -> shown tag
  std::set<std::pair<std::string, std::string>> contractNames_;           // section and generated name
  std::map<Component, const Value*> originals_;
  NewNames newNames_;
  std::map<std::pair<std::string, std::string>, std::string> taken_;
  std::map<const Operation*, std::string> operationIds_;
  std::map<std::string, PathTemplate> shownPaths_;
  std::set<std::string> schemes_;
  std::set<const dialect::Family*> families_;  // families whose error responses are used
  std::map<std::string, std::string> queryTokens_;
};

}  // namespace

std::string mergedOpenApi(const std::vector<CompiledDocument>& documents, const std::string& version,
                          const std::string& serverUrl) {
  return Merger(documents).merge(version, serverUrl);
}

}  // namespace mortise::contract
