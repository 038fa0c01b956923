#include "reading/skill_id.hpp"

#include <mortise/digest.hpp>

#include <algorithm>
#include <cstddef>

#include "text/ascii.hpp"

namespace skills {
namespace {

constexpr std::size_t kMaxSlug = 64;
constexpr std::size_t kMaxId = 100;
constexpr std::size_t kHashDigits = 8;

}  // namespace

std::string slugOf(std::string_view text) {
  if (text.empty()) return "skill";
  std::string out;
  for (const char c : text) {
    if (ascii::isAlphanumeric(c)) {
      out.push_back(ascii::lower(c));
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  if (!out.empty() && out.back() == '-') out.pop_back();
  const auto hash = mortise::sha1Hex({text}).substr(0, kHashDigits);
  if (out.empty()) return "skill-" + hash;
  if (out.size() <= kMaxSlug) return out;
  out.resize(kMaxSlug - kHashDigits - 1);
  return out + (out.back() == '-' ? "" : "-") + hash;
}

std::string idOf(std::string_view slug, std::string_view sourceType, std::string_view sourceRef) {
  const auto hash = mortise::sha1Hex({sourceType, ":", sourceRef});
  return std::string(slug) + "--" + hash.substr(0, kHashDigits);
}

bool isSkillId(std::string_view text) {
  constexpr std::size_t kTail = kHashDigits + 2;
  if (text.size() <= kTail || text.size() > kMaxId) return false;
  const auto slug = text.substr(0, text.size() - kTail);
  const auto tail = text.substr(text.size() - kTail);
  if (tail.substr(0, 2) != "--") return false;
  const auto isHex = [](char c) { return ascii::isDigit(c) || (c >= 'a' && c <= 'f'); };
  const auto isOfSlug = [](char c) { return ascii::isDigit(c) || ascii::isLower(c) || c == '-'; };
  return std::all_of(slug.begin(), slug.end(), isOfSlug) && std::all_of(tail.begin() + 2, tail.end(), isHex);
}

}  // namespace skills
