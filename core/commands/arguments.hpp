// Splits a command's words: settings (--section.key=value, --config FILE) go to the configuration, the rest belongs to
// the command.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace mortise::commands {

// A switch or value of one command, in addition to those that every command takes.
struct Flag {
  std::string name;   // "json": --json
  std::string value;  // placeholder in the help ("NAME"); empty = a switch
  std::string help;
};

struct Usage {
  std::string synopsis;                 // "mortise user set-role USER ROLE"
  std::string text;                     // description, one or several lines
  std::vector<std::string> positional;  // names, "NAME" required, "[DIR]" optional
  std::vector<Flag> flags;              // none named "help" or "config"
  bool configurable = true;             // takes --config and --section.key=value
};

class Arguments {
 public:
  // Throws UsageError with one sentence: an unknown flag (and the nearest one), a missing or surplus word.
  Arguments(const Usage& usage, const std::vector<std::string>& words);
  bool help() const { return help_; }
  bool has(const std::string& flag) const { return flags_.contains(flag); }
  std::string flag(const std::string& name, const std::string& fallback = {}) const;
  // The i-th positional word; empty when it is optional and was not given.
  std::string word(std::size_t index) const { return index < words_.size() ? words_[index] : std::string(); }
  std::size_t words() const { return words_.size(); }
  const config::Sources& sources() const { return sources_; }

 private:
  bool help_ = false;
  std::map<std::string, std::string> flags_;
  std::vector<std::string> words_;
  config::Sources sources_;
};

// The settings among words of a command that is not known yet; what else they say is left out.
config::Sources settingsIn(const std::vector<std::string>& words);

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string helpText(const Usage& usage);

}  // namespace mortise::commands
