#include "transfers/transfer_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <chrono>
#include <utility>
#include <vector>

#include "access/held_members.hpp"
#include "body_text.hpp"
#include "concurrent_update.hpp"
#include "invalid.hpp"
#include "registry/project_room.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::transfers;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::roleSuffices;
using mortise::Transaction;

constexpr const char* kFeature = "project_context";
constexpr std::chrono::days kProposalTime{7};
constexpr std::int64_t kMaxListed = 200;

std::optional<std::string> orgOf(const std::string& scope) {
  return scope == kPersonal ? std::nullopt : std::optional(scope);
}

std::string scopeOf(const Project& project) { return project.orgId.value_or(std::string(kPersonal)); }

}  // namespace

TransferOperations::TransferOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes)
    : db_(host.db()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      log_(host.log()),
      projects_(db_),
      groups_(db_),
      transfers_(db_),
      stranded_(db_),
      access_(access),
      changes_(changes) {}

Transfer TransferOperations::transferOf(const Project& project, std::string toScope,
                                        std::string_view initiatedBy) const {
  Transfer transfer;
  transfer.id = mortise::makePrefixedId("xfer_");
  transfer.projectId = project.id;
  transfer.gitRemote = project.gitRemote;
  transfer.projectName = project.name;
  transfer.initiatedBy = initiatedBy;
  transfer.fromScope = scopeOf(project);
  transfer.toScope = std::move(toScope);
  transfer.createdAt = transfer.updatedAt = mortise::now();
  return transfer;
}

json::Value TransferOperations::view(const Transfer& transfer, Names& names) const {
  auto shown = transfer;
  shown.state = transfer.shownState(mortise::now());
  json::Value name;
  if (transfer.proposedBy) {
    const auto [known, isNew] = names.try_emplace(*transfer.proposedBy);
    if (isNew) known->second = nameOf(*transfer.proposedBy);
    name = known->second;
  }
  return json::from(shown).add("proposed_by_name", name).build();
}

json::Value TransferOperations::nameOf(const std::string& userId) const {
  const auto user = identity_.find(mortise::UserKey::id, userId);
  if (!user) return {};
  return json::value(!user->nickname.empty() ? user->nickname : !user->username.empty() ? user->username : user->email);
}

Reply TransferOperations::shown(const std::string& id) const {
  Names names;
  return Reply::ok(view(mortise::orNotFound(transfers_.find(id), "transfer_not_found"), names));
}

void TransferOperations::add(Transaction& tx, const Transfer& transfer) const {
  if (transfers_.in(tx).add(transfer)) return;
  const auto pending = transfers_.in(tx).pendingOf(*transfer.projectId);
  throw Problem(409, "transfer_pending").details(json::object({{"transfer_id", pending ? pending->id : ""}}));
}

Project TransferOperations::held(Transaction& tx, const Transfer& transfer) const {
  holdMembers(tx, {orgOf(transfer.fromScope).value_or(""), orgOf(transfer.toScope).value_or("")});
  const auto store = projects_.in(tx);
  const std::string id = transfer.projectId.value_or("");
  auto project = store.findLocked(id);
  if (!project) {
    const auto left = store.find(id);
    if (left) requireUnmerged(*left);
    throw Problem(404, "project_not_found");
  }
  return std::move(*project);
}

std::string TransferOperations::roleIn(Transaction& tx, const std::string& orgId, std::string_view userId) const {
  const auto member = orgs_.in(tx).membership(userId);
  return member && member->orgId == orgId ? member->role : std::string();
}

void TransferOperations::apply(Transaction& tx, const Request& request, const Transfer& transfer,
                               const Project& project, bool force) const {
  const auto orgId = orgOf(transfer.toScope);
  if (!force) {
    const auto stranded = stranded_.in(tx).of(project.id, project.orgId, orgId);
    if (!stranded.empty()) {
      const auto list = json::list(stranded, [](const StrandedPersona& one) {
        const auto ids = json::list(one.ticketIds, [](const std::string& id) { return json::value(id); });
        return json::object({{"persona", one.name}, {"ticket_ids", ids}});
      });
      throw Problem(409, "personas_stranded").details(json::object({{"personas", list}}));
    }
  }
  requireRoom(tx, projects_, orgId, project.ownerId);
  groups_.in(tx).forgetProject(project.id);  // groups are an organisation's
  projects_.in(tx).moveTo(project.id, orgId, mortise::now());
  audit_.in(tx).record(
      request, "projects.transferred", "project:" + project.id,
      json::object(
          {{"transfer_id", transfer.id}, {"from", transfer.fromScope}, {"to", transfer.toScope}, {"forced", force}}));
  changes_.record(tx,
                  {ProjectEvent::projectChanged, project.id, transfer.id, "transferred", request.principal().userId});
}

Reply TransferOperations::startTransfer(const Request& request, const contract::StartTransferBody& body) {
  const auto caller = request.principal();
  const auto reached = access_.reach(request);
  const auto& project = reached.project;
  if (body.to == scopeOf(project)) throw Problem(400, "transfer_same_scope");
  const auto orgId = orgOf(body.to);
  if (orgId && !orgs_.find(*orgId)) throw Problem(404, "org_not_found");
  if (!reached.canTransfer) throw Problem(403, "transfer_forbidden");
  if (orgId && caller.orgId != *orgId) throw Problem(403, "org_not_yours");
  if (orgId) access_.requirePlan(orgId, project.ownerId, kFeature);

  auto transfer = transferOf(project, body.to, caller.userId);
  transfer.targetUserId = orgId ? std::string(caller.userId) : project.ownerId;
  const bool isAcceptedAtOnce = *transfer.targetUserId == caller.userId;
  db_.transaction([&](Transaction& tx) {
    const auto current = held(tx, transfer);
    if (current.orgId != project.orgId || current.ownerId != project.ownerId) throw concurrentUpdate();
    if (current.orgId && !roleSuffices(roleIn(tx, *current.orgId, caller.userId), "admin"))
      throw Problem(403, "transfer_forbidden");
    if (orgId && roleIn(tx, *orgId, caller.userId).empty()) throw Problem(403, "org_not_yours");
    add(tx, transfer);
    if (isAcceptedAtOnce) {
      transfers_.in(tx).accept(transfer.id, caller.userId, transfer.createdAt);
      apply(tx, request, transfer, current, body.force);
    } else {
      audit_.in(tx).record(
          request, "projects.transfer_started", "project:" + project.id,
          json::object({{"transfer_id", transfer.id}, {"from", transfer.fromScope}, {"to", transfer.toScope}}));
    }
  });
  log_.info("project transfer started", {{"project", project.id}, {"transfer", transfer.id}});
  return shown(transfer.id);
}

Reply TransferOperations::proposeTransfer(const Request& request, const contract::ProposeTransferBody& body) {
  const auto caller = request.principal();
  const auto reason = notBlank(body.reason, "body/reason");
  const std::string orgId = request.path("org_id");
  if (!orgs_.find(orgId)) throw Problem(404, "org_not_found");
  const std::string_view role = caller.orgId == orgId ? std::string_view(caller.orgRole) : std::string_view();
  if (!roleSuffices(role, "admin")) throw mortise::insufficientRole(role, "admin");
  const auto project = mortise::orNotFound(projects_.find(request.path("project_id")), "project_not_found");
  // Whether somebody else's project exists is not told.
  const auto owner = orgs_.membership(project.ownerId);
  if (!owner || owner->orgId != orgId) throw Problem(404, "project_not_found");
  requireUnmerged(project);
  if (project.orgId == orgId) throw Problem(400, "transfer_same_scope");
  access_.requirePlan(orgId, project.ownerId, kFeature);

  auto transfer = transferOf(project, orgId, caller.userId);
  transfer.targetUserId = project.ownerId;
  transfer.proposedBy = caller.userId;
  transfer.proposalReason = reason;
  transfer.expiresAt = transfer.createdAt + kProposalTime;
  db_.transaction([&](Transaction& tx) {
    const auto current = held(tx, transfer);
    if (current.orgId != project.orgId || current.ownerId != project.ownerId) throw concurrentUpdate();
    const auto now = roleIn(tx, orgId, caller.userId);
    if (!roleSuffices(now, "admin")) throw mortise::insufficientRole(now, "admin");
    if (roleIn(tx, orgId, current.ownerId).empty()) throw Problem(404, "project_not_found");
    add(tx, transfer);
    audit_.in(tx).record(request, "projects.transfer_proposed", "project:" + project.id,
                         json::object({{"transfer_id", transfer.id}, {"to", orgId}, {"reason", reason}}));
  });
  return Reply::ok(json::object({{"transfer_id", transfer.id},
                                 {"project_id", project.id},
                                 {"status", "pending"},
                                 {"expires_at", mortise::isoTime(*transfer.expiresAt, mortise::kIsoMicros)}}));
}

Reply TransferOperations::listTransfers(const Request& request) {
  std::optional<TransferState> state;
  if (const auto sent = request.query("state").text()) state = projects::named<TransferState>(*sent);
  const auto now = mortise::now();
  const std::string userId = request.principal().userId;
  const bool isOutgoing = request.query("direction").text() == "outgoing";
  const auto transfers = isOutgoing ? transfers_.outgoing(userId, state, now, kMaxListed)
                                    : transfers_.incoming(userId, state, now, kMaxListed);
  Names names;
  return Reply::ok(json::object(
      {{"transfers", json::list(transfers, [&](const Transfer& transfer) { return view(transfer, names); })}}));
}

Transfer TransferOperations::named(const Request& request) const {
  return mortise::orNotFound(transfers_.find(request.path("transfer_id")), "transfer_not_found");
}

void TransferOperations::requireOpen(const Transfer& transfer, bool isTheirs) const {
  if (!isTheirs) throw Problem(403, "transfer_not_yours");
  const auto state = transfer.shownState(mortise::now());
  if (state == TransferState::expired) throw Problem(409, "transfer_expired");
  if (state != TransferState::pending) throw Problem(409, "transfer_not_pending");
}

Reply TransferOperations::acceptTransfer(const Request& request) {
  const auto caller = request.principal();
  const auto transfer = named(request);
  requireOpen(transfer, transfer.targetUserId == caller.userId);
  const auto orgId = orgOf(transfer.toScope);
  const bool force = request.query("force").boolean().value_or(false);
  db_.transaction([&](Transaction& tx) {
    const auto project = held(tx, transfer);
    if (scopeOf(project) != transfer.fromScope) throw Problem(409, "transfer_not_pending");
    // The right that made the user the one to accept must still be there.
    if (project.ownerId != caller.userId || (orgId && roleIn(tx, *orgId, caller.userId).empty()))
      throw Problem(403, "transfer_forbidden");
    if (!transfers_.in(tx).accept(transfer.id, caller.userId, mortise::now()))
      throw Problem(409, "transfer_not_pending");
    apply(tx, request, transfer, project, force);
  });
  log_.info("project transfer accepted", {{"project", *transfer.projectId}, {"transfer", transfer.id}});
  return shown(transfer.id);
}

Reply TransferOperations::rejectTransfer(const Request& request) {
  const auto transfer = named(request);
  requireOpen(transfer, transfer.targetUserId == request.principal().userId);
  db_.transaction([&](Transaction& tx) {
    if (!transfers_.in(tx).reject(transfer.id, mortise::now())) throw Problem(409, "transfer_not_pending");
    audit_.in(tx).record(request, "projects.transfer_rejected", "transfer:" + transfer.id);
  });
  return shown(transfer.id);
}

Reply TransferOperations::cancelTransfer(const Request& request) {
  const auto transfer = named(request);
  requireOpen(transfer, transfer.initiatedBy == request.principal().userId);
  db_.transaction([&](Transaction& tx) {
    if (!transfers_.in(tx).cancel(transfer.id, mortise::now())) throw Problem(409, "transfer_not_pending");
    audit_.in(tx).record(request, "projects.transfer_cancelled", "transfer:" + transfer.id);
  });
  return shown(transfer.id);
}

Reply TransferOperations::forceTransfer(const Request& request, const contract::ForceTransferBody& body) {
  const auto caller = request.principal();
  const auto reason = notBlank(body.reason, "body/reason");
  const auto project = mortise::orNotFound(projects_.find(request.path("project_id")), "project_not_found");
  requireUnmerged(project);
  if (!orgs_.find(body.toOrgId)) throw Problem(404, "org_not_found");

  auto transfer = transferOf(project, body.toOrgId, caller.userId);
  Project before;
  std::vector<std::string> cancelled;
  db_.transaction([&](Transaction& tx) {
    before = held(tx, transfer);
    if (before.orgId == body.toOrgId) throw Problem(400, "transfer_same_scope");
    const bool isExpected = body.expectedOrgId.absent() || body.expectedOrgId.optional() == before.orgId;
    if (!isExpected || before.orgId != project.orgId) throw Problem(409, "unexpected_source_scope");
    const auto ownerId = body.newOwnerId.optional().value_or(before.ownerId);
    if (roleIn(tx, body.toOrgId, ownerId).empty()) throw Problem(422, "new_owner_not_member");
    transfer.targetUserId = ownerId;
    cancelled = transfers_.in(tx).cancelOf(project.id, transfer.createdAt);
    add(tx, transfer);
    transfers_.in(tx).accept(transfer.id, caller.userId, transfer.createdAt);
    if (ownerId != before.ownerId) projects_.in(tx).handOver(project.id, ownerId, transfer.createdAt);
    audit_.in(tx).record(request, "projects.force_transferred", "project:" + project.id,
                         json::object({{"transfer_id", transfer.id},
                                       {"previous_owner_id", before.ownerId},
                                       {"owner_id", ownerId},
                                       {"reason", reason}}));
    apply(tx, request, transfer, before, body.force);
  });
  return Reply::ok(json::object(
      {{"status", "transferred"},
       {"project_id", project.id},
       {"from_scope", transfer.fromScope},
       {"to_org_id", body.toOrgId},
       {"transfer_id", transfer.id},
       {"cancelled_transfer_ids", json::list(cancelled, [](const std::string& id) { return json::value(id); })},
       {"previous_owner_id", before.ownerId},
       {"owner_id", *transfer.targetUserId}}));
}

}  // namespace projects
