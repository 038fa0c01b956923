// Limits that count clients by their network address: an IPv4 client by the address, an IPv6 client by its /64 and by its
// /56 (core/base/network_address.hpp).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/limits/bucket.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/limits/slots.hpp"

namespace mortise::services::limits {

// One client, and within it `key` (an account), which may be empty. Every member throws as the member of Limits does.
// [as Limits::blocking() says]
class ClientLimits {
 public:
  ClientLimits(Limits& limits, const Bucket& bucket, std::string_view address, std::string_view key = {});

  Decision take() const;  // refused: nothing was taken, neither from the /64 nor from the /56
  Decision peek() const;
  void refund() const;
  void reset() const;

 private:
  Limits& limits_;
  const Bucket& bucket_;
  const Bucket site_;
  std::string nearestKey_, siteKey_;  // siteKey_ empty: none
};

// The slots that a client's request takes of a concurrent bucket.
Decision takeSlots(Slots& slots, const std::shared_ptr<const Bucket>& bucket, std::string_view address,
                   std::vector<Slots::Held>& held);

}  // namespace mortise::services::limits
