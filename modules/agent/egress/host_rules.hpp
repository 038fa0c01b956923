// Which hosts boxes may reach, as the operator wrote it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "egress/target.hpp"

namespace agent::egress {

// "example.com": that host. "*.example.com": all below it, not itself. "*": every host. A port may follow
// ("example.com:8443"), or ":*" for every port.
class HostPattern {
 public:
  // Throws std::invalid_argument, which says what is wrong with `text`.
  explicit HostPattern(std::string_view text);

  // `standard`: without a port in the pattern only 80 and 443 match; else every port.
  bool matches(const Target& target, bool standard) const;

 private:
  std::string name_;  // "example.com", ".example.com" for all below it, empty for every host
  bool below_ = false;
  bool every_ = false;
  bool everyPort_ = false;
  std::optional<std::uint16_t> port_;
};

// What is denied is denied; what is not allowed, too.
class HostRules {
 public:
  HostRules() = default;
  // Throws std::invalid_argument.
  HostRules(const std::vector<std::string>& allowed, const std::vector<std::string>& denied);

  bool denies(const Target& target) const;
  bool allows(const Target& target) const;

 private:
  std::vector<HostPattern> allowed_;
  std::vector<HostPattern> denied_;
};

}  // namespace agent::egress
