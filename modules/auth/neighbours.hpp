// What other modules tell of accounts and organisations. Each is optional: without it there is nothing to tell.
#pragma once

#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/projects_directory.hpp>
#include <mortise/projects_members.hpp>
#include <mortise/sync_storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

// One for the module; faces keep a reference. Looks its neighbours up at each use: some ask this module, too, and may
// start later. [worker]
class Neighbours {
 public:
  explicit Neighbours(const mortise::Host& host) : host_(host) {}

  // The client that pushed sessions of the user last.
  std::optional<mortise::SyncClient> lastClient(std::string_view userId) const;
  // What the user's daemon said last of the agents that it watches: a JSON list.
  std::optional<std::string> captureHealth(std::string_view userId) const;
  // Bytes that the members of an organisation have stored.
  std::int64_t storageUsedByOrg(std::string_view orgId) const;
  // What becomes of the organisation's projects, in the transaction that ends the membership.
  mortise::MemberDeparture memberLeft(mortise::Transaction& tx, std::string_view orgId, std::string_view userId,
                                      std::string_view heir) const;
  // Personas of organisations that stand for the user.
  std::vector<mortise::RepresentedPersona> represented(std::string_view userId) const;

 private:
  mortise::Host host_;
};

}  // namespace auth
