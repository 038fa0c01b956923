// What becomes of projects when somebody leaves their organisation, or the server.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/orgs.hpp>
#include <mortise/projects_members.hpp>
#include <mortise/removed_users.hpp>

#include <map>
#include <string>
#include <string_view>

#include "changes/project_changes.hpp"
#include "groups/group_store.hpp"
#include "personas/persona_store.hpp"
#include "registry/project_removal.hpp"
#include "registry/project_store.hpp"
#include "reviewers/reviewer_store.hpp"
#include "transfers/transfer_store.hpp"

namespace projects {

// [worker]
class MemberDepartures {
 public:
  // `changes` and `removal` must outlive this object.
  MemberDepartures(const mortise::Host& host, const ProjectChanges& changes, const ProjectRemoval& removal);

  // In the transaction that ends the membership.
  mortise::MemberDeparture left(std::string_view orgId, std::string_view userId, std::string_view heir) const;

  // From now on a removal of an account runs the job.
  void start() { removedUsers_.start(); }
  void stop() { removedUsers_.stop(); }
  // The job forget_users: an organisation's projects go to its owner, else to one of its administrators; the others go
  // for good.
  void forget(mortise::JobRun& run);

 private:
  void forget(const std::string& userId, const mortise::JobRun& run) const;
  void handOver(mortise::Transaction& tx, const Project& project, std::string_view heir) const;
  // Who takes over projects in each organisation, as far as it was asked for.
  using Heirs = std::map<std::string, std::string>;
  // Who takes over the projects of somebody whose account is gone, a member of the organisation while its members are
  // held; empty: nobody is left.
  std::string heirIn(mortise::Transaction& tx, const std::string& orgId, Heirs& heirs) const;
  // Hands over or removes the project, unless it is not as it was listed any more.
  void settle(const std::string& userId, const Project& listed, Heirs& heirs) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  mortise::Log log_;
  ProjectStore projects_;
  GroupStore groups_;
  TransferStore transfers_;
  PersonaStore personas_;
  ReviewerStore reviewers_;
  const ProjectChanges& changes_;
  const ProjectRemoval& removal_;
  mortise::RemovedUsers removedUsers_;
};

}  // namespace projects
