// Absolute http and https URLs that people hand in: where a mail may link to, where an avatar lies. Plain C++; taken
// apart by libcurl's URL API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

class WebUrl {
 public:
  static constexpr std::size_t kMaxLength = 2048;  // code points

  // nullopt: not absolute, another scheme, no host, user info, over 2048 characters, white space, control characters or
  // a backslash.
  static std::optional<WebUrl> parse(std::string_view text);

  const std::string& text() const { return text_; }  // as given
  const std::string& origin() const {
    return origin_;
  }  // "https://app.example.com:8443", lower case, default port left out
  // The URL with `name=value` added to its query, in front of a fragment.
  std::string withQuery(std::string_view name, std::string_view value) const;

 private:
  WebUrl(std::string text, std::string origin) : text_(std::move(text)), origin_(std::move(origin)) {}
  std::string text_, origin_;
};

// Where a sign-up mail may link to: the listed origins, or the site's own when none is listed.
class RedirectRule {
 public:
  // Throws std::runtime_error naming the entry that is not an http(s) URL. `siteUrl` may be empty.
  RedirectRule(const std::vector<std::string>& origins, const std::string& siteUrl);
  bool allows(const WebUrl& url) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace auth
