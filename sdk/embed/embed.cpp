#include "sdk/embed/embed.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "sdk/embed/contract_document.hpp"
#include "sdk/embed/contract_header.hpp"
#include "sdk/embed/contract_model.hpp"
#include "sdk/embed/json_text.hpp"
#include "sdk/embed/module_yaml.hpp"
#include "sdk/embed/refusal.hpp"
#include "sdk/embed/rules.hpp"
#include "sdk/embed/sql_sections.hpp"
#include "sdk/embed/yaml_to_json.hpp"

namespace mortise::embed {
namespace {

namespace fs = std::filesystem;

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) throw Refusal({path.string() + ": cannot be read"});
  return std::move(bytes).str();
}

// A list as JSON, from texts that are JSON already.
std::string joined(const std::vector<std::string>& texts, char open, char close) {
  std::string out(1, open);
  for (const auto& text : texts) out += (out.size() > 1 ? "," : "") + text;
  return out + close;
}

class Assembler {
 public:
  explicit Assembler(const fs::path& directory) : directory_(directory) {}

  ContractCode contractCode(const std::string& headerName) {
    run();
    std::vector<Contract> contracts;
    for (const auto& document : contracts_) {
      attempt([&] {
        auto contract = readContract(document, "contracts/" + document.path.filename().string());
        for (const auto& other : contracts) {
          if (other.space == contract.space)  // a.b.yaml and a_b.yaml
            find(document.path, 1,
                 "namespace " + contract.space + " is that of " + other.file +
                     " too; give the document another with x-mortise-name");
        }
        contracts.push_back(std::move(contract));
      });
    }
    if (!findings_.empty()) throw Refusal(findings_);
    return {contractHeader(module_, contracts), contractSource(module_, headerName, contracts)};
  }

  std::string run() {
    const fs::path file = directory_ / "module.yaml";
    if (!fs::is_regular_file(file))
      throw Refusal({file.string() + ": not found; a module has its name, version and needs there"});
    ModuleYaml module;
    attempt([&] { module = readModuleYaml(readFile(file), file.string()); });
    permissions_ = module.permissions;
    module_ = module.name;
    sdkMinor_ = module.sdkMinor;
    prefix_ = module.name + ".";
    auto contracts = each("contracts", R"([A-Za-z0-9_.-]+\.yaml)", "name.yaml",
                          [&](const fs::path& path) { return contract(path); });
    std::erase(contracts, std::string());   // files that only hold components
    if (findings_.empty()) refuseUnused();  // a contract that could not be read may be the one that refers to it
    const auto migrations = each("migrations", R"([0-9]{3,6}_[a-z0-9_]+\.sql)", "001_name.sql",
                                 [&](const fs::path& path) { return migration(path); });
    const auto messages = each("messages", R"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*\.yaml)", "en.yaml or zh-CN.yaml",
                               [&](const fs::path& path) { return language(path); });
    if (!findings_.empty()) throw Refusal(findings_);
    return "{\"mortise_manifest\":1,\"module\":" + module.json + ",\"contracts\":" + joined(contracts, '[', ']') +
           ",\"migrations\":" + joined(migrations, '[', ']') + ",\"messages\":" + joined(messages, '{', '}') + "}";
  }

 private:
  void attempt(const std::function<void()>& work) {
    try {
      work();
    } catch (const Refusal& refusal) {
      findings_.insert(findings_.end(), refusal.findings().begin(), refusal.findings().end());
    } catch (const std::runtime_error& error) {
      findings_.emplace_back(error.what());
    }
  }
  void find(const fs::path& path, int line, const std::string& what) {
    findings_.push_back(path.string() + ":" + std::to_string(line) + ": " + what);
  }

  // The files of one folder in order of their names, each turned into JSON by `convert`.
  std::vector<std::string> each(const char* folder, const char* pattern, const char* expected,
                                const std::function<std::string(const fs::path&)>& convert) {
    const fs::path place = directory_ / folder;
    if (!fs::exists(place)) return {};
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(place)) {
      const auto name = entry.path().filename().string();
      if (name.empty() || name[0] == '.' || name.back() == '~' || name == "README.md")
        continue;  // editors' leavings, and words for people
      if (!entry.is_regular_file() || !std::regex_match(name, std::regex(pattern))) {
        findings_.push_back(entry.path().string() + ": expected a file named like " + expected +
                            "; rename it or move it elsewhere");
        continue;
      }
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> out;
    for (const auto& path : paths) attempt([&] { out.push_back(convert(path)); });
    return out;
  }

  std::string contract(const fs::path& path) {
    const ContractDocument read = readContractDocument(path);
    if (holdsOnlyComponents(read.root)) {
      shared_.push_back(path);
      return {};
    }
    std::vector<std::pair<std::string, int>> operations;
    const std::string document = contractJson(read, &operations);
    std::vector<std::string> lines;
    for (const auto& [id, line] : operations) {
      const auto [known, fresh] = operations_.emplace(id, path.string() + ":" + std::to_string(line));
      if (!fresh)
        find(path, line, "operationId " + id + " is taken by " + known->second + "; give one of the two another name");
      lines.push_back(jsonText(id) + ":" + std::to_string(line));
    }
    checkPermissions(read.root, path);
    contracts_.push_back(read);
    return "{\"file\":" + jsonText("contracts/" + path.filename().string()) + ",\"lines\":" + joined(lines, '{', '}') +
           ",\"document\":" + document + "}";
  }

  void refuseUnused() {
    std::set<fs::path> used;
    for (const auto& document : contracts_) used.merge(document.shared());
    for (const auto& path : shared_) {
      if (used.count(path) == 0)
        find(path, 1, "has components and no paths, and no contract refers to it; add paths or remove it");
    }
  }

  // A permission of this module that module.yaml does not declare would shut everybody out.
  void checkPermissions(const YAML::Node& document, const fs::path& path) {
    checkPermission(document, path);
    const YAML::Node paths = document["paths"];
    if (!paths || !paths.IsMap()) return;
    for (const auto& entry : paths) {
      if (!entry.second.IsMap()) continue;
      for (const auto& method : entry.second) checkPermission(method.second, path);
    }
  }
  void checkPermission(const YAML::Node& holder, const fs::path& path) {
    if (!holder.IsMap()) return;
    const YAML::Node node = holder["x-mortise-permission"];
    if (!node || !node.IsScalar()) return;
    const auto& name = node.Scalar();
    if (name.rfind(prefix_, 0) != 0 || std::find(permissions_.begin(), permissions_.end(), name) != permissions_.end())
      return;
    find(path, node.Mark().line + 1,
         "permission " + name + " is not declared in module.yaml" + suggestion(name, permissions_));
  }

  std::string migration(const fs::path& path) {
    const std::string name = path.filename().string();
    const std::string sql = readFile(path);
    const int number = std::stoi(name);
    if (number < 1) throw Refusal({path.string() + ": migrations are numbered from 001"});
    const auto [known, fresh] = migrations_.emplace(number, name);
    if (!fresh) throw Refusal({path.string() + ": " + known->second + " has the same number; number them apart"});
    if (!isUtf8Text(sql)) throw Refusal({path.string() + ": is not UTF-8 text; save it as UTF-8"});
    if (sql.find_first_not_of(" \t\r\n") == std::string::npos)
      throw Refusal({path.string() + ": is empty; write its SQL or remove it"});
    // Sections were there in 1.0 without a word about them: its sources build as they did.
    if (auto faults = sectionFaults(sql, path.string(), sdkMinor_ >= 1); !faults.empty())
      throw Refusal(std::move(faults));
    return "{\"number\":" + std::to_string(number) + ",\"name\":" + jsonText(name) + ",\"sql\":" + jsonText(sql) + "}";
  }

  std::string language(const fs::path& path) {
    const std::string text = readFile(path);
    yamlToJson(text, path.string());  // syntax, with the line
    const YAML::Node root = YAML::Load(text);
    std::vector<std::string> messages;
    if (!root.IsNull() && !root.IsMap())
      throw Refusal({path.string() + ":1: expected lines like not_found: \"there is no such job\""});
    for (const auto& entry : root) {
      if (!entry.second.IsScalar()) {
        find(path, entry.first.Mark().line + 1, entry.first.Scalar() + " must be one text");
        continue;
      }
      messages.push_back(jsonText(entry.first.Scalar()) + ":" + jsonText(entry.second.Scalar()));
    }
    return jsonText(path.stem().string()) + ":" + joined(messages, '{', '}');
  }

  const fs::path directory_;
  std::string module_;
  int sdkMinor_ = 0;
  std::string prefix_;
  std::vector<ContractDocument> contracts_;
  std::vector<fs::path> shared_;  // files that only hold components
  std::vector<std::string> permissions_;
  std::map<std::string, std::string> operations_;  // id -> file:line
  std::map<int, std::string> migrations_;
  std::vector<std::string> findings_;
};

// Octal escapes in short pieces: no trigraph, no hexadecimal escape that swallows what follows, no literal too long for
// a compiler.
std::string literal(std::string_view text) {
  constexpr std::size_t kPiece = 160;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % kPiece == 0) out += i == 0 ? "\"" : "\"\n    \"";
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f && c != '?') {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\%03o", byte);
      out += escaped;
    }
  }
  return text.empty() ? "\"\"" : out + "\"";
}

}  // namespace

std::string manifestOf(const fs::path& directory) { return Assembler(directory).run(); }

std::string sourceOf(std::string_view manifest) {
  return "/* Made by mortise embed from a module's YAML and SQL files: change those. */\n"
         "#include <stddef.h>\n\n"
         "#if defined(__GNUC__)\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n#endif\n"
         "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         "extern __attribute__((visibility(\"hidden\"))) const char mortise_manifest[];\n"
         "extern __attribute__((visibility(\"hidden\"))) const size_t mortise_manifest_size;\n\n"
         "__attribute__((used, section(\".mortise.manifest\"))) const char mortise_manifest[] =\n    " +
         literal(manifest) +
         ";\nconst size_t mortise_manifest_size = sizeof mortise_manifest - 1;\n\n"
         "#ifdef __cplusplus\n}\n#endif\n";
}

namespace {

// Replaced whole, or left alone.
void replaceFile(const fs::path& output, const std::string& text) {
  fs::path partial = output;
  partial += ".partial";
  {
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file)
      throw std::runtime_error(partial.string() +
                               ": cannot be written; check that the folder is there and the disk has room");
  }
  fs::rename(partial, output);
}

// Untouched when nothing in it changed: every handler includes the header of the contracts.
void replaceChangedFile(const fs::path& output, const std::string& text) {
  if (!fs::is_regular_file(output) || readFile(output) != text) replaceFile(output, text);
}

}  // namespace

void embedModule(const fs::path& directory, const fs::path& output) {
  replaceFile(output, sourceOf(manifestOf(directory)));
}

ContractCode contractCodeOf(const fs::path& directory, const std::string& headerName) {
  return Assembler(directory).contractCode(headerName);
}

void writeContractCode(const fs::path& directory, const fs::path& output) {
  const ContractCode code = contractCodeOf(directory, output.filename().string());
  replaceChangedFile(output, code.header);
  replaceChangedFile(fs::path(output).replace_extension(".cpp"), code.source);
}

}  // namespace mortise::embed
