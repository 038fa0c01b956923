#include "sharing/site_address.hpp"

#include <utility>

namespace session_sharing {
namespace {

std::string withoutSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

std::string dashboardUrlOf(const mortise::Config& config) { return withoutSlash(config.text("dashboard_url")); }

std::string serverUrlOf(const mortise::Config& config) {
  auto url = config.server("http.public_url").value_or("");
  return withoutSlash(url.empty() ? config.server("http.base_url").value_or("") : std::move(url));
}

}  // namespace session_sharing
