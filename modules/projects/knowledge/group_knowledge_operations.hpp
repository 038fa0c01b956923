// What the projects of a group know, together.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <vector>

#include "access/project_access.hpp"
#include "groups/group_access.hpp"
#include "groups/group_store.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/group_context_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_store.hpp"

namespace projects {

class GroupKnowledgeOperations final : public projects_contract::group_knowledge::GroupKnowledge {
 public:
  // `access` must outlive this object.
  GroupKnowledgeOperations(mortise::Host host, const ProjectAccess& access);

 private:
  mortise::Reply compileGroup(const mortise::Request& request) override;
  mortise::Reply readGroupContext(const mortise::Request& request) override;
  mortise::Reply searchGroupKnowledge(const mortise::Request& request) override;

  // Those of the group that the caller may read, in the group's order.
  std::vector<Project> projectsOf(const mortise::Request& request, const ProjectGroup& group) const;
  static mortise::Reply shown(const ProjectGroup& group, const GroupContext& context);

  mortise::Db db_;
  mortise::Audit audit_;
  GroupStore groups_;
  GroupAccess reaching_;
  ProjectStore projects_;
  EntryStore entries_;
  GroupContextStore contexts_;
  const ProjectAccess& access_;
};

}  // namespace projects
