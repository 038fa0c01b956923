#include "organisations/owner_transfers.hpp"

#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "organisations/org_access.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::organisations;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;
using Members = std::vector<mortise::Member>;

const mortise::Member* owner(const Members& members) {
  const auto at = std::find_if(members.begin(), members.end(), [](const auto& one) { return one.role == "owner"; });
  return at == members.end() ? nullptr : &*at;
}

const mortise::Member* member(const Members& members, std::string_view userId) {
  const auto at = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.userId == userId; });
  return at == members.end() ? nullptr : &*at;
}

std::ptrdiff_t administrators(const Members& members) {
  return std::count_if(members.begin(), members.end(), [](const auto& one) { return roleSuffices(one.role, "admin"); });
}

// Organisations of before may have no owner: until they have one, their administrators may offer.
std::string_view roleToOffer(const Members& members) { return owner(members) == nullptr ? "admin" : "owner"; }

std::string target(const OwnerTransfer& transfer) { return "owner_transfer:" + std::to_string(transfer.id); }

json::Value parties(const OwnerTransfer& transfer) {
  return json::object({{"org_id", transfer.orgId}, {"from", transfer.fromUserId}, {"to", transfer.toUserId}});
}

}  // namespace

OwnerTransfers::OwnerTransfers(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      transfers_(host.db()),
      lifetime_(host.config().duration("owner_transfer_lifetime")),
      retention_(host.config().duration("invite_retention")) {}

Reply OwnerTransfers::offerOwnership(const Request& request, const contract::OfferOwnershipBody& body) {
  const auto caller = request.principal();
  const auto org = requireOrg(orgs_, caller, request.path("org_id"), "member");
  const auto members = orgs_.members(org.id);
  const auto required = roleToOffer(members);
  if (!roleSuffices(caller.orgRole, required)) throw insufficientRole(caller.orgRole, required);
  const auto& to = body.toUserId;
  const auto* taker = member(members, to);
  if (taker == nullptr) throw Problem(404, "member_not_found");
  if (taker->role == "owner") throw Problem(400, "owner_already");
  if (to == caller.userId && administrators(members) > 1) throw Problem(400, "own_offer");
  OwnerTransfer offer;
  offer.orgId = org.id;
  offer.fromUserId = caller.userId;
  offer.toUserId = to;
  offer.createdAt = mortise::now();
  offer.expiresAt = offer.createdAt + lifetime_;
  const auto transfer = db_.transaction([&](Transaction& tx) {
    auto stored = transfers_.in(tx).keep(offer);
    if (!stored) throw Problem(409, "owner_transfer_open");
    audit_.in(tx).record(request, "auth.ownership_offered", target(*stored), parties(*stored));
    return *std::move(stored);
  });
  return Reply::created(json::from(transfer));
}

Reply OwnerTransfers::readOwnershipOffer(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "member");
  return Reply::ok(json::object({{"transfer", transfers_.openOf(org.id, mortise::now())}}));
}

OwnerTransfer OwnerTransfers::openTransfer(const Request& request, std::string_view orgId, mortise::Time now) const {
  auto transfer = mortise::orNotFound(transfers_.find(request.pathInteger("transfer_id")), "owner_transfer_not_found");
  if (transfer.orgId != orgId) throw Problem(404, "owner_transfer_not_found");
  if (!transfer.open(now)) throw Problem(409, "owner_transfer_closed");
  return transfer;
}

Reply OwnerTransfers::acceptOwnership(const Request& request) {
  const auto caller = request.principal();
  const auto org = requireOrg(orgs_, caller, request.path("org_id"), "member");
  const auto at = mortise::now();
  auto transfer = openTransfer(request, org.id, at);
  if (transfer.toUserId != caller.userId) throw Problem(403, "owner_transfer_to_another");
  const auto members = orgs_.members(org.id);
  const auto* from = member(members, transfer.fromUserId);
  const auto* taker = member(members, transfer.toUserId);
  if (from == nullptr || taker == nullptr || !roleSuffices(from->role, roleToOffer(members))) {
    transfers_.close(transfer.id, "cancelled", at);
    throw Problem(409, "owner_transfer_void");
  }
  db_.transaction([&](Transaction& tx) {
    // The request that changes the row is the one that hands over.
    if (!transfers_.in(tx).close(transfer.id, "accepted", at)) throw Problem(409, "owner_transfer_closed");
    handOver(tx, transfer);
    audit_.in(tx).record(request, "auth.ownership_accepted", target(transfer), parties(transfer));
  });
  transfer.state = "accepted";
  transfer.updatedAt = at;
  return Reply::ok(json::from(transfer));
}

void OwnerTransfers::handOver(const Transaction& tx, const OwnerTransfer& transfer) const {
  orgs_.in(tx).setRole(transfer.orgId, transfer.toUserId, "owner");
  // Without an owner before, the offer came from an administrator, who stays one.
  if (transfer.fromUserId != transfer.toUserId) orgs_.in(tx).setRole(transfer.orgId, transfer.fromUserId, "admin");
}

Reply OwnerTransfers::cancelOwnershipOffer(const Request& request) {
  const auto caller = request.principal();
  const auto org = requireOrg(orgs_, caller, request.path("org_id"), "member");
  const auto at = mortise::now();
  auto transfer = openTransfer(request, org.id, at);
  const bool party = caller.userId == transfer.fromUserId || caller.userId == transfer.toUserId;
  if (!party && caller.orgRole != "owner") throw insufficientRole(caller.orgRole, "owner");
  db_.transaction([&](Transaction& tx) {
    if (!transfers_.in(tx).close(transfer.id, "cancelled", at)) throw Problem(409, "owner_transfer_closed");
    audit_.in(tx).record(request, "auth.ownership_offer_cancelled", target(transfer), parties(transfer));
  });
  transfer.state = "cancelled";
  transfer.updatedAt = at;
  return Reply::ok(json::from(transfer));
}

void OwnerTransfers::purge() {
  const auto at = mortise::now();
  const auto dropped = transfers_.purge(at - retention_, at);
  if (dropped > 0) log_.info("old offers of ownership dropped", {{"count", dropped}});
}

}  // namespace auth
