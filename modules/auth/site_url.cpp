#include "site_url.hpp"

namespace auth {

std::string siteUrlFrom(const mortise::Config& config) {
  const auto own = config.text("site_url");
  return own.empty() ? config.server("http.public_url").value_or("") : own;
}

}  // namespace auth
