// Handing an organisation over, in two steps: an offer, and its acceptance.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <string_view>

#include "organisations/owner_transfer_store.hpp"

namespace auth {

class OwnerTransfers {
 public:
  explicit OwnerTransfers(mortise::Host host);
  void bind(mortise::Bindings& on);
  // For whoever leaves the organisation; returns how many offers were cancelled.
  std::int64_t cancelInvolving(std::string_view orgId, std::string_view userId) const;
  // Marks expired offers and drops those that ended longer ago than they are kept for.
  void purge();

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply offer(const Request& request);
  Reply readOpen(const Request& request);
  Reply accept(const Request& request);
  Reply cancel(const Request& request);

  // The offer that the path names. Problem 404; 409 when it is not open.
  OwnerTransfer openTransfer(const Request& request, std::string_view orgId, std::int64_t now) const;
  // Makes the taker owner and the owner before, if any, admin.
  void handOver(const OwnerTransfer& transfer, const mortise::Member& taker) const;

  mortise::Log log_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  OwnerTransferStore transfers_;
  std::int64_t lifetime_;   // microseconds
  std::int64_t retention_;  // microseconds
};

}  // namespace auth
