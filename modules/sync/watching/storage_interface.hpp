// sync.storage/1: what sessions take and who pushed them, as a table of C functions for other modules.
#pragma once

#include <mortise/abi/sync_storage.h>
#include <mortise/host.hpp>
#include <mortise/orgs.hpp>
#include <mortise/served.hpp>

#include <cstdint>
#include <string_view>

#include "archives/archive_limits.hpp"
#include "library/session_listing.hpp"
#include "watching/client_store.hpp"

template <>
struct mortise::Crossing<session_sharing::KnownClient> {
  static mortise_sync_client to(const session_sharing::KnownClient& client);
};

namespace session_sharing {

// [worker] [start]
class StorageInterface : public mortise::Serving {
 public:
  // `limits` must outlive this object.
  StorageInterface(mortise::Host host, const TierLimits& limits);

  std::int64_t usedByUser(std::string_view userId);
  std::int64_t usedByOrg(std::string_view orgId);
  void lastClient(std::string_view userId, const mortise::Sink<KnownClient>& sink);
  void captureHealth(std::string_view userId, const mortise::Sink<std::string>& sink);
  std::int64_t allowanceOf(std::string_view tier);

  const mortise_sync_storage_v1* table() const { return &table_; }

 private:
  mortise::Orgs orgs_;
  SessionListing listing_;
  ClientStore clients_;
  const TierLimits& limits_;
  mortise_sync_storage_v1 table_;
};

}  // namespace session_sharing
