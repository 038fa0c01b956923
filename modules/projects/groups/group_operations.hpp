// Groups of an organisation's projects.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/project_access.hpp"
#include "groups/group_access.hpp"
#include "groups/group_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_store.hpp"

namespace projects {

class GroupOperations final : public projects_contract::groups::ProjectGroups {
 public:
  // `access` must outlive this object.
  GroupOperations(mortise::Host host, const ProjectAccess& access);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listMyGroups(const Request& request) override;
  Reply listGroups(const Request& request) override;
  Reply createGroup(const Request& request, const projects_contract::groups::CreateGroupBody& body) override;
  Reply readGroup(const Request& request) override;
  Reply changeGroup(const Request& request, const projects_contract::groups::ChangeGroupBody& body) override;
  Reply removeGroup(const Request& request) override;
  Reply putGroupMember(const Request& request, const projects_contract::groups::PutGroupMemberBody& body) override;
  Reply removeGroupMember(const Request& request) override;
  Reply putGroupProject(const Request& request) override;
  Reply removeGroupProject(const Request& request) override;

  static mortise::json::Object base(const ProjectGroup& group, const std::optional<GroupRole>& role);
  // Each with the caller's role in it.
  Reply listed(const Request& request, const std::vector<ProjectGroup>& groups) const;
  Reply shown(const ReachedGroup& reached, int status = 200) const;
  void audit(mortise::Transaction& tx, const Request& request, std::string_view what, const ProjectGroup& group,
             std::string_view reference = {}) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  GroupStore groups_;
  ProjectStore projects_;
  GroupAccess reaching_;
  const ProjectAccess& access_;
};

}  // namespace projects
