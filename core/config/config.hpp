// One option table for command line (--section.key=value), INI file (--config) and environment (MORTISE_SECTION_KEY),
// in that precedence. Aliases (environment_aliases.hpp) come last.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::config {

enum class Type : std::uint8_t { string, integer, boolean, duration, size, list };

// A declared option: the kernel's are in options.cpp, a module's in its module.yaml (section = module name).
struct Option {
  std::string section;
  std::string key;
  Type type = Type::string;
  std::string fallback;              // default, as text
  std::string help;                  // one line
  std::vector<std::string> choices;  // empty = free
  std::optional<std::int64_t> minimum, maximum;
  bool secret = false;      // never printed or logged
  bool repeatable = false;  // list: may be given several times
  std::string name() const { return section + "." + key; }
};

class Table {
 public:
  void add(Option option);  // throws std::logic_error on a double declaration
  const Option* find(std::string_view name) const;
  std::string nearest(std::string_view name) const;  // closest known name, empty when nothing is near
  const std::vector<Option>& all() const { return options_; }

 private:
  std::vector<Option> options_;
};

// The kernel's own options.
const std::vector<Option>& kernelOptions();

struct Sources {
  std::vector<std::pair<std::string, std::string>> commandLine;  // "http.listen" -> text, in order
  std::string file;                                              // path of the INI file; empty = none
  std::vector<std::pair<std::string, std::string>> environment;  // MORTISE_HTTP_LISTEN -> text
};
// Removes "--section.key=value" (and "--section.key value" where the value does not begin with "-") from `arguments`,
// in order, for Sources::commandLine. Verbs, --help and file names stay in `arguments`, in order. "--" ends the
// options.
std::vector<std::pair<std::string, std::string>> takeSettings(std::vector<std::string>& arguments);
// Every MORTISE_* variable of this process, and those of environment_aliases.hpp.
std::vector<std::pair<std::string, std::string>> environment();

// One refused setting: its place and what is wrong, such as "etc/mortise.conf:14: unknown option scheduler.timezon; did
// you mean scheduler.timezone?"
struct Refusal {
  std::string where;
  std::string text;
};

class Config {
 public:
  std::string text(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;  // plain number; a duration in milliseconds; a size in bytes
  bool boolean(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  bool isSet(std::string_view name) const;  // set by any source, not the default
  std::string origin(
      std::string_view name) const;  // "default", "command line", "etc/mortise.conf:14", "MORTISE_HTTP_LISTEN"
  const Table& table() const { return table_; }
  // Settings for sections that are not in the table and resemble none that are: those of a module whose file is gone.
  const std::vector<Refusal>& ignored() const { return ignored_; }

 private:
  friend class Reader;
  std::vector<Refusal> ignored_;
  Table table_;
  struct Entry {
    std::vector<std::string> values;
    std::string origin;
  };
  std::map<std::string, Entry, std::less<>> values_;
};

// Reads in two passes, because module options are known only after modules.* was read: the first pass reads the
// kernel's sections and leaves the others; the second, with the table of all enabled modules, refuses everything
// unknown.
class Reader {
 public:
  explicit Reader(Sources sources);
  // The same with INI text in memory instead of Sources::file; refusals call it `fileName`. For tests and the fuzzer.
  Reader(Sources sources, std::string fileName, std::string fileText);
  // Options of sections in `table` are parsed and checked. Sections that `table` does not have are looked at only when
  // `complete`: one of `knownSections` (a disabled module's) is accepted and ignored, one whose name resembles a known
  // one is refused as a slip, every other one is reported by Config::ignored().
  Config read(const Table& table, bool complete, const std::vector<std::string>& knownSections,
              std::vector<Refusal>& refusals) const;

 private:
  Sources sources_;
  std::string fileText_;
  std::string fileProblem_;  // why the file could not be read
};

// The commented sample: every option with its help, type and default. etc/mortise.conf is exactly this text for the
// kernel and the shipped modules.
std::string sample(const Table& table);
// Parses "10s", "5m", "250ms", "1h", plain seconds; and "64KiB", "1MiB", "10MB", plain bytes. Returns nullopt for
// anything else.
std::optional<std::int64_t> parseDuration(std::string_view text);  // milliseconds
std::optional<std::int64_t> parseSize(std::string_view text);      // bytes

}  // namespace mortise::config
