#include "web_url.hpp"

#include <curl/curl.h>
#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/percent.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace auth {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return owned.get();
}

// libcurl is more generous than browsers agree on ("http:/host", spaces): what they could read differently is refused
// here.
bool isPlain(std::string_view text) {
  const auto scheme = mortise::asciiLowerCase(text.substr(0, 8));
  const std::size_t start = scheme.substr(0, 7) == "http://" ? 7 : scheme == "https://" ? 8 : 0;
  if (start == 0 || start == text.size() || text[start] == '/' || mortise::characterCount(text) > WebUrl::kMaxLength)
    return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F || c == '\\' || c == '"' || c == '<' || c == '>';
  });
}

}  // namespace

std::optional<WebUrl> WebUrl::parse(std::string_view text) {
  if (!isPlain(text)) return std::nullopt;
  const Handle url(curl_url(), &curl_url_cleanup);
  std::string whole(text);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return std::nullopt;
  const auto authority = std::string_view(whole).substr(whole.find("//") + 2);
  if (authority.substr(0, authority.find_first_of("/?#")).find('@') != std::string_view::npos) return std::nullopt;
  const auto scheme = mortise::asciiLowerCase(part(url.get(), CURLUPART_SCHEME));
  const auto host = mortise::asciiLowerCase(part(url.get(), CURLUPART_HOST));
  if (host.empty() || (scheme != "http" && scheme != "https")) return std::nullopt;
  const auto port = part(url.get(), CURLUPART_PORT);
  const bool usual = port.empty() || port == (scheme == "http" ? "80" : "443");
  return WebUrl(std::move(whole), scheme + "://" + host + (usual ? "" : ":" + port));
}

std::string WebUrl::withQuery(std::string_view name, std::string_view value) const {
  const auto hash = std::min(text_.find('#'), text_.size());
  std::string url = text_.substr(0, hash);
  const auto mark = url.find('?');
  if (mark == std::string::npos) {
    url += '?';
  } else if (mark + 1 != url.size() && url.back() != '&') {
    url += '&';
  }
  url += mortise::percentEncoded(name) + '=' + mortise::percentEncoded(value);
  return url + text_.substr(hash);
}

RedirectRule::RedirectRule(const std::vector<std::string>& origins, const std::string& siteUrl) {
  const auto add = [this](const std::string& entry, const char* option) {
    const auto url = WebUrl::parse(entry);
    if (!url)
      throw std::runtime_error(std::string(option) + ": \"" + entry +
                               "\" is not an http or https URL; write it like https://app.example.com");
    origins_.push_back(url->origin());
  };
  for (const auto& origin : origins) add(origin, "auth.redirect_origins");
  if (origins.empty() && !siteUrl.empty()) add(siteUrl, "auth.site_url");
}

bool RedirectRule::allows(const WebUrl& url) const {
  return std::find(origins_.begin(), origins_.end(), url.origin()) != origins_.end();
}

}  // namespace auth
