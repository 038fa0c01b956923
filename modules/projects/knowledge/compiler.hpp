// Compiles the knowledge of a project into its context document and pages, in one transaction.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "changes/project_changes.hpp"
#include "knowledge/compilation.hpp"
#include "knowledge/compile_steps.hpp"
#include "registry/project.hpp"

namespace projects {

struct CompileOutcome {
  Compilation compilation;
  std::int64_t freshnessUpdated = 0;
};

struct CompileOrder {
  std::string userId;
  CompileTrigger trigger = CompileTrigger::manual;
  mortise::Time now{};
  std::function<void()> stop = [] {};  // called again and again; what it throws undoes everything
  bool fromEmpty = false;              // writes the document anew, from every claim
  // Called at the end of the transaction, also when nothing was compiled: what belongs to it.
  std::function<void(mortise::Transaction&, const CompileOutcome&)> done = [](auto&, const auto&) {};
};

// What a compilation would begin with, for a model to be asked before the transaction.
struct CompileDraft {
  std::string document;
  std::vector<TakenClaim> claims;
};

// What a model made of a draft.
struct MergedDocument {
  std::string document;                    // the draft's, when the model was asked
  std::vector<std::int64_t> claims;        // the draft's
  std::string text;                        // what it shall be
  std::map<std::int64_t, std::string> in;  // the section that tells a claim; the others are added as bullets
};

// One for the module. [worker]; members throw db::Error and Problem: 409 concurrent_update (the project went, or
// something changed since the draft; nothing was written).
class Compiler {
 public:
  static constexpr std::size_t kRecentFacts = 20;

  // `mostCompilations`: how many compilations of a project's document stay, the newest.
  Compiler(mortise::Db db, const ProjectChanges* changes, std::int64_t mostCompilations)
      : db_(db), changes_(changes), mostCompilations_(mostCompilations) {}

  // The first six of the eight steps, and undoes them.
  CompileDraft draft(const Project& project, const CompileOrder& order) const;
  CompileOutcome compile(const Project& project, const CompileOrder& order,
                         const std::optional<MergedDocument>& merged = std::nullopt) const;
  // Brings back what a compilation wrote, and when its entries were compiled. Returns how many of them there are still.
  std::int64_t restore(mortise::Transaction& tx, const Project& project, const Compilation& compilation,
                       mortise::Time now) const;

 private:
  std::vector<TakenClaim> takeClaims(mortise::Transaction& tx, const Project& project, const CompileOrder& order,
                                     std::int64_t& freshnessUpdated) const;
  CompileOutcome nothing(mortise::Transaction& tx, const Project& project, const CompileOrder& order) const;
  CompileOutcome compileIn(mortise::Transaction& tx, const Project& project, const CompileOrder& order,
                           const std::optional<MergedDocument>& merged) const;

  mortise::Db db_;
  const ProjectChanges* changes_;  // null: nobody is told
  std::int64_t mostCompilations_;
};

}  // namespace projects
