#include "install_flags.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "words.hpp"

namespace agent::sandbox {
namespace {

struct Word {
  std::size_t from = 0;
  std::size_t to = 0;
};

// Lists of words with blanks between them.
struct Manager {
  std::string_view name;
  std::string_view flag;
  std::string_view actions;  // after which the flag stands; none: after the name
  std::string_view same;     // flags that say the same
};

constexpr std::string_view kAptSame = "-y -qy -yq -qqy --yes --assume-yes";
constexpr Manager kManagers[] = {
    {"apt", "-y", "install remove purge upgrade full-upgrade dist-upgrade autoremove reinstall", kAptSame},
    {"apt-get", "-y", "install remove purge upgrade dist-upgrade autoremove build-dep", kAptSame},
    {"yum", "-y", "install remove update upgrade groupinstall localinstall", "-y --assumeyes"},
    {"dnf", "-y", "install remove update upgrade groupinstall", "-y --assumeyes"},
    {"apk", "--no-interactive", "add del upgrade", "--no-interactive"},
    {"pip", "--no-input", "install uninstall download", "--no-input"},
    {"pip3", "--no-input", "install uninstall download", "--no-input"},
    {"conda", "-y", "install create remove update uninstall", "-y --yes"},
    {"poetry", "--no-interaction", "install add update remove init lock", "-n --no-interaction"},
    {"npm", "--yes", "install i ci add init exec update", "-y --yes"},
    {"yarn", "--non-interactive", "install add upgrade remove", "--non-interactive"},
    {"pnpm", "--config.confirmModulesPurge=false", "install i add update remove", "--config.confirmModulesPurge=false"},
    {"npx", "--yes", "", "-y --yes --no --no-install"},
};

bool isAssignment(std::string_view word) {
  const auto equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 && word.find_first_of("/'\"$`") >= equals;
}

// Where the flag belongs into one simple command, and which; an empty flag when it needs none.
struct Insertion {
  std::size_t at = 0;
  std::string_view flag{};
};
Insertion insertionFor(std::string_view command, const std::vector<Word>& words) {
  const auto text = [&](std::size_t i) { return command.substr(words[i].from, words[i].to - words[i].from); };
  std::size_t i = 0;
  while (i < words.size() && (text(i) == "sudo" || isAssignment(text(i)))) ++i;
  if (i == words.size()) return {};
  auto name = i;
  // `python3 -m pip install` is pip as well.
  if ((text(i) == "python" || text(i) == "python3") && i + 2 < words.size() && text(i + 1) == "-m" &&
      text(i + 2) == "pip")
    name = i + 2;
  const auto manager =
      std::find_if(std::begin(kManagers), std::end(kManagers), [&](const Manager& m) { return m.name == text(name); });
  if (manager == std::end(kManagers)) return {};
  for (auto j = name + 1; j < words.size(); ++j) {
    if (hasWord(manager->same, text(j), ' ')) return {};
  }
  if (manager->actions.empty()) return name + 1 < words.size() ? Insertion{words[name].to, manager->flag} : Insertion{};
  for (auto j = name + 1; j < words.size(); ++j) {
    if (text(j).substr(0, 1) == "-") continue;
    return hasWord(manager->actions, text(j), ' ') ? Insertion{words[j].to, manager->flag} : Insertion{};
  }
  return manager->name == "yarn" ? Insertion{words[name].to, manager->flag} : Insertion{};  // alone it installs
}

}  // namespace

std::string withInstallFlags(std::string_view command) {
  std::string out;
  std::size_t copied = 0;
  std::vector<Word> words;
  const auto finish = [&] {
    if (const auto [at, flag] = insertionFor(command, words); !flag.empty()) {
      out.append(command.substr(copied, at - copied)).append(" ").append(flag);
      copied = at;
    }
    words.clear();
  };
  for (std::size_t i = 0; i < command.size();) {
    const char c = command[i];
    if (c == ' ' || c == '\t') {
      ++i;
    } else if (c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' || c == ')') {
      finish();
      ++i;
    } else if (c == '#') {
      finish();
      i = std::min(command.find('\n', i), command.size());
    } else if (command.substr(i, 2) == "<<") {
      break;  // what follows is data
    } else {
      const auto from = i;
      bool open = false;
      while (i < command.size() && std::string_view(" \t;&|\n()").find(command[i]) == std::string_view::npos) {
        if (command.substr(i, 2) == "<<") break;
        if (command[i] == '\\') {
          i = std::min(i + 2, command.size());
        } else if (command[i] == '\'') {
          const auto end = command.find('\'', i + 1);
          open = end == std::string_view::npos;
          i = open ? command.size() : end + 1;
        } else if (command[i] == '"' || command[i] == '`') {
          const char quote = command[i++];
          while (i < command.size() && command[i] != quote) i += command[i] == '\\' ? 2 : 1;
          open = i >= command.size();
          i = std::min(i + 1, command.size());
        } else if (command.substr(i, 2) == "$(" || command.substr(i, 2) == "${") {
          // Substitutions nest and have quotes of their own: the rest stays as it is.
          finish();
          out.append(command.substr(copied));
          return out;
        } else {
          ++i;
        }
      }
      if (i == from || open) break;
      words.push_back({from, i});
    }
  }
  finish();
  out.append(command.substr(copied));
  return out;
}

}  // namespace agent::sandbox
