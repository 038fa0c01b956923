#include "sources/web_address.hpp"

#include <curl/curl.h>

#include <memory>

#include "text/ascii.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url parsed(const std::string& text) {
  Url url(curl_url(), &curl_url_cleanup);
  constexpr unsigned kHow = CURLU_DISALLOW_USER | CURLU_PATH_AS_IS;
  const bool hidden = text.find_first_of(std::string_view("\0\t\r\n ", 5)) != std::string::npos;
  if (hidden || !url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), kHow) != CURLUE_OK) url.reset();
  return url;
}

std::string part(const Url& url, CURLUPart which, unsigned how = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, how) != CURLUE_OK || text == nullptr) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return owned.get();
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> originOf(const std::string& url) {
  const auto read = parsed(url);
  if (!read) return std::nullopt;
  const auto scheme = part(read, CURLUPART_SCHEME);
  const auto host = ascii::lower(part(read, CURLUPART_HOST));
  if ((scheme != "http" && scheme != "https") || host.empty()) return std::nullopt;
  return scheme + "://" + host + ":" + part(read, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string hostOf(const std::string& url) {
  const auto read = parsed(url);
  return read ? ascii::lower(part(read, CURLUPART_HOST)) : std::string();
}

std::optional<std::string> resolvedUrl(const std::string& base, const std::string& location) {
  auto url = parsed(base);
  const bool hidden = location.find_first_of(std::string_view("\0\t\r\n ", 5)) != std::string::npos;
  if (!url || location.empty() || hidden) return std::nullopt;
  if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) return std::nullopt;
  return part(url, CURLUPART_URL);
}

std::string withoutQuery(std::string_view url) { return printable(url.substr(0, url.find_first_of("?#"))); }

std::optional<std::string> percentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? hexDigit(text[i + 2]) : -1;
    if (low < 0 || (high == 0 && low == 0)) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!isUtf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace skills
