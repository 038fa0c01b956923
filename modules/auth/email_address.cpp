#include "email_address.hpp"

#include <idn2.h>
#include <mortise/ascii.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace auth {
namespace {

constexpr std::size_t kMaxAddress = 254, kMaxLocalPart = 64, kMaxLabel = 63;

bool isAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool isLocalPart(std::string_view local) {
  if (local.empty() || local.size() > kMaxLocalPart || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  return std::all_of(local.begin(), local.end(), [](char c) {
    return isAlphanumeric(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

bool isLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return isAlphanumeric(c) || c == '-'; });
}

bool isDomain(std::string_view domain) {
  std::size_t labels = 0;
  for (std::size_t start = 0; start <= domain.size(); ++labels) {
    const auto end = std::min(domain.find('.', start), domain.size());
    if (!isLabel(domain.substr(start, end - start))) return false;
    start = end + 1;
  }
  return labels >= 2;
}

// ASCII domains stay as they are, so that a label libidn2 would not make itself (an old "xn--" one) does not lock its
// owner out.
std::optional<std::string> asciiDomain(std::string_view domain) {
  const bool ascii =
      std::all_of(domain.begin(), domain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return std::string(domain);
  char* converted = nullptr;
  const std::string input(domain);
  if (idn2_to_ascii_8z(input.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
    return std::nullopt;
  const std::unique_ptr<char, decltype(&idn2_free)> owned(converted, &idn2_free);
  return std::string(owned.get());
}

}  // namespace

std::optional<EmailAddress> EmailAddress::parse(std::string_view text) {
  text = mortise::withoutSpaceAround(text);
  if (text.size() > 4 * kMaxAddress || text.find('\0') != std::string_view::npos) return std::nullopt;
  const auto sign = text.find('@');
  if (sign == std::string_view::npos || !isLocalPart(text.substr(0, sign))) return std::nullopt;
  auto domain = asciiDomain(text.substr(sign + 1));
  if (!domain || !isDomain(*domain)) return std::nullopt;
  const std::string address = std::string(text.substr(0, sign)) + '@' + *domain;
  if (address.size() > kMaxAddress) return std::nullopt;
  return EmailAddress(mortise::asciiLowerCase(address));
}

}  // namespace auth
