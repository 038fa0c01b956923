// Handing an organisation over, in two steps: an offer, and its acceptance.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "auth_contract.hpp"
#include "organisations/owner_transfer_store.hpp"

namespace auth {

class OwnerTransfers final : public auth_contract::organisations::OrganisationOwnership {
 public:
  explicit OwnerTransfers(mortise::Host host);
  // Marks expired offers and drops those that ended longer ago than they are kept for.
  void purge();

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply offerOwnership(const Request& request, const auth_contract::organisations::OfferOwnershipBody& body) override;
  Reply readOwnershipOffer(const Request& request) override;
  Reply acceptOwnership(const Request& request) override;
  Reply cancelOwnershipOffer(const Request& request) override;

  // The offer that the path names. Problem 404; 409 when it is not open.
  OwnerTransfer openTransfer(const Request& request, std::string_view orgId, mortise::Time now) const;
  // Makes the taker owner and the owner before, if any, admin.
  void handOver(const mortise::Transaction& tx, const OwnerTransfer& transfer) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  OwnerTransferStore transfers_;
  std::chrono::milliseconds lifetime_;
  std::chrono::milliseconds retention_;
};

}  // namespace auth
