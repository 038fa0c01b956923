// Compiling a project's knowledge, its compilations, and how its knowledge is doing.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>

#include <optional>
#include <string>
#include <vector>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/compilation_store.hpp"
#include "knowledge/compiler.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/model_merge.hpp"
#include "projects_contract.hpp"

namespace projects {

class CompilationOperations final : public projects_contract::compilations::Compilations {
 public:
  // All must outlive this object.
  CompilationOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                        const ModelMerge& models);

 private:
  using ModelChoiceBody = std::optional<projects_contract::compilations::ModelChoice>;

  mortise::Reply compileProject(const mortise::Request& request, const ModelChoiceBody& body) override;
  mortise::Reply rebuildProject(const mortise::Request& request, const ModelChoiceBody& body) override;
  mortise::Reply listCompilations(const mortise::Request& request) override;
  mortise::Reply readCompileStatus(const mortise::Request& request) override;
  mortise::Reply readKnowledgeHealth(const mortise::Request& request) override;
  mortise::Reply readContextSection(const mortise::Request& request) override;
  mortise::Reply restoreFromCompilation(
      const mortise::Request& request,
      const projects_contract::compilations::RestoreFromCompilationBody& body) override;

  CompileOutcome compile(const mortise::Request& request, const Project& project, const ModelWish& wish,
                         bool fromEmpty) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Log log_;
  ProjectStore projects_;
  CompilationStore compilations_;
  Compiler compiler_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
  const ModelMerge& models_;
  mortise::Counter compiled_;
};

}  // namespace projects
