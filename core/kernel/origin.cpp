#include "core/kernel/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/base/text.hpp"

namespace mortise::kernel {
namespace {

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool isScheme(std::string_view text) {
  return !text.empty() && isLetter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

std::optional<std::string> shortened(const std::string& address) {
  in6_addr bytes{};
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return std::nullopt;
  return "[" + std::string(inet_ntop(AF_INET6, &bytes, text, sizeof text)) + "]";
}

std::optional<std::string> normalHost(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    return shortened(std::string(host.substr(1, host.size() - 2)));
  }
  const bool named = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return isLetter(c) || isDigit(c) || c == '.' || c == '-' || c == '_';
  });
  if (!named || host.front() == '.' || host.find("..") != std::string_view::npos) return std::nullopt;
  // Browsers read what ends in a number as an IPv4 address.
  const auto last = host.substr(host.rfind('.') + 1);
  in_addr bytes{};
  if (std::all_of(last.begin(), last.end(), isDigit) && !last.empty() &&
      inet_pton(AF_INET, std::string(host).c_str(), &bytes) != 1)
    return std::nullopt;
  return text::lower(host);
}

}  // namespace

std::optional<std::string> normalOrigin(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !isScheme(text.substr(0, colon))) return std::nullopt;
  const auto scheme = text::lower(text.substr(0, colon));
  auto rest = text.substr(colon + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto portAt = rest.find(':', rest.starts_with('[') ? std::min(rest.find(']'), rest.size()) : 0);
  const auto host = normalHost(rest.substr(0, portAt));
  if (!host) return std::nullopt;
  const auto origin = scheme + "://" + *host;
  if (portAt == std::string_view::npos) return origin;
  const auto digits = rest.substr(portAt + 1);
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  if ((scheme == "http" && port == 80) || (scheme == "https" && port == 443)) return origin;
  return origin + ":" + std::to_string(port);
}

std::string_view originPart(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace mortise::kernel
