#include "egress/host_rules.hpp"

#include <algorithm>
#include <stdexcept>

namespace agent::egress {
namespace {

constexpr std::uint16_t kHttp = 80;
constexpr std::uint16_t kHttps = 443;

std::vector<HostPattern> patternsOf(const std::vector<std::string>& texts) {
  std::vector<HostPattern> out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

bool any(const std::vector<HostPattern>& patterns, const Target& target, bool standard) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const HostPattern& one) { return one.matches(target, standard); });
}

}  // namespace

HostPattern::HostPattern(std::string_view text) {
  std::string rest(text);
  everyPort_ = text.ends_with(":*");
  if (everyPort_) rest.resize(rest.size() - 2);
  every_ = rest == "*" || rest.starts_with("*:");
  below_ = rest.starts_with("*.");
  if (every_) rest.replace(0, 1, "host");  // any name, so that what follows is read as a port
  if (below_) rest.erase(0, 2);
  const auto target = readTarget(rest, std::uint16_t{0});  // 0: there is none
  if (!target || (below_ && target->isAddress) || (everyPort_ && target->port != 0))
    throw std::invalid_argument("\"" + std::string(text) +
                                "\" is no pattern of hosts; write example.com, *.example.com or *, with :PORT or :* "
                                "behind it for other ports than 80 and 443");
  if (target->port != 0) port_ = target->port;
  if (!every_) name_ = (below_ ? "." : "") + target->host;
}

bool HostPattern::matches(const Target& target, bool standard) const {
  if (port_ && target.port != *port_) return false;
  if (!port_ && !everyPort_ && standard && target.port != kHttp && target.port != kHttps) return false;
  if (every_) return true;
  if (below_) return !target.isAddress && target.host.size() > name_.size() && target.host.ends_with(name_);
  return target.host == name_;
}

HostRules::HostRules(const std::vector<std::string>& allowed, const std::vector<std::string>& denied)
    : allowed_(patternsOf(allowed)), denied_(patternsOf(denied)) {}

bool HostRules::denies(const Target& target) const { return any(denied_, target, false); }
bool HostRules::allows(const Target& target) const { return !denies(target) && any(allowed_, target, true); }

}  // namespace agent::egress
