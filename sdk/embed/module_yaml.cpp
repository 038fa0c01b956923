#include "sdk/embed/module_yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "host_interfaces.hpp"
#include "mortise/tier.hpp"
#include "sdk/embed/json_text.hpp"
#include "sdk/embed/refusal.hpp"
#include "sdk/embed/rules.hpp"
#include "sdk/embed/yaml_to_json.hpp"

namespace mortise::embed {
namespace {

#define MORTISE_NAME(table, name) name,
const std::vector<std::string> kHostInterfaces = {MORTISE_HOST_INTERFACES(MORTISE_NAME)};
#undef MORTISE_NAME
const std::vector<std::string> kOptionTypes = {"string", "integer", "boolean", "duration", "size", "list"};

class Reader {
 public:
  Reader(std::string_view yaml, const std::string& file) : file_(file) {
    yamlToJson(yaml, file);  // syntax, UTF-8, repeated keys, aliases that blow up: throws with file:line
    root_ = YAML::Load(std::string(yaml));
  }

  ModuleYaml run() {
    if (!root_.IsMap())
      throw Refusal({file_ + ":1: expected keys and values; begin with name, version, summary and sdk"});
    checkKeys(root_, "",
              {"name", "version", "summary", "sdk", "needs", "optional", "options", "permissions", "features", "jobs",
               "commands", "provides", "dialects"});
    readHead();
    const auto needs = interfaces("needs");
    const auto optional = interfaces("optional");
    for (const auto& name : optional) {
      if (std::find(needs.begin(), needs.end(), name) != needs.end())
        find(root_["optional"], name + " is under needs too; keep one of the two");
    }
    readOptions();
    readPermissions();
    readFeatures();
    readJobs(needs);
    readCommands();
    readProvides();
    readDialects();
    if (!findings_.empty()) throw Refusal(findings_);
    module_.json = "{" + json_ + "}";
    return std::move(module_);
  }

 private:
  void find(const YAML::Node& at, const std::string& what) {
    findings_.push_back(file_ + ":" + std::to_string(std::max(0, at.Mark().line) + 1) + ": " + what);
  }
  void add(const std::string& key, const std::string& value) {
    json_ += (json_.empty() ? "" : ",") + jsonText(key) + ":" + value;
  }

  void checkKeys(const YAML::Node& map, const std::string& where, const std::vector<std::string>& known) {
    for (const auto& entry : map) {
      const auto& key = entry.first.Scalar();
      if (std::find(known.begin(), known.end(), key) == known.end())
        find(entry.first, "unknown key " + where + key + suggestion(key, known));
    }
  }

  // A plain value as the author wrote it; nullopt (and a finding, when required) otherwise.
  std::optional<std::string> scalar(const YAML::Node& map, const std::string& where, const char* key, bool required) {
    const YAML::Node node = map[key];
    if (!node || node.IsNull()) {
      if (required) find(map, where + key + " is missing");
      return std::nullopt;
    }
    if (!node.IsScalar()) {
      find(node, where + key + " must be a plain value");
      return std::nullopt;
    }
    return node.Scalar();
  }
  std::string line(const YAML::Node& map, const std::string& where, const char* key) {
    const auto text = scalar(map, where, key, true);
    if (text && (text->empty() || text->find('\n') != std::string::npos))
      find(map[key], where + key + " must be one line of text");
    return text.value_or("");
  }
  std::vector<std::pair<YAML::Node, std::string>> items(const YAML::Node& map, const std::string& where,
                                                        const char* key) {
    std::vector<std::pair<YAML::Node, std::string>> out;
    const YAML::Node node = map[key];
    if (!node || node.IsNull()) return out;
    if (!node.IsSequence()) {
      find(node, where + key + " must be a list, like [a, b]");
      return out;
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
      if (!item.IsScalar()) {
        find(item, where + key + " must hold plain values");
      } else if (!seen.insert(item.Scalar()).second) {
        find(item, where + key + " lists " + item.Scalar() + " twice");
      } else {
        out.emplace_back(item, item.Scalar());
      }
    }
    return out;
  }
  static std::string list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts) out += (out.size() > 1 ? "," : "") + jsonText(text);
    return out + "]";
  }
  // Calls `each(key node, value)` for a map of maps.
  void entries(const char* key, const std::function<void(const YAML::Node&, const YAML::Node&)>& each) {
    const YAML::Node node = root_[key];
    if (!node || node.IsNull()) return;
    if (!node.IsMap()) return find(node, std::string(key) + " must be keys and values");
    for (const auto& entry : node) {
      if (!entry.second.IsMap()) {
        find(entry.first,
             std::string(key) + "." + entry.first.Scalar() + " must be keys and values, like { help: ... }");
      } else {
        each(entry.first, entry.second);
      }
    }
  }

  void readHead() {
    module_.name = scalar(root_, "", "name", true).value_or("");
    if (!module_.name.empty() && !isModuleName(module_.name)) {
      find(root_["name"],
           "name " + jsonText(module_.name) +
               " must be 2 to 31 lower-case letters, digits and _, begin with a letter, and not be kernel");
    }
    const auto version = scalar(root_, "", "version", true).value_or("");
    if (!version.empty() && !isSemanticVersion(version))
      find(root_["version"], "version " + jsonText(version) + " must have three numbers, like 1.0.0");
    const auto summary = line(root_, "", "summary");
    const auto sdk = scalar(root_, "", "sdk", true).value_or("");
    if (!sdk.empty()) checkSdk(sdk);
    add("name", jsonText(module_.name));
    add("version", jsonText(version));
    add("summary", jsonText(summary));
    add("sdk", jsonText(sdk));
  }

  void checkSdk(const std::string& sdk) {
    static const std::regex kPattern(R"((\d{1,4})\.(\d{1,4}))");
    const std::string own = std::to_string(kSdkMajor) + "." + std::to_string(kSdkMinor);
    std::smatch match;
    if (sdk.size() > 20 || !std::regex_match(sdk, match, kPattern))
      return find(root_["sdk"], "sdk " + jsonText(sdk) + " must be the least SDK the module needs, like " + own);
    const int major = std::stoi(match[1]), minor = std::stoi(match[2]);
    module_.sdkMinor = minor;
    if (major != kSdkMajor || minor > kSdkMinor)
      find(root_["sdk"], "sdk " + sdk + " is wanted, this is SDK " + own + "; write " + own + " or use a newer SDK");
  }

  std::vector<std::string> interfaces(const char* key) {
    std::vector<std::string> names;
    for (const auto& [node, name] : items(root_, "", key)) {
      if (!isInterfaceName(name)) {
        find(node, std::string(key) + " lists " + jsonText(name) + ", expected a name with a revision, like db/1" +
                       (isWord(name, 40) ? "; did you mean " + name + "/1?" : ""));
      } else if (name.find('.') == std::string::npos &&
                 std::find(kHostInterfaces.begin(), kHostInterfaces.end(), name) == kHostInterfaces.end()) {
        find(node, std::string(key) + " lists " + name + ", which no kernel of this SDK serves" +
                       suggestion(name, kHostInterfaces));
      }
      names.push_back(name);
    }
    add(key, list(names));
    return names;
  }

  void readOptions() {
    std::string out;
    entries("options", [&](const YAML::Node& key, const YAML::Node& option) {
      const std::string where = "options." + key.Scalar() + ".";
      if (!isWord(key.Scalar(), 60))
        find(key, "option " + jsonText(key.Scalar()) + " must be lower-case letters, digits and _");
      checkKeys(option, where, {"type", "default", "help", "choices", "minimum", "maximum", "secret"});
      out += (out.empty() ? "" : ",") + jsonText(key.Scalar()) + ":" + readOption(key, option, where);
    });
    add("options", "{" + out + "}");
  }

  enum class Without { zeroOrEmpty, nothing };  // what an option without a default stands for

  std::string readOption(const YAML::Node& key, const YAML::Node& option, const std::string& where,
                         Without without = Without::zeroOrEmpty) {
    const auto type = scalar(option, where, "type", true).value_or("");
    if (!type.empty() && std::find(kOptionTypes.begin(), kOptionTypes.end(), type) == kOptionTypes.end()) {
      find(option["type"], where + "type " + jsonText(type) + " is unknown" + suggestion(type, kOptionTypes));
    }
    std::string out = "{\"type\":" + jsonText(type) + ",\"help\":" + jsonText(line(option, where, "help"));
    const auto secret = scalar(option, where, "secret", false).value_or("false");
    if (secret != "true" && secret != "false") find(option["secret"], where + "secret must be true or false");
    const bool isSecret = secret == "true";
    if (isSecret && type != "string" && type != "list")
      find(option["secret"], where + "secret fits the types string and list only");
    if (isSecret) out += ",\"secret\":true";

    std::vector<std::string> choices;
    for (const auto& [node, choice] : items(option, where, "choices")) {
      if (!fits(type, choice)) find(node, where + "choices has " + jsonText(choice) + ", which is not of type " + type);
      choices.push_back(choice);
    }
    if (!choices.empty()) out += ",\"choices\":" + list(choices);
    const auto minimum = bound(option, where, "minimum", type, out);
    const auto maximum = bound(option, where, "maximum", type, out);
    if (minimum && maximum && *minimum > *maximum) find(option["minimum"], where + "minimum is above maximum");
    if (without == Without::zeroOrEmpty || option["default"])
      out += defaultOf(key, option, where, type, isSecret, choices, minimum, maximum);
    return out + "}";
  }

  std::string defaultOf(const YAML::Node& key, const YAML::Node& option, const std::string& where,
                        const std::string& type, bool isSecret, const std::vector<std::string>& choices,
                        std::optional<std::int64_t> minimum, std::optional<std::int64_t> maximum) {
    const YAML::Node node = option["default"];
    if (!node || node.IsNull()) {
      if (type != "string" && type != "list" && !type.empty()) find(key, where + "default is missing");
      return "";
    }
    if (isSecret) {
      find(node, where + "default: a secret has none; the operator sets it");
      return "";
    }
    if (type == "list") {
      std::vector<std::string> values;
      for (const auto& [item, value] : items(option, where, "default")) values.push_back(value);
      return ",\"default\":" + list(values);
    }
    const auto text = scalar(option, where, "default", false);
    if (!text) return "";
    const auto number = numberOf(type, *text);
    if (!fits(type, *text)) {
      find(node, where + "default " + jsonText(*text) + " is not of type " + type);
    } else if (!choices.empty() && std::find(choices.begin(), choices.end(), *text) == choices.end()) {
      find(node, where + "default " + jsonText(*text) + " is not among its choices");
    } else if (number && ((minimum && *number < *minimum) || (maximum && *number > *maximum))) {
      find(node, where + "default " + *text + " is outside minimum and maximum");
    }
    return ",\"default\":" + jsonText(*text);
  }

  std::optional<std::int64_t> bound(const YAML::Node& option, const std::string& where, const char* key,
                                    const std::string& type, std::string& out) {
    const auto text = scalar(option, where, key, false);
    if (!text) return std::nullopt;
    const auto number = numberOf(type, *text);
    if (!number) {
      find(option[key], where + key + " " + jsonText(*text) +
                            (type == "integer" || type == "duration" || type == "size"
                                 ? " is not of type " + type
                                 : " fits the types integer, duration and size only"));
      return std::nullopt;
    }
    out += std::string(",\"") + key + "\":" + std::to_string(*number);
    return number;
  }

  static std::optional<std::int64_t> numberOf(const std::string& type, const std::string& text) {
    if (type == "integer") return parseInteger(text);
    if (type == "duration") return parseDuration(text);
    if (type == "size") return parseSize(text);
    return std::nullopt;
  }
  static bool fits(const std::string& type, const std::string& text) {
    if (type == "integer" || type == "duration" || type == "size") return numberOf(type, text).has_value();
    return type != "boolean" || text == "true" || text == "false";
  }

  void readPermissions() {
    std::string out;
    entries("permissions", [&](const YAML::Node& key, const YAML::Node& permission) {
      const auto& name = key.Scalar();
      const std::string where = "permissions." + name + ".";
      const std::string prefix = module_.name + ".";
      if (name.rfind(prefix, 0) != 0 || name.size() > 100 ||
          !std::regex_match(name, std::regex(R"([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+)"))) {
        find(key, "permission " + jsonText(name) + " must be " + prefix + "verb, in lower case");
      }
      checkKeys(permission, where, {"help", "roles"});
      std::vector<std::string> roles;
      for (const auto& [node, role] : items(permission, where, "roles")) {
        if (!isWord(role, 40))
          find(node, where + "roles has " + jsonText(role) + ", expected a role like user, admin or viewer");
        roles.push_back(role);
      }
      module_.permissions.push_back(name);
      out += (out.empty() ? "" : ",") + jsonText(name) + ":{\"help\":" + jsonText(line(permission, where, "help")) +
             ",\"roles\":" + list(roles) + "}";
    });
    add("permissions", "{" + out + "}");
  }

  void readFeatures() {
    std::string out;
    entries("features", [&](const YAML::Node& key, const YAML::Node& feature) {
      const std::string where = "features." + key.Scalar() + ".";
      if (!isWord(key.Scalar(), 60))
        find(key, "feature " + jsonText(key.Scalar()) + " must be lower-case letters, digits and _");
      checkKeys(feature, where, {"tier", "help"});
      const auto tier = scalar(feature, where, "tier", true).value_or("");
      if (feature["tier"] && !isTier(tier))
        find(feature["tier"],
             where + "tier " + jsonText(tier) + " is unknown" + suggestion(tier, {kTiers.begin(), kTiers.end()}));
      out += (out.empty() ? "" : ",") + jsonText(key.Scalar()) + ":{\"tier\":" + jsonText(tier) +
             ",\"help\":" + jsonText(line(feature, where, "help")) + "}";
    });
    add("features", "{" + out + "}");
  }

  void readJobs(const std::vector<std::string>& needs) {
    std::string out;
    entries("jobs", [&](const YAML::Node& key, const YAML::Node& job) {
      const std::string where = "jobs." + key.Scalar() + ".";
      if (!isWord(key.Scalar(), 60))
        find(key, "job " + jsonText(key.Scalar()) + " must be lower-case letters, digits and _");
      checkKeys(job, where,
                {"help", "trigger", "name", "description", "zone", "jitter", "time_limit", "max_instances",
                 "misfire_grace", "coalesce"});
      out += (out.empty() ? "" : ",") + jsonText(key.Scalar()) + ":{\"help\":" + jsonText(line(job, where, "help")) +
             ",\"trigger\":" + trigger(key, job, where) + jobRules(job, where) + "}";
    });
    if (!out.empty() && std::find(needs.begin(), needs.end(), "jobs/1") == needs.end())
      find(root_["jobs"], "jobs are declared; add jobs/1 to needs");
    add("jobs", "{" + out + "}");
  }

  void readCommands() {
    std::string out;
    entries("commands", [&](const YAML::Node& key, const YAML::Node& command) {
      const std::string where = "commands." + key.Scalar() + ".";
      if (!isCommandWord(key.Scalar()))
        find(key, "command " + jsonText(key.Scalar()) + " must be lower-case letters, digits and -, at most 40");
      checkKeys(command, where, {"help", "arguments"});
      out += (out.empty() ? "" : ",") + jsonText(key.Scalar()) +
             ":{\"help\":" + jsonText(line(command, where, "help")) +
             ",\"arguments\":" + readArguments(command, where + "arguments.") + "}";
    });
    if (!out.empty() && module_.sdkMinor < 1)
      find(root_["commands"], "commands are declared, which servers of SDK 1.0 do not know; write sdk: \"1.1\"");
    if (!out.empty()) add("commands", "{" + out + "}");
  }

  std::string readArguments(const YAML::Node& command, const std::string& where) {
    const YAML::Node arguments = command["arguments"];
    if (!arguments || arguments.IsNull()) return "{}";
    if (!arguments.IsMap()) {
      find(arguments, where.substr(0, where.size() - 1) + " must be keys and values");
      return "{}";
    }
    std::string out;
    bool mayLack = false;  // an earlier word
    for (const auto& entry : arguments) {
      const auto name = entry.first.Scalar();
      const auto at = where + name + ".";
      if (!isCommandWord(name) || name == "help" || name == "config")
        find(entry.first, "argument " + jsonText(name) +
                              " must be lower-case letters, digits and -, at most 40, and not help or config");
      if (!entry.second.IsMap()) {
        find(entry.first, where + name + " must be keys and values, like { type: string, help: ... }");
        continue;
      }
      out += (out.empty() ? "" : ",") + jsonText(name) + ":" + readArgument(entry.first, entry.second, at, mayLack);
    }
    return "{" + out + "}";
  }

  std::string readArgument(const YAML::Node& key, const YAML::Node& argument, const std::string& where, bool& mayLack) {
    checkKeys(argument, where, {"type", "default", "help", "choices", "minimum", "maximum", "required", "positional"});
    const auto type = scalar(argument, where, "type", false).value_or("");
    if (type == "list") find(argument["type"], where + "type list fits options only");
    const auto is = [&](const char* name) {
      const auto text = scalar(argument, where, name, false).value_or("false");
      if (text != "true" && text != "false") find(argument[name], where + name + " must be true or false");
      return text == "true";
    };
    const bool required = is("required");
    const bool positional = is("positional");
    if (type == "boolean" && (required || positional || argument["default"]))
      find(key,
           where.substr(0, where.size() - 1) + " is a switch: it can't be required or positional, and has no default");
    if (required && argument["default"]) find(argument["default"], where + "default: it is required, so it needs none");
    if (positional && required && mayLack)
      find(key, where.substr(0, where.size() - 1) + " is required and stands behind a word that may be left out");
    mayLack = mayLack || (positional && !required);
    auto out = readOption(key, argument, where, Without::nothing);
    out.pop_back();
    if (required) out += ",\"required\":true";
    if (positional) out += ",\"positional\":true";
    return out + "}";
  }

  // What a job may say besides; each with its comma before it. Times are written as whole seconds.
  std::string jobRules(const YAML::Node& job, const std::string& where) {
    std::string out;
    for (const auto* key : {"name", "description", "zone"}) {
      if (job[key]) out += std::string(",\"") + key + "\":" + jsonText(line(job, where, key));
    }
    for (const auto* key : {"jitter", "time_limit", "misfire_grace"}) {
      const auto text = scalar(job, where, key, false);
      if (!text) continue;
      const bool endless = std::string_view(key) == "misfire_grace" && *text == "none";
      const auto milliseconds = endless ? std::optional<std::int64_t>(-1000) : parseDuration(*text);
      if (!milliseconds || *milliseconds % 1000 != 0) {
        find(job[key], where + key + " " + jsonText(*text) + " must be whole seconds, like 30s, 10m or 2h" +
                           (std::string_view(key) == "misfire_grace" ? ", or none" : ""));
        continue;
      }
      out += std::string(",\"") + key + "\":" + std::to_string(*milliseconds / 1000);
    }
    if (const auto text = scalar(job, where, "max_instances", false)) {
      const auto number = parseInteger(*text);
      if (!number || *number < 1 || *number > 100)
        find(job["max_instances"], where + "max_instances " + jsonText(*text) + " must be a number from 1 to 100");
      out += ",\"max_instances\":" + std::to_string(number.value_or(1));
    }
    if (const auto text = scalar(job, where, "coalesce", false)) {
      if (*text != "true" && *text != "false") find(job["coalesce"], where + "coalesce must be true or false");
      out += ",\"coalesce\":" + std::string(*text == "false" ? "false" : "true");
    }
    return out;
  }

  std::string trigger(const YAML::Node& key, const YAML::Node& job, const std::string& where) {
    static const std::map<std::string, std::pair<std::regex, std::string>> kForms = {
        {"cron", {std::regex(R"(\S+( +\S+){4,6})"), "five to seven fields, like \"0 3 * * *\""}},
        {"every",
         {std::regex(R"(P(?=.)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)"), "an ISO 8601 duration, like PT5M"}},
        {"at",
         {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))"),
          "an ISO 8601 time, like 2030-01-01T00:00:00Z"}},
    };
    const YAML::Node node = job["trigger"];
    if (!node || !node.IsMap() || node.size() != 1) {
      find(node ? node : key, where + "trigger must be one of { cron: ... }, { every: ... }, { at: ... }");
      return "{}";
    }
    const auto kind = node.begin()->first.Scalar();
    const auto form = kForms.find(kind);
    if (form == kForms.end()) {
      find(node, "unknown key " + where + "trigger." + kind + suggestion(kind, {"cron", "every", "at"}));
      return "{}";
    }
    const auto text = scalar(node, where + "trigger.", kind.c_str(), true).value_or("");
    if (!text.empty() &&
        (text.size() > 100 || !std::regex_match(text, form->second.first)))  // std::regex recurses per byte
    {
      find(node, where + "trigger." + kind + " " + jsonText(text) + " must be " + form->second.second);
    }
    return "{" + jsonText(kind) + ":" + jsonText(text) + "}";
  }

  void readProvides() {
    std::vector<std::string> names;
    for (const auto& [node, name] : items(root_, "", "provides")) {
      if (!isInterfaceName(name) || name.rfind(module_.name + ".", 0) != 0) {
        find(node, "provides lists " + jsonText(name) + ", expected " + module_.name + ".something/1");
      }
      names.push_back(name);
    }
    add("provides", list(names));
  }

  void readDialects() {
    std::string out;
    entries("dialects", [&](const YAML::Node& key, const YAML::Node& dialect) {
      const std::string where = "dialects." + key.Scalar() + ".";
      if (!isWord(key.Scalar(), 40))
        find(key, "dialect " + jsonText(key.Scalar()) + " must be lower-case letters, digits and _");
      checkKeys(dialect, where, {"success", "error", "content_type"});
      out += (out.empty() ? "" : ",") + jsonText(key.Scalar()) +
             ":{\"success\":" + jsonText(scalar(dialect, where, "success", true).value_or("")) +
             ",\"error\":" + jsonText(scalar(dialect, where, "error", true).value_or("")) + ",\"content_type\":" +
             jsonText(scalar(dialect, where, "content_type", false).value_or("application/json")) + "}";
    });
    add("dialects", "{" + out + "}");
  }

  const std::string& file_;
  YAML::Node root_;
  ModuleYaml module_;
  std::string json_;
  std::vector<std::string> findings_;
};

}  // namespace

ModuleYaml readModuleYaml(std::string_view yaml, const std::string& file) {
  try {
    return Reader(yaml, file).run();
  } catch (const YAML::Exception& error) {
    throw Refusal({file + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg});
  } catch (const Refusal&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Refusal({error.what()});
  }
}

}  // namespace mortise::embed
