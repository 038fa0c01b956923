#include "egress/request_head.hpp"

#include <mortise/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "web_text.hpp"

namespace agent::egress {
namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::string_view kHttp = "http://";
constexpr std::uint16_t kHttpPort = 80;
// Fields of one connection (RFC 9110, 7.6.1), and those that are for the proxy.
constexpr std::string_view kOwn[] = {
    "connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
    "trailer",    "upgrade",          "host"};

bool isVisible(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The text up to `mark`, which is taken off with it; all of it when there is none.
std::string_view take(std::string_view& text, std::string_view mark) {
  const auto end = std::min(text.find(mark), text.size());
  const auto out = text.substr(0, end);
  text.remove_prefix(std::min(end + mark.size(), text.size()));
  return out;
}

using Field = std::pair<std::string, std::string_view>;  // name in lower case, value

std::optional<std::vector<Field>> readFields(std::string_view lines) {
  std::vector<Field> out;
  while (!lines.empty()) {
    const auto line = take(lines, "\r\n");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon)) || out.size() == kMaxFields)
      return std::nullopt;
    const auto value = trimmed(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }))
      return std::nullopt;
    out.emplace_back(mortise::asciiLowerCase(line.substr(0, colon)), value);
  }
  return out;
}

Refusal malformed(std::string reason) { return {400, std::move(reason)}; }

std::variant<RequestHead, Refusal> readForwarded(std::string_view method, std::string_view address,
                                                 std::string_view version, const std::vector<Field>& fields) {
  if (mortise::asciiLowerCase(address.substr(0, kHttp.size())) != kHttp)
    return malformed("the proxy takes CONNECT, and requests of http:// addresses");
  address.remove_prefix(kHttp.size());
  const auto end = std::min(address.find_first_of("/?#"), address.size());
  const auto target = readTarget(address.substr(0, end), kHttpPort);
  if (!target) return malformed("the address has no host that can be reached");
  RequestHead out{*target};
  std::set<std::string, std::less<>> dropped(std::begin(kOwn), std::end(kOwn));
  std::optional<std::uint64_t> length;
  for (const auto& [name, value] : fields) {
    if (name == "transfer-encoding")
      return Refusal{411, "the proxy needs to know the length of a body: send Content-Length"};
    if (name == "connection") {
      for (auto rest = value; !rest.empty();) dropped.insert(mortise::asciiLowerCase(trimmed(take(rest, ","))));
    }
    if (name != "content-length") continue;
    std::uint64_t number = 0;
    const auto [at, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || at != value.data() + value.size() || (length && *length != number))
      return malformed("the length of the body is none");
    length = number;
  }
  out.bodyLength = length.value_or(0);
  auto path = address.substr(end, address.find('#', end) - end);
  out.forwarded.append(method).append(path.starts_with('/') ? " " : " /").append(path);
  out.forwarded.append(" ").append(version).append("\r\nHost: ");
  auto host = target->text();
  if (target->port == kHttpPort) host.resize(host.rfind(':'));
  out.forwarded.append(host).append("\r\n");
  bool toldLength = false;
  for (const auto& [name, value] : fields) {
    const bool again = name == "content-length" && std::exchange(toldLength, true);
    if (again || (name != "content-length" && dropped.contains(name))) continue;
    out.forwarded.append(name).append(": ").append(value).append("\r\n");
  }
  out.forwarded.append("Via: ").append(version.substr(5)).append(" mortise\r\nConnection: close\r\n\r\n");
  return out;
}

}  // namespace

std::string Refusal::text() const {
  const char* phrase = status == 403   ? "Forbidden"
                       : status == 411 ? "Length Required"
                       : status == 431 ? "Request Header Fields Too Large"
                       : status == 502 ? "Bad Gateway"
                       : status == 503 ? "Service Unavailable"
                       : status == 504 ? "Gateway Timeout"
                                       : "Bad Request";
  const auto body = reason + "\n";
  return "HTTP/1.1 " + std::to_string(status) + " " + phrase +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

std::size_t headSize(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::variant<RequestHead, Refusal> readHead(std::string_view head) {
  const auto size = headSize(head);
  if (size == 0) return malformed("the head of the request does not end");
  auto lines = head.substr(0, size - 2);
  auto first = take(lines, "\r\n");
  const auto method = take(first, " ");
  const auto address = take(first, " ");
  const auto version = first;
  if (!isToken(method) || !isVisible(address) || (version != "HTTP/1.1" && version != "HTTP/1.0"))
    return malformed("the request is no HTTP/1");
  const auto fields = readFields(lines);
  if (!fields) return malformed("the request has a field that is none, or more than 100 of them");
  if (method != "CONNECT") return readForwarded(method, address, version, *fields);
  const auto target = readTarget(address, std::nullopt);
  if (!target) return malformed("CONNECT needs a host and a port");
  return RequestHead{*target, true};
}

}  // namespace agent::egress
