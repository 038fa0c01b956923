#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <cerrno>
#include <cstring>
#include <set>

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/config/config.hpp"
#include "core/config/environment_aliases.hpp"
#include "core/config/ini.hpp"
#include "core/config/values.hpp"

extern char** environ;

namespace mortise::config {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kPrefix = "MORTISE_";

// A name and value from any source.
struct Setting {
  std::string name, value;
  std::string where;  // for refusals and Config::origin
};

std::string upperWord(std::string_view word) {
  std::string out;
  for (const char c : word) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  return out;
}

std::string variableName(const Option& option) {
  return std::string(kPrefix) + upperWord(option.section) + '_' + upperWord(option.key);
}

std::string sectionOf(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

std::string suggestion(const std::string& near) { return near.empty() ? "" : "; did you mean " + near + "?"; }

// Reads the whole file, or sets `problem`.
std::string readFile(const std::string& path, std::string& problem) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) {
    problem = std::string("can't be opened: ") + std::strerror(errno);
    return {};
  }
  if (!S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode) && !S_ISCHR(facts.st_mode)) {
    problem = "is not a file";
    return {};
  }
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = std::string("can't be read: ") + std::strerror(errno);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kMaxFileBytes) {
      problem = "is larger than 1 MiB, which no configuration needs";
      return {};
    }
  }
}

// Checks every setting of one source; valid ones go to `accepted`, which Boost.Program_options ranks.
class Gate {
 public:
  Gate(const Table& table, bool complete, const std::vector<std::string>& knownSections, std::vector<Refusal>& refusals)
      : table_(table), complete_(complete), known_(knownSections.begin(), knownSections.end()), refusals_(refusals) {
    for (const Option& option : table.all()) sections_.insert(option.section);
  }

  bool sectionInTable(const std::string& section) const { return sections_.count(section) > 0; }
  bool sectionIgnored(const std::string& section) const { return !complete_ || known_.count(section) > 0; }

  std::string nearestSection(const std::string& section) const {
    std::vector<std::string> names(sections_.begin(), sections_.end());
    names.insert(names.end(), known_.begin(), known_.end());
    return text::nearest(section, names);
  }

  void refuse(const std::string& where, std::string text) { refusals_.push_back({where, std::move(text)}); }

  // A section that nothing here has: a slip when a known one is near, else that of a module whose file is gone, which
  // must not keep the server from starting.
  void unknownSection(const std::string& section, const std::string& where, const std::string& label,
                      const std::string& nearOption = {}) {
    const std::string near = nearestSection(section);
    if (!near.empty()) {
      refuse(where, "unknown " + label + suggestion(nearOption.empty() ? "[" + near + "]" : nearOption));
    } else {
      ignored_.push_back({where, label + " is left alone: no module of the name " + section + " is here"});
    }
  }

  std::vector<Refusal>& ignored() { return ignored_; }

  // `label` is how the user wrote the option.
  void take(const Setting& setting, const std::string& label, std::vector<Setting>& accepted) {
    const Option* option = table_.find(setting.name);
    if (!option) {
      const std::string section = sectionOf(setting.name);
      if (sectionInTable(section)) {
        refuse(setting.where, "unknown option " + label + suggestion(table_.nearest(setting.name)));
      } else if (!sectionIgnored(section)) {
        unknownSection(section, setting.where, "option " + label, table_.nearest(setting.name));
      }
      return;
    }
    if (!option->repeatable) {
      const auto earlier =
          std::find_if(accepted.begin(), accepted.end(), [&](const Setting& one) { return one.name == setting.name; });
      if (earlier != accepted.end()) {
        refuse(setting.where, setting.name + " is given twice" +
                                  (earlier->where == setting.where ? "" : ", first at " + earlier->where) +
                                  "; remove one");
        return;
      }
    }
    const std::string wrong = complaint(*option, setting.value);
    if (!wrong.empty()) {
      refuse(setting.where, wrong);
      return;
    }
    accepted.push_back(setting);
  }

 private:
  const Table& table_;
  const bool complete_;
  const std::set<std::string> known_;
  std::set<std::string> sections_;
  std::vector<Refusal>& refusals_;
  std::vector<Refusal> ignored_;
};

void store(const std::vector<Setting>& accepted, const po::options_description& description,
           po::variables_map& ranked) {
  po::parsed_options parsed(&description);
  for (const Setting& setting : accepted) {
    parsed.options.emplace_back(setting.name, std::vector<std::string>{setting.value});
    parsed.options.back().unregistered = false;
  }
  po::store(parsed, ranked);  // a name that an earlier source set keeps its value
}

}  // namespace

Reader::Reader(Sources sources) : sources_(std::move(sources)) {
  if (!sources_.file.empty()) fileText_ = readFile(sources_.file, fileProblem_);
}

Reader::Reader(Sources sources, std::string fileName, std::string fileText)
    : sources_(std::move(sources)), fileText_(std::move(fileText)) {
  sources_.file = std::move(fileName);
}

Config Reader::read(const Table& table, bool complete, const std::vector<std::string>& knownSections,
                    std::vector<Refusal>& refusals) const {
  Gate gate(table, complete, knownSections, refusals);

  std::vector<Setting> commandLine;
  for (const auto& [name, value] : sources_.commandLine) {
    gate.take({name, value, "command line"}, "--" + name, commandLine);
  }

  std::vector<Setting> file;
  if (!fileProblem_.empty()) gate.refuse(sources_.file, fileProblem_);
  std::vector<Refusal> badLines;
  const IniText ini = parseIni(fileText_, sources_.file, badLines);
  refusals.insert(refusals.end(), badLines.begin(), badLines.end());
  for (const IniSection& section : ini.sections) {
    if (gate.sectionInTable(section.name) || gate.sectionIgnored(section.name)) continue;
    gate.unknownSection(section.name, sources_.file + ":" + std::to_string(section.line),
                        "section [" + section.name + "]");
  }
  for (const IniSetting& setting : ini.settings) {
    if (!gate.sectionInTable(setting.section)) continue;  // refused above as a whole, or read in the second pass
    const std::string name = setting.section + "." + setting.key;
    gate.take({name, setting.value, sources_.file + ":" + std::to_string(setting.line)}, name, file);
  }

  std::vector<Setting> environment;
  for (const auto& pair : sources_.environment) {
    const auto& variable = pair.first;  // not a structured binding: clang 14 (the fuzz build) can't capture those
    const auto& value = pair.second;
    if (!variable.starts_with(kPrefix)) continue;  // aliases follow below
    const auto option = std::find_if(table.all().begin(), table.all().end(),
                                     [&](const Option& one) { return variableName(one) == variable; });
    if (option != table.all().end()) {
      gate.take({option->name(), value, variable}, variable, environment);
      continue;
    }
    const bool disabled = std::any_of(knownSections.begin(), knownSections.end(), [&](const std::string& section) {
      return variable.starts_with(std::string(kPrefix) + upperWord(section) + "_");
    });
    // The section of an unknown variable is only certain once all sections are known.
    if (!complete || disabled || variable == "MORTISE_CONFIG") continue;
    // Without the prefix, which all have in common and which would make all of them resemble each other.
    std::vector<std::string> names;
    for (const Option& one : table.all()) names.push_back(variableName(one).substr(kPrefix.size()));
    auto near = text::nearest(variable.substr(kPrefix.size()), names);
    if (!near.empty()) near.insert(0, kPrefix);
    const bool ofKnownSection = std::any_of(table.all().begin(), table.all().end(), [&](const Option& one) {
      return variable.starts_with(std::string(kPrefix) + upperWord(one.section) + "_");
    });
    if (near.empty() && !ofKnownSection) {
      gate.ignored().push_back({variable, "is left alone: no module with such an option is here"});
    } else {
      gate.refuse(variable, "no option belongs to this variable" + suggestion(near));
    }
  }

  // Aliases may be meant for another program: ignore those whose option no enabled module has.
  std::vector<Setting> aliases;
  for (const auto& alias : aliasedSettings(sources_.environment)) {
    if (table.find(alias.option) == nullptr) continue;
    gate.take({alias.option, alias.value, alias.variable}, alias.variable, aliases);
  }

  po::options_description description;
  for (const Option& option : table.all()) {
    description.add_options()(option.name().c_str(), po::value<std::vector<std::string>>(), option.help.c_str());
  }
  po::variables_map ranked;
  store(commandLine, description, ranked);
  store(file, description, ranked);
  store(environment, description, ranked);
  store(aliases, description, ranked);

  Config config;
  config.table_ = table;
  config.ignored_ = std::move(gate.ignored());
  for (const auto& [name, value] : ranked) {
    Config::Entry entry;
    entry.values = value.as<std::vector<std::string>>();
    for (const auto* source : {&commandLine, &file, &environment, &aliases}) {
      const auto first =
          std::find_if(source->begin(), source->end(), [&key = name](const Setting& one) { return one.name == key; });
      if (first == source->end()) continue;
      entry.origin = first->where;
      break;
    }
    config.values_.emplace(name, std::move(entry));
  }
  return config;
}

std::vector<std::pair<std::string, std::string>> takeSettings(std::vector<std::string>& arguments) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    const std::size_t equals = argument.find('=');
    const std::string name =
        argument.starts_with("--") ? argument.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    if (name.find('.') == std::string::npos) {
      rest.push_back(argument);
    } else if (equals != std::string::npos) {
      settings.emplace_back(name, argument.substr(equals + 1));
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with('-')) {
      settings.emplace_back(name, arguments[++i]);
    } else {
      settings.emplace_back(name, "");
    }
  }
  arguments = std::move(rest);
  return settings;
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry = *at;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    if (!entry.starts_with(kPrefix) && !isEnvironmentAlias(entry.substr(0, equals))) continue;
    variables.emplace_back(std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

}  // namespace mortise::config
