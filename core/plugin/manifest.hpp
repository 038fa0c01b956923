// A module's description of itself: read from the ELF section of its file without loading it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/contract/document_source.hpp"
#include "core/db/migration.hpp"
#include "core/plugin/refusal.hpp"
#include "core/services/jobs/job_rules.hpp"

namespace mortise::plugin {

struct PermissionDeclaration {
  std::string name;
  std::string help;
  std::vector<std::string> roles;  // defaults; the operator may override
};

struct FeatureDeclaration {
  std::string name;
  std::string tier;  // the lowest that includes it
  std::string help;
};

struct JobDeclaration {
  std::string id;
  std::string help;
  std::string trigger;  // as services::Trigger reads it: "cron: 0 3 * * *", "every: PT5M"; empty: runs only when jobs/1
                        // asks for it
  std::string zone;     // empty = UTC
  std::string name;     // for people; empty = the id
  std::string description;  // one sentence; empty = the help
  services::JobRules rules;
};

// An argument of a command: `--KEY VALUE`, `--KEY` for a switch (boolean), or a word when it is positional.
struct ArgumentDeclaration {
  config::Option value;     // its key, type, help, choices and bounds
  bool hasDefault = false;  // value.fallback
  bool required = false;
  bool positional = false;
};

struct CommandDeclaration {
  std::string name;
  std::string help;
  std::vector<ArgumentDeclaration> arguments;  // words in their order
};

// Limits for jobs, here and in jobs/1.
inline constexpr std::int64_t kMaxJitterSeconds = 86400;
inline constexpr std::int64_t kMaxJobSeconds = 31LL * 86400;
inline constexpr std::int64_t kMaxInstances = 100;

// A third party's envelope, as data; see dialect::Dialects::addTemplate.
struct DialectDeclaration {
  std::string name;
  std::string success;
  std::string error;
  std::string contentType;
};

struct Manifest {
  std::string path;  // path of the file, as given; every refusal begins with it
  std::string text;  // the JSON text in the file

  std::string name;
  std::string version;
  std::string summary;
  int sdkMajor = 0;  // lowest SDK that it needs
  int sdkMinor = 0;
  std::vector<std::string> needs;       // "db/1"; without one of them the module does not start
  std::vector<std::string> optional;    // used when they exist
  std::vector<std::string> provides;    // "files.store/1"
  std::vector<config::Option> options;  // section = name
  std::vector<PermissionDeclaration> permissions;
  std::vector<FeatureDeclaration> features;
  std::vector<JobDeclaration> jobs;
  std::vector<DialectDeclaration> dialects;
  std::vector<contract::DocumentSource> contracts;
  std::vector<db::Migration> migrations;                               // ascending
  std::map<std::string, std::map<std::string, std::string>> messages;  // language -> code -> text
  std::vector<std::string> operationIds;                               // of all contracts, in document order

  // Only from readFromFile:
  std::vector<std::string> exports;   // defined dynamic symbols of the file
  std::uint64_t descriptorBytes = 0;  // size of mortise_module_v1 in the file

  std::vector<CommandDeclaration> commands;

  bool declares(
      std::string_view interfaceName) const;  // in needs or optional, or one that needs no declaration (call/1, json/1)
  const JobDeclaration* job(std::string_view id) const;

  // Parses the embedded JSON. Throws Refusal. Ignores unknown members, which a newer SDK may have written.
  static Manifest parse(std::string_view json, const std::string& path);
  // Reads the section with libelf, without running or trusting any of the file. Throws Refusal: not a file, not an ELF
  // library of this machine, truncated, no manifest, a bad manifest, mortise_module_v1 not exported.
  static Manifest readFromFile(const std::string& path);
};

// Throws Refusal when the module needs a newer SDK than this kernel supports.
void requireServedSdk(const Manifest& manifest);

}  // namespace mortise::plugin
