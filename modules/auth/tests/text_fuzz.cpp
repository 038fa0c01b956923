// Addresses, names, URLs and WeChat's answers out of arbitrary bytes: whatever is accepted must keep the promises of
// its header.
#include <mortise/characters.hpp>
#include <mortise/link_text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../email_address.hpp"
#include "../names.hpp"
#include "../web_url.hpp"
#include "../wechat/wechat_answer.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool isPlain(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = auth::EmailAddress::parse(text)) {
    const auto& stored = address->text();
    require(stored.size() <= 254 && isPlain(stored) && stored.find('@') == stored.rfind('@'));
    const auto again = auth::EmailAddress::parse(stored);
    require(again && again->text() == stored);
  }
  if (const auto url = auth::WebUrl::parse(text)) {
    require(isPlain(url->text()) && url->origin().substr(0, 4) == "http");
    const auto longer = url->withQuery("email", "a+b@example.com");
    require(isPlain(longer));
    const auto again = auth::WebUrl::parse(longer);
    require(!again || again->origin() == url->origin());
  }
  if (const auto answer = auth::readGrant(text); const auto* grant = std::get_if<auth::WeChatGrant>(&answer)) {
    require(!grant->accessToken.empty() && !grant->openid.empty() && mortise::isOneLine(grant->openid));
  }
  if (const auto answer = auth::readProfile(text); const auto* profile = std::get_if<auth::WeChatProfile>(&answer)) {
    require(mortise::isOneLine(profile->nickname) && (profile->avatar.empty() || auth::WebUrl::parse(profile->avatar)));
  }
  static_cast<void>(mortise::isMultiLine(text));
  require(mortise::readsAsLink(std::string(text) + " www.example.org"));
  require(!mortise::readsAsLink(mortise::nameForMail(text, "")));
  static_cast<void>(mortise::isOneLine(text));
  static_cast<void>(auth::isRuntimeUsername(auth::foldUsername(text)));
  return 0;
}
