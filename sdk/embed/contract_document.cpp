#include "sdk/embed/contract_document.hpp"

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "sdk/embed/refusal.hpp"
#include "sdk/embed/yaml_to_json.hpp"

namespace mortise::embed {
namespace {

namespace fs = std::filesystem;

// What contracts say to this program alone: the server has no use for it, and one of SDK 1.0 would refuse it.
const std::vector<std::string> kBuildKeys = {"x-mortise-name", "x-mortise-answers"};

YAML::Node load(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) throw Refusal({path.string() + ": cannot be read"});
  const std::string text = std::move(bytes).str();
  yamlToJson(text, path.string());  // syntax, with the line
  return YAML::Load(text);
}

class Bundler {
 public:
  explicit Bundler(ContractDocument& document) : document_(document) {}

  void run() {
    walk(document_.root, document_.path);
    if (!findings_.empty()) throw Refusal(findings_);
  }

 private:
  void find(const fs::path& file, const YAML::Node& at, const std::string& what) {
    findings_.push_back(file.string() + ":" + std::to_string(at.Mark().line + 1) + ": " + what);
  }

  void walk(YAML::Node node, const fs::path& file) {
    if (node.IsSequence()) {
      for (auto item : node) walk(item, file);
    }
    if (!node.IsMap()) return;
    // What a reference takes in may become a member of this map.
    std::vector<std::pair<std::string, YAML::Node>> members;
    for (const auto& entry : node) {
      if (entry.first.IsScalar()) members.emplace_back(entry.first.Scalar(), entry.second);
    }
    for (const auto& [key, value] : members) {
      if (key == "$ref" && value.IsScalar()) {
        reference(node, value, file);
      } else if (key != "example" && key != "default" && key != "enum") {
        walk(value, file);
      }
    }
  }

  void reference(YAML::Node holder, const YAML::Node& value, const fs::path& file) {
    const std::string text = value.Scalar();
    const auto hash = text.find('#');
    const std::string name = text.substr(0, hash);
    if (name.empty() && file == document_.path) return;  // the document's own
    const fs::path source = name.empty() ? file : file.parent_path() / name;
    if (name.find('/') != std::string::npos || !fs::is_regular_file(source))
      return find(file, value, "$ref " + text + " names no file in this folder");
    if (source == document_.path)
      return find(file, value, "$ref " + text + " leads back to the contract; move that component to the shared file");

    constexpr std::string_view kStart = "#/components/";
    const std::string pointer = hash == std::string::npos ? std::string() : text.substr(hash);
    const auto slash = pointer.find('/', kStart.size());
    if (pointer.compare(0, kStart.size(), kStart) != 0 || slash == std::string::npos ||
        pointer.find('/', slash + 1) != std::string::npos)
      return find(file, value, "$ref " + text + " must name a component, like common.yaml#/components/schemas/X");
    holder["$ref"] = pointer;
    take(source, pointer.substr(kStart.size(), slash - kStart.size()), pointer.substr(slash + 1), file, value);
  }

  void take(const fs::path& source, const std::string& section, const std::string& name, const fs::path& file,
            const YAML::Node& at) {
    const std::string key = section + "/" + name;
    if (const auto known = document_.origins.find(key); known != document_.origins.end()) {
      if (known->second != source)
        find(file, at, key + " comes from " + known->second.filename().string() + " already; rename one of the two");
      return;
    }
    auto [at_file, isNew] = files_.try_emplace(source);
    if (isNew) at_file->second.reset(load(source));
    const YAML::Node target = component(at_file->second, section, name);
    if (!target)
      return find(file, at, source.filename().string() + " has no component " + key + "; add it or correct the name");
    if (const YAML::Node own = component(document_.root, section, name); own && !refersTo(own, source, section, name))
      return find(file, at,
                  key + " of " + source.filename().string() + " is also a component of this document, in line " +
                      std::to_string(own.Mark().line + 1) + "; rename one of the two");
    document_.origins[key] = source;
    document_.root["components"][section][name] = target;
    walk(target, source);
  }

  static YAML::Node component(const YAML::Node& root, const std::string& section, const std::string& name) {
    if (!root.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node components = root["components"];
    if (!components || !components.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node entries = components[section];
    if (!entries || !entries.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    return entries[name];
  }

  // A component that only hands on the shared one of its name: X: { $ref: "common.yaml#/components/schemas/X" }.
  static bool refersTo(const YAML::Node& own, const fs::path& source, const std::string& section,
                       const std::string& name) {
    if (!own.IsMap() || own.size() != 1) return false;
    const YAML::Node reference = own["$ref"];
    if (!reference || !reference.IsScalar()) return false;
    const std::string pointer = "#/components/" + section + "/" + name;
    return reference.Scalar() == pointer || reference.Scalar() == source.filename().string() + pointer;
  }

  ContractDocument& document_;
  std::map<fs::path, YAML::Node> files_;
  std::vector<std::string> findings_;
};

}  // namespace

std::set<fs::path> ContractDocument::shared() const {
  std::set<fs::path> out;
  for (const auto& [component, file] : origins) out.insert(file);
  return out;
}

ContractDocument readContractDocument(const fs::path& path) {
  ContractDocument document;
  document.root = load(path);
  document.path = path;
  if (document.root.IsMap()) Bundler(document).run();
  return document;
}

std::string contractJson(const ContractDocument& document, std::vector<std::pair<std::string, int>>* operationLines) {
  const auto path = document.path.string();
  auto json = yamlToJson(document.root, path, operationLines, kBuildKeys);
  if (json.empty() || json[0] != '{') throw Refusal({path + ":1: expected an OpenAPI 3.0 document"});
  return json;
}

bool holdsOnlyComponents(const YAML::Node& root) { return root.IsMap() && root["components"] && !root["paths"]; }

}  // namespace mortise::embed
