#include "members/member_departure.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <optional>

#include "access/held_members.hpp"

namespace projects {

using mortise::Transaction;

MemberDepartures::MemberDepartures(const mortise::Host& host, const ProjectChanges& changes,
                                   const ProjectRemoval& removal)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      log_(host.log()),
      projects_(db_),
      groups_(db_),
      transfers_(db_),
      personas_(db_),
      reviewers_(host.db()),
      changes_(changes),
      removal_(removal),
      removedUsers_(host, "forget_users") {}

mortise::MemberDeparture MemberDepartures::left(std::string_view orgId, std::string_view userId,
                                                std::string_view heir) const {
  return db_.transaction([&](Transaction& tx) {
    mortise::MemberDeparture done;
    holdMembers(tx, {std::string(orgId)});
    const auto now = mortise::now();
    done.pendingTransfersCancelled = transfers_.in(tx).cancelInvolving(orgId, userId, now);
    groups_.in(tx).forgetUser(userId, orgId);
    personas_.in(tx).endRepresentation(orgId, userId);
    reviewers_.in(tx).endOf(orgId, userId, now);
    for (const auto& id : projects_.in(tx).ownedIn(orgId, userId)) {
      const auto project = projects_.in(tx).findLocked(id);
      // It may have gone to somebody else since it was listed.
      if (!project || project->orgId != orgId || project->ownerId != userId) continue;
      handOver(tx, *project, heir);
      ++done.projectsTransferred;
    }
    return done;
  });
}

void MemberDepartures::handOver(Transaction& tx, const Project& project, std::string_view heir) const {
  Transfer transfer;
  transfer.id = mortise::makePrefixedId("xfer_");
  transfer.projectId = project.id;
  transfer.gitRemote = project.gitRemote;
  transfer.projectName = project.name;
  transfer.initiatedBy = transfer.targetUserId.emplace(heir);
  transfer.acceptedBy = transfer.initiatedBy;
  transfer.fromScope = transfer.toScope = project.orgId.value_or("");
  transfer.state = TransferState::accepted;
  transfer.createdAt = transfer.updatedAt = mortise::now();
  transfer.acceptedAt = transfer.createdAt;
  if (!transfers_.in(tx).add(transfer)) throw mortise::Problem(503, "unavailable").note("a transfer's id is taken");
  projects_.in(tx).handOver(project.id, heir, transfer.createdAt);
  audit_.in(tx).record("projects.handed_over", "project:" + project.id,
                       mortise::json::object({{"transfer_id", transfer.id}, {"from", project.ownerId}, {"to", heir}}));
  changes_.record(tx, {ProjectEvent::projectChanged, project.id, transfer.id, "handed_over", heir});
}

std::string MemberDepartures::heirIn(Transaction& tx, const std::string& orgId, Heirs& heirs) const {
  const auto orgs = orgs_.in(tx);
  auto& heir = heirs[orgId];
  const auto member = heir.empty() ? std::nullopt : orgs.membership(heir);
  if (member && member->orgId == orgId) return heir;
  heir.clear();
  if (!orgs.find(orgId)) return heir;
  for (const auto& one : orgs.members(orgId)) {
    if (one.role == "owner") return heir = one.userId;
    if (heir.empty() && mortise::roleSuffices(one.role, "admin")) heir = one.userId;
  }
  return heir;
}

void MemberDepartures::forget(mortise::JobRun& run) {
  const auto users = removedUsers_.forgetEach(run, [&](const std::string& userId) { forget(userId, run); });
  if (users > 0) run.report({.target = "projects of removed accounts", .synced = users});
}

void MemberDepartures::forget(const std::string& userId, const mortise::JobRun& run) const {
  Heirs heirs;
  // Again until nothing is left: a project may go to another organisation between the list and its turn.
  for (auto owned = projects_.allOf(userId); !owned.empty(); owned = projects_.allOf(userId)) {
    for (const auto& project : owned) {
      // Not acknowledged: the next run goes on.
      if (run.cancelled()) throw mortise::Problem(503, "unavailable").note("asked to stop");
      settle(userId, project, heirs);
    }
  }
  db_.transaction([&](Transaction& tx) {
    transfers_.in(tx).cancelOfUser(userId, mortise::now());
    groups_.in(tx).forgetUser(userId);
    for (auto* part : removal_.parts()) part->userForgotten(tx, userId);
  });
}

void MemberDepartures::settle(const std::string& userId, const Project& listed, Heirs& heirs) const {
  const auto heir = db_.transaction([&](Transaction& tx) -> std::optional<std::string> {
    if (listed.orgId) holdMembers(tx, {*listed.orgId});
    const auto project = projects_.in(tx).findLocked(listed.id);
    if (!project || project->ownerId != userId || project->orgId != listed.orgId) return std::nullopt;
    auto to = project->orgId ? heirIn(tx, *project->orgId, heirs) : std::string();
    if (!to.empty()) {
      handOver(tx, *project, to);
    } else if (removal_.remove(tx, *project)) {
      audit_.in(tx).record("projects.deleted", "project:" + project->id,
                           mortise::json::object({{"name", project->name}, {"owner_removed", userId}}));
    }
    return to;
  });
  if (!heir) return;
  log_.info("a project of a removed account is settled", {{"project", listed.id}, {"handed_over", !heir->empty()}});
}

}  // namespace projects
