// What becomes of projects, and of what an organisation has beside them, when the organisation is removed.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <string>

#include "billing/billing_store.hpp"
#include "changes/project_changes.hpp"
#include "groups/group_store.hpp"
#include "members/org_rows.hpp"
#include "personas/persona_store.hpp"
#include "registry/project_store.hpp"
#include "reviewers/reviewer_store.hpp"
#include "transfers/transfer_store.hpp"

namespace projects {

// [worker]
class RemovedOrgs {
 public:
  // `changes` must outlive this object.
  RemovedOrgs(const mortise::Host& host, const ProjectChanges& changes);

  // The job forget_orgs: the projects of removed organisations are their owners' own from now on; groups, personas and
  // trusted reviewers go for good, and what is paid for is to be cancelled.
  void forget(mortise::JobRun& run);

 private:
  // False: asked to stop, and something is left.
  bool forget(const std::string& orgId, const mortise::JobRun& run, std::int64_t& released) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  mortise::Log log_;
  OrgRows rows_;
  ProjectStore projects_;
  GroupStore groups_;
  TransferStore transfers_;
  PersonaStore personas_;
  ReviewerStore reviewers_;
  BillingStore billing_;
  const ProjectChanges& changes_;
};

}  // namespace projects
