// Who may do what in which project: the one place that every operation below a project asks.
#pragma once

#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/orgs.hpp>
#include <mortise/request.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/org_settings.hpp"
#include "groups/group_store.hpp"
#include "registry/project.hpp"
#include "registry/project_store.hpp"
#include "sessions/captured_sessions.hpp"

namespace projects {

// A project, and what its caller may do there. Whoever has it may read it, and add entries, tickets and comments.
struct ReachedProject {
  Project project;
  bool canEdit = false;      // owner, member of its organisation, service key of it
  bool canAdmin = false;     // owner of the project, administrator or owner of its organisation
  bool canDelete = false;    // owner of the project, administrator of the server
  bool canTransfer = false;  // owner of a project outside of organisations, administrator or owner of its organisation
};

// A user as projects see one. Borrows its texts.
struct Person {
  std::string_view userId;
  std::string_view orgId;        // empty: in no organisation
  std::string_view orgRole;      // owner, admin, member
  bool isAdministrator = false;  // of the server
};

Person personOf(const mortise::Principal& caller);

// Does the person own the project, or administer its organisation?
bool administers(const Person& person, const Project& project);

// Problem 410 project_merged, with the id of the project that it went into.
void requireUnmerged(const Project& project);

// In an organisation that restricts visibility its members reach those projects that a group gives them, may edit where
// they are the group's editor or admin, and a captured session opens nothing; owners of projects and administrators of
// the organisation are as elsewhere.
//
// The order of checks: 404, then the boundary of service keys or 403 project_forbidden, 410 project_merged, the feature,
// and last 403 project_edit_forbidden or project_admin_required.
//
// One for the module; faces keep a reference. [worker]
class ProjectAccess {
 public:
  // `sessions` and `settings` must outlive this object.
  ProjectAccess(mortise::Host host, const CapturedSessions& sessions, const OrgSettings& settings);

  // The project that the path names as project_id. Problems: 404 project_not_found; 410 project_merged with the id that
  // it went into; 403 project_forbidden, or what mortise::requireProject() throws for a service key; with `feature` as
  // requireFeature().
  ReachedProject reach(const mortise::Request& request, std::string_view feature = {}) const;
  // The same for one that was loaded.
  ReachedProject reach(const mortise::Principal& caller, Project project) const;
  // reach(), and 403 project_edit_forbidden for those who only share a captured session.
  ReachedProject reachToEdit(const mortise::Request& request, std::string_view feature = {}) const;
  // reach(), and 403 project_admin_required.
  ReachedProject reachToAdminister(const mortise::Request& request, std::string_view feature = {}) const;

  // Does this user reach the project, by whatever right? Without a request: for the user that a service key runs as, for
  // other modules, for streams that stay open. False for a merged one.
  bool userReaches(std::string_view userId, const Project& project) const;
  // What the user may do there; empty: does not reach it. A merged project as any other.
  std::optional<ReachedProject> rightsOf(const Person& person, Project project) const;

  // What the caller may do in each of these, which the caller reaches for sure: those of a list.
  std::vector<ReachedProject> rightsInAll(const mortise::Principal& caller, std::vector<Project> projects,
                                          KnownOrgSettings& settings) const;
  // Owns the user the project, or sees it as a member of its organisation? For what belongs to a project by more than a
  // session of it.
  bool userHolds(std::string_view userId, const Project& project) const;

  // The tier that pays for the project's features: its organisation's, else its owner's.
  std::string tierOf(const Project& project) const;
  // Problem 403 upgrade_required, whose details say plan_scope and project_id, unless the project's tier has this
  // feature of module.yaml.
  void requireFeature(const Project& project, std::string_view feature) const;
  // Problem 403 upgrade_required unless the plan of the organisation, else of the owner, has the feature: for a project
  // that is still to be.
  void requirePlan(const std::optional<std::string>& orgId, std::string_view ownerId, std::string_view feature) const;

 private:
  struct Membership {
    bool reaches = false;
    bool canEdit = false;
    bool isRestricted = false;  // a captured session opens nothing
  };
  // By what a person is, without their sessions. `restricts` and `role` are asked only where they matter.
  Membership membershipOf(const Person& person, const Project& project, const std::function<bool()>& restricts,
                          const std::function<std::optional<GroupRole>()>& role) const;
  Membership membershipOf(const Person& person, const Project& project) const;
  ReachedProject reached(const Person& person, Project project, bool canEdit) const;
  bool sharesSession(std::string_view userId, const Project& project) const;

  mortise::Identity identity_;
  mortise::Orgs orgs_;
  ProjectStore projects_;
  GroupStore groups_;
  const CapturedSessions& sessions_;
  const OrgSettings& settings_;
};

}  // namespace projects
