// Organisations of the sessionfs family: the organisation itself and its settings. Members, invites, transfers of
// ownership, service keys and teams are classes of their own.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>

#include "auth_contract.hpp"
#include "neighbours.hpp"
#include "organisations/invites.hpp"
#include "organisations/members.hpp"
#include "organisations/org_settings_store.hpp"
#include "organisations/owner_transfers.hpp"
#include "organisations/service_keys.hpp"
#include "organisations/teams.hpp"

namespace auth {

// What a tier gives a new organisation; 0: no limit.
struct TierSeats {
  std::int64_t seats = 0;
  std::int64_t storagePerSeat = 0;  // bytes
};

class Organisations final : public auth_contract::organisations::Organisations {
 public:
  // `neighbours` must outlive this object.
  Organisations(mortise::Host host, const Neighbours& neighbours);
  // This face, those of its members, and the job that drops old invites and offers.
  void bind(mortise::Bindings& on);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply createOrg(const Request& request, const auth_contract::organisations::CreateOrgBody& body) override;
  Reply readOwnOrg(const Request& request) override;
  Reply listOrgs(const Request& request) override;
  Reply readOrgSettings(const Request& request) override;
  Reply changeOrgSettings(const Request& request, const auth_contract::organisations::OrgSettingsChange& body) override;

  void purge(mortise::JobRun& run);

  const Neighbours& neighbours_;
  mortise::Db db_;
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
  Teams teams_;
};

}  // namespace auth
