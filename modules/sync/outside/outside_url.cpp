#include "outside/outside_url.hpp"

#include <curl/curl.h>
#include <mortise/ascii.hpp>

#include <algorithm>
#include <memory>
#include <new>

namespace session_sharing {
namespace {

constexpr std::size_t kMaxLength = 500;

}  // namespace

std::optional<OutsideUrl> outsideUrl(std::string_view text) {
  const bool odd =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == '\\' || c == 0x7f; });
  if (text.empty() || text.size() > kMaxLength || odd) return std::nullopt;
  while (text.ends_with('/')) text.remove_suffix(1);
  OutsideUrl out{std::string(text), {}, false};
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  if (!url) throw std::bad_alloc();
  if (curl_url_set(url.get(), CURLUPART_URL, out.text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart which, unsigned flags = 0) {
    char* raw = nullptr;
    if (curl_url_get(url.get(), which, &raw, flags) != CURLUE_OK || raw == nullptr) return std::string();
    std::string value(raw);
    curl_free(raw);
    return value;
  };
  const auto scheme = part(CURLUPART_SCHEME);
  const auto host = mortise::asciiLowerCase(part(CURLUPART_HOST));
  if ((scheme != "http" && scheme != "https") || host.empty()) return std::nullopt;
  // The parser takes "?" and "#" with nothing behind them.
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty() ||
      text.find_first_of("?#") != std::string_view::npos)
    return std::nullopt;
  out.origin = scheme + "://" + host + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.isHttps = scheme == "https";
  return out;
}

}  // namespace session_sharing
