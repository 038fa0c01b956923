// Who may do what in which group: every operation below a group begins here.
#pragma once

#include <mortise/host.hpp>
#include <mortise/orgs.hpp>
#include <mortise/request.hpp>

#include <optional>
#include <string>

#include "groups/group_store.hpp"

namespace projects {

// A group, and what its caller is in it.
struct ReachedGroup {
  ProjectGroup group;
  std::optional<GroupRole> role;
  bool isOrgAdmin = false;  // of its organisation

  bool has(GroupRole least) const { return isOrgAdmin || (role && *role >= least); }
};

// [worker]
class GroupAccess {
 public:
  explicit GroupAccess(const mortise::Host& host) : orgs_(host.orgs()), groups_(host.db()) {}

  // Is the caller an administrator of the organisation that the caller is in?
  static bool isOrgAdmin(const mortise::Request& request);
  // The organisation that the path names as org_id, which the caller is in and whose plan has groups. Problems: 404
  // org_not_found, 403 upgrade_required.
  std::string orgOf(const mortise::Request& request) const;
  // The group that the path names as group_id, or by its slug as group_slug. Problem 404 group_not_found, also for who is
  // neither in it nor an administrator of its organisation; what orgOf() throws.
  ReachedGroup reach(const mortise::Request& request) const;
  ReachedGroup reachBySlug(const mortise::Request& request) const;
  // reach(), and 403 insufficient_group_role for who does not run it.
  ReachedGroup reachToChange(const mortise::Request& request) const;

 private:
  ReachedGroup reached(const mortise::Request& request, std::optional<ProjectGroup> group) const;

  mortise::Orgs orgs_;
  GroupStore groups_;
};

}  // namespace projects
