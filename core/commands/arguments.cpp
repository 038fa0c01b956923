#include "core/commands/arguments.hpp"

#include <boost/program_options.hpp>
#include <sstream>

#include "core/base/text.hpp"

namespace mortise::commands {

namespace po = boost::program_options;

namespace {

po::options_description describe(const Usage& usage) {
  po::options_description options("Options");
  auto add = options.add_options();
  for (const auto& flag : usage.flags) {
    if (flag.value.empty()) {
      add(flag.name.c_str(), flag.help.c_str());
    } else {
      add(flag.name.c_str(), po::value<std::string>()->value_name(flag.value), flag.help.c_str());
    }
  }
  if (usage.configurable) {
    add("config", po::value<std::string>()->value_name("FILE"),
        "Read settings from this INI file (sample: etc/mortise.conf)");
  }
  add("help,h", "Show this text");
  return options;
}

// --section.key=value, but not a path or a plain flag.
bool isSetting(const std::string& word) {
  if (!word.starts_with("--")) return false;
  const auto name = word.substr(2, word.find('=') == std::string::npos ? std::string::npos : word.find('=') - 2);
  return name.find('.') != std::string::npos;
}

// Takes --section.key=value, and --section.key value, out of `words`.
std::vector<std::pair<std::string, std::string>> takeSettings(std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> others;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!isSetting(words[i])) {
      others.push_back(words[i]);
      continue;
    }
    const auto equals = words[i].find('=');
    if (equals == std::string::npos && i + 1 >= words.size())
      throw UsageError(words[i] + " needs a value: " + words[i] + "=VALUE");
    auto name = words[i].substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    if (equals == std::string::npos) ++i;
    settings.emplace_back(std::move(name), equals == std::string::npos ? words[i] : words[i].substr(equals + 1));
  }
  words = std::move(others);
  return settings;
}

std::vector<std::string> flagNames(const Usage& usage) {
  std::vector<std::string> names{"help"};
  if (usage.configurable) names.emplace_back("config");
  for (const auto& flag : usage.flags) names.push_back(flag.name);
  return names;
}

}  // namespace

Arguments::Arguments(const Usage& usage, const std::vector<std::string>& words) {
  std::vector<std::string> own = words;
  if (usage.configurable) sources_.commandLine = takeSettings(own);
  sources_.environment = config::environment();
  const auto options = describe(usage);
  try {
    const auto parsed = po::command_line_parser(own)
                            .options(options)
                            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                            .extra_style_parser([](std::vector<std::string>& rest) {
                              // Positional words are collected here, because program_options' own list needs a declared
                              // option for them.
                              std::vector<po::option> positional;
                              if (!rest.empty() && (rest.front().empty() || rest.front()[0] != '-')) {
                                po::option word;
                                word.value.push_back(rest.front());
                                word.original_tokens.push_back(rest.front());
                                positional.push_back(word);
                                rest.erase(rest.begin());
                              }
                              return positional;
                            })
                            .run();
    for (const auto& option : parsed.options) {
      if (option.string_key.empty()) {
        for (const auto& value : option.value) words_.push_back(value);
      } else if (option.string_key == "help") {
        help_ = true;
      } else if (option.string_key == "config") {
        sources_.file = option.value.empty() ? "" : option.value.front();
      } else {
        flags_[option.string_key] = option.value.empty() ? "" : option.value.front();
      }
    }
  } catch (const po::unknown_option& unknown) {
    const auto name = unknown.get_option_name();
    const auto near = text::nearest(name.substr(name.find_first_not_of('-')), flagNames(usage));
    throw UsageError("unknown option " + name + (near.empty() ? "" : "; did you mean --" + near + "?") +
                     " (see --help)");
  } catch (const po::error& error) {
    throw UsageError(error.what());
  }
  if (help_) return;
  for (std::size_t i = words_.size(); i < usage.positional.size(); ++i) {
    if (!usage.positional[i].starts_with('['))
      throw UsageError("missing " + usage.positional[i] + "; usage: " + usage.synopsis);
  }
  if (words_.size() > usage.positional.size()) {
    throw UsageError("unexpected word \"" + words_[usage.positional.size()] + "\"; usage: " + usage.synopsis);
  }
}

config::Sources settingsIn(const std::vector<std::string>& words) {
  auto others = words;
  config::Sources sources;
  sources.commandLine = takeSettings(others);
  sources.environment = config::environment();
  constexpr std::string_view kFile = "--config";
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto& word = others[i];
    if (word == kFile && i + 1 < others.size()) {
      sources.file = others[++i];
    } else if (word.starts_with(std::string(kFile) + "=")) {
      sources.file = word.substr(kFile.size() + 1);
    }
  }
  return sources;
}

std::string Arguments::flag(const std::string& name, const std::string& fallback) const {
  const auto flag = flags_.find(name);
  return flag == flags_.end() ? fallback : flag->second;
}

std::string helpText(const Usage& usage) {
  std::ostringstream out;
  out << "Usage: " << usage.synopsis << "\n\n" << usage.text << "\n\n" << describe(usage);
  if (usage.configurable)
    out << "  --SECTION.KEY=VALUE   Set one option; also MORTISE_SECTION_KEY in the environment\n";
  return out.str();
}

}  // namespace mortise::commands
