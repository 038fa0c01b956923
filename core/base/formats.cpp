#include "core/base/formats.hpp"

#include <cstddef>
#include <string>

#include "core/base/text.hpp"
#include "mortise/white_space.hpp"

namespace mortise::text {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// `count` digits at `at`, or -1.
int number(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!isDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// With the full stops of East Asian keyboards (U+3002, U+FF0E, U+FF61) as the dots that UTS 46 takes them for.
std::string withDots(std::string_view domain) {
  std::string dotted;
  for (std::size_t i = 0; i < domain.size(); ++i) {
    const auto three = domain.substr(i, 3);
    const bool isStop = three == "\xE3\x80\x82" || three == "\xEF\xBC\x8E" || three == "\xEF\xBD\xA1";
    dotted += isStop ? '.' : domain[i];
    if (isStop) i += 2;
  }
  return dotted;
}

bool isDomain(std::string_view domain) {
  const auto dotted = withDots(domain);
  std::size_t labels = 0;
  for (const auto label : split(dotted, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
      if (!isDigit(c) && !isLetter(c) && c != '-' && static_cast<unsigned char>(c) < 0x80) return false;
    }
    ++labels;
  }
  return labels >= 2;
}

bool isTime(std::string_view text) {
  const int hour = number(text, 0, 2), minute = number(text, 3, 2), second = number(text, 6, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  if (text[2] != ':' || text[5] != ':') return false;
  text.remove_prefix(8);
  if (!text.empty() && text.front() == '.') {
    std::size_t digits = 1;
    while (digits < text.size() && isDigit(text[digits])) ++digits;
    if (digits == 1) return false;
    text.remove_prefix(digits);
  }
  if (text == "Z" || text == "z") return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  const int hours = number(text, 1, 2), minutes = number(text, 4, 2);
  return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

}  // namespace

bool isEmail(std::string_view utf8) {
  const auto address = withoutSpaceAround(utf8);
  const auto sign = address.find('@');
  if (address.size() > 254 || sign == std::string_view::npos) return false;
  const auto local = address.substr(0, sign);
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.') return false;
  char before = 0;
  for (const char c : local) {
    if (c == '.' && before == '.') return false;
    if (!isDigit(c) && !isLetter(c) && std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) == std::string_view::npos)
      return false;
    before = c;
  }
  return isDomain(address.substr(sign + 1));
}

bool isUri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !isLetter(text[0])) return false;
  const auto scheme = text.substr(0, colon);
  for (const char c : scheme) {
    if (!isDigit(c) && !isLetter(c) && c != '+' && c != '-' && c != '.') return false;
  }
  for (std::size_t i = colon + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
        std::string_view("<>\"{}|\\^`").find(c) != std::string_view::npos)
      return false;
    if (c != '%') continue;
    if (i + 2 >= text.size()) return false;
    for (const char digit : text.substr(i + 1, 2)) {
      if (!isDigit(digit) && !(digit >= 'a' && digit <= 'f') && !(digit >= 'A' && digit <= 'F')) return false;
    }
  }
  auto rest = text.substr(colon + 1);
  if (!text::equalsIgnoreCase(scheme, "http") && !text::equalsIgnoreCase(scheme, "https")) return !rest.empty();
  if (rest.substr(0, 2) != "//") return false;
  rest.remove_prefix(2);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string_view::npos) host.remove_prefix(user + 1);
  return !host.empty() && host.front() != ':';
}

bool isDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1) return false;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool isDateTime(std::string_view text) {
  if (text.size() < 20 || !isDate(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
    return false;
  return isTime(text.substr(11));
}

}  // namespace mortise::text
