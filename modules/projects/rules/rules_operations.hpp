// /api/v1/projects/{id}/rules.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <optional>
#include <string_view>
#include <vector>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_part.hpp"
#include "registry/project_store.hpp"
#include "rules/compiled_rules.hpp"
#include "rules/rules_store.hpp"

namespace projects {

class RulesOperations final : public projects_contract::rules::Rules, public ProjectPart {
 public:
  // `access` and `changes` must outlive this object.
  RulesOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes);

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readRules(const Request& request) override;
  Reply changeRules(const Request& request, const projects_contract::rules::RulesChange& body) override;
  Reply compileRules(const Request& request,
                     const std::optional<projects_contract::rules::RulesCompilation>& body) override;
  Reply listRulesVersions(const Request& request) override;
  Reply readRulesVersion(const Request& request) override;

  RulesSources sourcesOf(const Request& request, const ProjectRules& rules) const;
  // Keeps what was compiled, unless the newest version is the same. Returns whether it is a new one, and sets the
  // version.
  bool keep(const Request& request, ProjectRules& rules, const RulesSources& sources,
            std::vector<CompiledOutput>& outputs) const;

  mortise::Db db_;
  mortise::Audit audit_;
  RulesStore rules_;
  EntryStore entries_;
  ProjectStore projects_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
};

}  // namespace projects
