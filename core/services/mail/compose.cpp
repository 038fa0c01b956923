#include "core/services/mail/compose.hpp"

#include <Poco/Net/QuotedPrintableEncoder.h>

#include <algorithm>
#include <ctime>
#include <sstream>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/services/mail/mail.hpp"

namespace mortise::services {
namespace mail {
namespace {

[[noreturn]] void refuse(std::string_view what, const std::string& rule) {
  throw ServiceError(ErrorKind::invalid, std::string(what) + ": " + rule);
}

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool isAtom(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool isLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

void checkAddress(std::string_view address, std::string_view what) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) refuse(what, "an address holds one @");
  const auto local = address.substr(0, at);
  const auto domain = address.substr(at + 1);
  if (address.size() > 254 || local.empty() || local.size() > 64) refuse(what, "the address is too long or empty");
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos ||
      !std::all_of(local.begin(), local.end(), [](char c) { return isAtom(c) || c == '.'; })) {
    refuse(what, "the part before @ may hold only ASCII letters, digits, single dots and !#$%&'*+-/=?^_`{|}~");
  }
  for (const auto label : text::split(domain, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(), isLabelCharacter)) {
      refuse(what, "the part after @ is no domain name (write international names in their xn-- form)");
    }
  }
}

Sender parseSender(std::string_view input, std::string_view what) {
  Sender sender;
  const auto trimmed = text::trim(input);
  if (std::any_of(trimmed.begin(), trimmed.end(), isControl)) refuse(what, "control characters are not allowed");
  if (!trimmed.ends_with('>')) {
    sender.address = trimmed;
  } else {
    const auto open = trimmed.rfind('<');
    if (open == std::string_view::npos) refuse(what, "< is missing");
    sender.address = trimmed.substr(open + 1, trimmed.size() - open - 2);
    auto name = text::trim(trimmed.substr(0, open));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    if (name.find_first_of("\"\\") != std::string_view::npos) refuse(what, "the name may hold neither \" nor \\");
    if (!text::isUtf8(name)) refuse(what, "the name is not UTF-8");
    sender.name = name;
  }
  checkAddress(sender.address, what);
  return sender;
}

std::string encodeHeaderText(std::string_view utf8) {
  // Plain text may stay unencoded when a reader can't take it for an encoded word and the line stays under 998.
  if (isAscii(utf8) && utf8.find("=?") == std::string_view::npos && utf8.size() <= 200) return std::string(utf8);
  constexpr std::size_t kBytesPerWord = 45;  // 60 characters of base64 in a word of at most 75
  std::string out;
  while (!utf8.empty()) {
    const auto word = text::head(utf8, kBytesPerWord);
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + text::base64(word) + "?=";
    utf8.remove_prefix(word.size());
  }
  return out;
}

std::string newMessageId(std::string_view fromAddress) {
  return "<" + uuid4() + std::string(fromAddress.substr(fromAddress.rfind('@'))) + ">";
}

namespace {

// Lines end with CRLF. Quoted-printable protects the body from rewrapping by a relay and keeps digit codes readable.
// Pure ASCII with short lines is sent as 7bit.
std::string part(std::string_view type, std::string_view body) {
  std::string normal;
  bool plain = true;
  std::size_t line = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '\r' && i + 1 < body.size() && body[i + 1] == '\n') continue;
    if (c == '\n' || c == '\r') {
      normal += "\r\n";
      line = 0;
      continue;
    }
    normal += c;
    if (++line > 900 || static_cast<unsigned char>(c) >= 0x80 || c == '\0') plain = false;
  }
  if (!normal.ends_with("\r\n")) normal += "\r\n";
  std::string out = "Content-Type: " + std::string(type) + "; charset=utf-8\r\n";
  if (plain) return out + "Content-Transfer-Encoding: 7bit\r\n\r\n" + normal;
  std::ostringstream encoded;
  Poco::Net::QuotedPrintableEncoder encoder(encoded);
  encoder << normal;
  encoder.close();
  return out + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded.str();
}

std::string dateText(std::int64_t micros) {
  const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto two = [](int value) { return std::string(value < 10 ? "0" : "") + std::to_string(value); };
  return std::string(kDays[utc.tm_wday]) + ", " + two(utc.tm_mday) + " " + kMonths[utc.tm_mon] + " " +
         std::to_string(1900 + utc.tm_year) + " " + two(utc.tm_hour) + ":" + two(utc.tm_min) + ":" + two(utc.tm_sec) +
         " +0000";
}

}  // namespace
}  // namespace mail

std::string composeMail(const Mail& message, std::string_view from, std::string_view messageId,
                        std::int64_t nowMicros) {
  const mail::Sender sender = mail::parseSender(from, "mail from");
  mail::checkAddress(message.to, "mail to");
  if (std::any_of(message.subject.begin(), message.subject.end(), mail::isControl)) {
    mail::refuse("mail subject", "line breaks and control characters are not allowed");
  }
  for (const auto& [text, what] : {std::pair<std::string_view, const char*>{message.subject, "mail subject"},
                                   {message.text, "mail text"},
                                   {message.html, "mail html"}}) {
    if (!text::isUtf8(text)) mail::refuse(what, "not UTF-8");
    if (text.find('\0') != std::string_view::npos) mail::refuse(what, "NUL is not allowed");
  }
  if (message.subject.size() > 1000) mail::refuse("mail subject", "longer than 1000 bytes");
  constexpr std::size_t kMaxText = std::size_t{1} << 20;  // it waits in the database
  if (message.text.size() + message.html.size() > kMaxText)
    mail::refuse("mail text", "longer than 1 MiB with its HTML part");
  if (message.text.empty()) mail::refuse("mail text", "a text part is required");

  std::string shownFrom = sender.address;
  if (!sender.name.empty()) {
    shownFrom = (mail::isAscii(sender.name) ? "\"" + sender.name + "\"" : mail::encodeHeaderText(sender.name)) + " <" +
                sender.address + ">";
  }
  std::string out = "From: " + shownFrom + "\r\nTo: " + message.to +
                    "\r\nSubject: " + mail::encodeHeaderText(message.subject) +
                    "\r\nDate: " + mail::dateText(nowMicros) + "\r\nMessage-ID: " + std::string(messageId) +
                    "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  if (message.html.empty()) return out + mail::part("text/plain", message.text);
  const std::string boundary = "=_" + text::hex(randomBytes(12));
  return out + "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" +
         mail::part("text/plain", message.text) + "--" + boundary + "\r\n" + mail::part("text/html", message.html) +
         "--" + boundary + "--\r\n";
}

}  // namespace mortise::services
