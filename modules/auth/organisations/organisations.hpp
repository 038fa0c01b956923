// Organisations of the sessionfs family: the organisation itself and its settings. Members, invites, transfers of
// ownership and service keys are classes of their own.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>

#include "organisations/invites.hpp"
#include "organisations/members.hpp"
#include "organisations/org_settings_store.hpp"
#include "organisations/owner_transfers.hpp"
#include "organisations/service_keys.hpp"

namespace auth {

// What a tier gives a new organisation; 0: no limit.
struct TierSeats {
  std::int64_t seats = 0;
  std::int64_t storagePerSeat = 0;  // bytes
};

class Organisations {
 public:
  explicit Organisations(mortise::Host host);
  void bind(mortise::Bindings& on);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply create(const Request& request);
  Reply readOwn(const Request& request);
  Reply list(const Request& request);
  Reply readSettings(const Request& request);
  Reply changeSettings(const Request& request);

  void purge(mortise::JobRun& run);

  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  OrgSettingsStore settings_;
  TierSeats team_;
  TierSeats enterprise_;
  OwnerTransfers transfers_;
  Members members_;
  Invites invites_;
  ServiceKeys serviceKeys_;
};

}  // namespace auth
