#include "egress/target.hpp"

#include <mortise/ascii.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace agent::egress {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

std::optional<std::uint16_t> readPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool isDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::string> readSix(const std::string& text) {
  in6_addr address{};
  char canonical[INET6_ADDRSTRLEN] = "";
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, canonical, sizeof canonical) == nullptr)
    return std::nullopt;
  return canonical;
}

bool isFour(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool isName(std::string_view text) {
  if (text.empty() || text.size() > kMaxName) return false;
  std::string_view last;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('.'), rest.size());
    last = rest.substr(0, end);
    if (last.empty() || last.size() > kMaxLabel || end + 1 == rest.size()) return false;
    if (!std::all_of(last.begin(), last.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }))
      return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  // The system reads such a name as a number of an address.
  return !isDigits(last) && !last.starts_with("0x");
}

}  // namespace

std::string Target::text() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Target> readTarget(std::string_view authority, std::optional<std::uint16_t> port) {
  Target out;
  std::string_view host = authority, after;
  const bool six = authority.starts_with('[');
  if (six) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = authority.substr(1, end - 1);
    after = authority.substr(end + 1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    after = authority.substr(colon);
  }
  if (!after.empty()) {
    port = after.front() == ':' ? readPort(after.substr(1)) : std::nullopt;
  }
  if (!port || host.size() > kMaxName + 1 || host.find('\0') != std::string_view::npos) return std::nullopt;
  out.port = *port;
  out.host = mortise::asciiLowerCase(host);
  if (six) {
    auto canonical = readSix(out.host);
    if (!canonical) return std::nullopt;
    out.host = *std::move(canonical);
    out.isAddress = true;
    return out;
  }
  if (out.host.ends_with('.')) out.host.pop_back();
  out.isAddress = isFour(out.host);
  if (!out.isAddress && !isName(out.host)) return std::nullopt;
  return out;
}

}  // namespace agent::egress
