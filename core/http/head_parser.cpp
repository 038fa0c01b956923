#include "core/http/head_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/http/ascii.hpp"

namespace mortise::http {
namespace {

constexpr std::uint64_t kMaxContentLength = std::uint64_t{1} << 53;

using ByteTable = std::array<bool, 256>;

constexpr ByteTable makeTokenTable() {
  ByteTable table{};
  for (int c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = c < 128 && isTokenCharacter(static_cast<char>(c));
  return table;
}

// Field values: visible bytes, blanks, and bytes above ASCII. No control byte, so neither CR nor NUL.
constexpr ByteTable makeValueTable() {
  ByteTable table{};
  for (int c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = c == '\t' || (c >= 0x20 && c != 0x7f);
  return table;
}

constexpr ByteTable makeTargetTable() {
  ByteTable table{};
  for (int c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = c > 0x20 && c != 0x7f && c != '#';
  return table;
}

constexpr ByteTable kToken = makeTokenTable();
constexpr ByteTable kValue = makeValueTable();
constexpr ByteTable kTarget = makeTargetTable();

bool allOf(const ByteTable& table, std::string_view text) {
  for (const char c : text) {
    if (!table[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool plausibleHost(std::string_view host) {
  for (const char c : host) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c);
    if (!alphanumeric && std::string_view(".-_:[]%~!$&'()*+,;=").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// As much of a target that is too long as tells whose the path is: the form of the refusal depends on it.
// Without the percent escapes of the last character, which may be cut: what is left can be decoded if the whole could.
std::string_view withoutLastCharacter(std::string_view cut) {
  constexpr int kMaxBytes = 4;  // of a character in UTF-8
  if (const auto percent = cut.rfind('%'); percent != std::string_view::npos && cut.size() - percent < 3)
    cut = cut.substr(0, percent);
  for (int i = 0; i < kMaxBytes && cut.size() >= 3 && cut[cut.size() - 3] == '%'; ++i) {
    const char high = static_cast<char>(cut[cut.size() - 2] | 0x20);  // '0' to '9', 'a' to 'f'
    if (high < '8') break;                                            // ASCII
    cut.remove_suffix(3);
    if (high >= 'c') break;  // its first byte
  }
  return cut;
}

void keepBeginning(std::string_view target, Head& head) {
  constexpr std::size_t kKept = 1024;
  auto begin = target.substr(0, target.find(' '));
  if (begin.size() > kKept) begin = withoutLastCharacter(begin.substr(0, kKept));
  if (begin.empty() || begin.front() != '/' || !allOf(kTarget, begin)) return;
  head.target.assign(begin);
  head.path = std::string_view(head.target).substr(0, head.target.find('?'));
}

}  // namespace

void HeadParser::reset() {
  lineStart_ = 0;
  scanned_ = 0;
  haveRequestLine_ = false;
  skippedEmptyLine_ = false;
  authority_.clear();
}

HeadParser::Result HeadParser::refuse(int status, std::string_view code, std::string detail) {
  refusal_ = Refusal(status, code, std::move(detail));
  return Result::refused;
}

HeadParser::Result HeadParser::parse(std::string_view bytes, Head& head) {
  for (;;) {
    if (!haveRequestLine_ && lineStart_ < bytes.size()) {
      // The first byte reveals a TLS hello or other garbage; waiting for a line feed would only waste the client's
      // time.
      const char first = bytes[lineStart_];
      const bool emptyLine = first == '\r' && !skippedEmptyLine_;
      if (!emptyLine && !kToken[static_cast<unsigned char>(first)]) {
        return refuse(400, "bad_request", "request line does not start with a method");
      }
    }
    const void* lineFeed =
        scanned_ < bytes.size() ? std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_) : nullptr;
    const std::size_t end =
        lineFeed ? static_cast<std::size_t>(static_cast<const char*>(lineFeed) - bytes.data()) : bytes.size();
    if (!haveRequestLine_ && end - lineStart_ > limits_.requestLine) {
      const auto line = bytes.substr(lineStart_, end - lineStart_);
      if (const auto blank = line.find(' '); blank != std::string_view::npos)
        keepBeginning(line.substr(blank + 1), head);
      return refuse(414, "uri_too_long",
                    "request line is longer than " + std::to_string(limits_.requestLine) + " bytes");
    }
    if (end > limits_.head) {
      return refuse(431, "headers_too_large", "request head is longer than " + std::to_string(limits_.head) + " bytes");
    }
    if (!lineFeed) {
      scanned_ = bytes.size();
      return Result::incomplete;
    }
    if (end == lineStart_ || bytes[end - 1] != '\r') {
      return refuse(400, "bad_request", "a line of the head ends without carriage return");
    }
    const std::string_view line = bytes.substr(lineStart_, end - 1 - lineStart_);
    lineStart_ = scanned_ = end + 1;
    if (!haveRequestLine_) {
      if (line.empty()) {
        if (skippedEmptyLine_) return refuse(400, "bad_request", "empty lines before the request line");
        skippedEmptyLine_ = true;
        continue;
      }
      if (!requestLine(line, head)) return Result::refused;
      haveRequestLine_ = true;
      head.fields = Fields();
    } else if (line.empty()) {
      return finish(head) ? Result::complete : Result::refused;
    } else if (!fieldLine(line, head)) {
      return Result::refused;
    }
  }
}

bool HeadParser::requestLine(std::string_view line, Head& head) {
  const std::size_t firstBlank = line.find(' ');
  const std::size_t lastBlank = line.rfind(' ');
  // Two blanks in a row would leave an empty target between them.
  if (firstBlank == std::string_view::npos || lastBlank <= firstBlank + 1 || firstBlank == 0) {
    refuse(400, "bad_request", "request line is not 'METHOD target HTTP/1.1'");
    return false;
  }
  const std::string_view method = line.substr(0, firstBlank);
  const std::string_view where = line.substr(firstBlank + 1, lastBlank - firstBlank - 1);
  const std::string_view version = line.substr(lastBlank + 1);
  if (!allOf(kToken, method)) {
    refuse(400, "bad_request", "method holds characters that no method may have");
    return false;
  }
  const bool looksLikeVersion = version.size() == 8 && version.substr(0, 5) == "HTTP/" && isDigit(version[5]) &&
                                version[6] == '.' && isDigit(version[7]);
  if (!looksLikeVersion) {
    refuse(400, "bad_request", "request line does not end in an HTTP version");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    refuse(505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here");
    return false;
  }
  head.versionMinor = version[7] - '0';
  head.method = methodFrom(method).value_or(Method::other);
  head.otherMethod.clear();
  if (head.method == Method::other) head.otherMethod.assign(method.substr(0, Head::kShownMethod));
  return target(where, head);
}

bool HeadParser::target(std::string_view text, Head& head) {
  if (text.size() > limits_.target) {
    keepBeginning(text, head);
    refuse(414, "uri_too_long", "request target is longer than " + std::to_string(limits_.target) + " bytes");
    return false;
  }
  if (!allOf(kTarget, text)) {
    refuse(400, "bad_request", "request target holds a blank, a control character or '#'");
    return false;
  }
  std::size_t pathStart = 0;
  if (text.front() != '/' && !(text == "*" && head.method == Method::options)) {
    const std::size_t schemeLength = startsWithNoCase(text, "http://") ? 7 : startsWithNoCase(text, "https://") ? 8 : 0;
    if (schemeLength == 0) {
      refuse(400, "bad_request", "request target does not start with '/'");
      return false;
    }
    pathStart = text.find_first_of("/?", schemeLength);
    if (pathStart == std::string_view::npos || text[pathStart] == '?') {
      refuse(400, "bad_request", "absolute request target has no path");
      return false;
    }
    authority_.assign(text.substr(schemeLength, pathStart - schemeLength));
    if (authority_.empty() || !plausibleHost(authority_)) {
      refuse(400, "bad_request", "absolute request target has no proper host");
      return false;
    }
  }
  head.target.assign(text.substr(pathStart));
  const std::string_view whole = head.target;
  const std::size_t mark = whole.find('?');
  head.path = whole.substr(0, mark);
  head.query = mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
  return true;
}

bool HeadParser::fieldLine(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') {
    refuse(400, "bad_request", "a header line is folded");
    return false;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    refuse(400, "bad_request", "a header line has no colon");
    return false;
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimBlanks(line.substr(colon + 1));
  if (name.empty() || !allOf(kToken, name)) {
    refuse(400, "bad_request", "a header name is empty or holds a blank or another character that no name may have");
    return false;
  }
  if (!allOf(kValue, value)) {
    refuse(400, "bad_request", "header '" + std::string(name) + "' holds a control character");
    return false;
  }
  if (head.fields.all().size() == limits_.fields) {
    refuse(431, "headers_too_large", "more than " + std::to_string(limits_.fields) + " header lines");
    return false;
  }
  head.fields.add(std::string(name), std::string(value));
  return true;
}

bool HeadParser::contentLength(std::string_view value, Head& head) {
  std::uint64_t length = 0;
  bool good = !value.empty();
  for (const char c : value) {
    if (!isDigit(c)) good = false;
    if (!good) break;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
    if (length > kMaxContentLength) good = false;
  }
  if (!good) {
    refuse(400, "bad_request", "Content-Length is not a plain number up to 2^53");
    return false;
  }
  if (head.contentLength && *head.contentLength != length) {
    refuse(400, "bad_request", "two different Content-Length headers");
    return false;
  }
  head.contentLength = length;
  return true;
}

bool HeadParser::finish(Head& head) {
  std::size_t hosts = 0;
  std::size_t encodings = 0;
  bool close = false;
  bool keep = false;
  for (const Field& field : head.fields.all()) {
    const std::string_view name = field.name;
    switch (name.size()) {
      case 4:
        if (equalsNoCase(name, "host")) {
          ++hosts;
          if (!plausibleHost(field.value)) {
            refuse(400, "bad_request", "Host is not a host name with an optional port");
            return false;
          }
        }
        break;
      case 6:
        if (equalsNoCase(name, "expect")) {
          if (!equalsNoCase(field.value, "100-continue")) {
            refuse(417, "expectation_failed", "Expect is not 100-continue");
            return false;
          }
          head.expectContinue = head.versionMinor >= 1;
        }
        break;
      case 10:
        if (equalsNoCase(name, "connection")) {
          close = close || listContains(field.value, "close");
          keep = keep || listContains(field.value, "keep-alive");
        }
        break;
      case 14:
        if (equalsNoCase(name, "content-length") && !contentLength(field.value, head)) return false;
        break;
      case 17:
        if (equalsNoCase(name, "transfer-encoding")) {
          ++encodings;
          if (encodings > 1 || !equalsNoCase(field.value, "chunked") || head.versionMinor == 0) {
            refuse(400, "bad_request", "Transfer-Encoding is not exactly 'chunked'");
            return false;
          }
          head.chunked = true;
        }
        break;
      default:
        break;
    }
  }
  if (head.chunked && head.contentLength) {
    refuse(400, "bad_request", "both Content-Length and Transfer-Encoding");
    return false;
  }
  if (hosts > 1 || (hosts == 0 && head.versionMinor >= 1)) {
    refuse(400, "bad_request", hosts == 0 ? "Host is missing" : "Host is repeated");
    return false;
  }
  if (!authority_.empty()) head.fields.set("Host", authority_);
  head.keepAlive = !close && (head.versionMinor >= 1 || keep);
  return true;
}

}  // namespace mortise::http
