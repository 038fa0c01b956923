#include "sandbox/remote_service.hpp"

#include <mortise/percent.hpp>
#include <mortise/problem.hpp>

#include <openssl/crypto.h>
#include <openssl/http.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

#include "json_text.hpp"
#include "sandbox/service_problem.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using mortise::HttpClient;
using mortise::HttpRequest;
using mortise::HttpResponse;
using mortise::Problem;

constexpr std::string_view kSession = "{session}";
constexpr const char* kApiPort = "8080";
constexpr const char* kBrowserPort = "9222";
constexpr const char* kScreenPort = "5901";
constexpr auto kAskLimit = 5s;
constexpr std::uint64_t kMaxAnswer = 1 << 20;
constexpr auto kStartLimit = 60s;
constexpr auto kStartPause = 2s;
constexpr auto kAskStopped = 100ms;

// The operator does not let this server connect there: waiting changes nothing.
struct NotAllowed : Problem {
  explicit NotAllowed(Problem problem) : Problem(std::move(problem)) {}
};

struct Url {
  std::string scheme;
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;  // and query; without a slash at its end

  std::string hostWithPort() const { return (isNumeric6() ? "[" + host + "]" : host) + ":" + std::to_string(port); }
  std::string at(const std::string& address, std::string_view below) const {
    return "http://" + Url{{}, address, port, {}}.hostWithPort() + path + std::string(below);
  }

 private:
  bool isNumeric6() const { return host.find(':') != std::string::npos; }
};

// Throws std::invalid_argument.
Url readUrl(const std::string& text) {
  struct Part {
    char* text = nullptr;
    Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() { OPENSSL_free(text); }
  };
  Part scheme, user, host, port, path, query, fragment;
  int number = 0;
  const bool read = OSSL_parse_url(text.c_str(), &scheme.text, &user.text, &host.text, &port.text, &number, &path.text,
                                   &query.text, &fragment.text) == 1;
  if (!read || *host.text == '\0' || text.find_first_of(" \t\r\n\"\\") != std::string::npos)
    throw std::invalid_argument("\"" + text + "\" is no address");
  if (*user.text != '\0' || *fragment.text != '\0')
    throw std::invalid_argument("\"" + text + "\" has a user or a fragment; give http://host:port");
  Url out{scheme.text, host.text, static_cast<std::uint16_t>(number), path.text};
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  if (*query.text != '\0') out.path.append("?").append(query.text);
  while (out.path.ends_with('/')) out.path.pop_back();
  if (out.port == 0) out.port = out.scheme == "https" ? 443 : 80;
  return out;
}

// An address that has a scheme; `port`: of those that have neither.
std::string withScheme(std::string address, const char* port) {
  while (address.ends_with('/')) address.pop_back();
  if (address.find("://") != std::string::npos) return address;
  const auto host = address.substr(address.find(']') == std::string::npos ? 0 : address.find(']'));
  return "http://" + address + (host.find(':') == std::string::npos ? std::string(":") + port : "");
}

std::string written(std::string_view address, std::string_view sessionId) {
  std::string out(address);
  if (const auto at = out.find(kSession); at != std::string::npos)
    out.replace(at, kSession.size(), mortise::percentEncoded(sessionId));
  return out;
}

// As it is written out; empty where `address` is empty and the API's host can't be read: then nothing of it works.
std::string streamAddress(const char* name, const std::string& address, const std::string& api, const char* port) {
  if (address.empty()) {
    // {session} may stand in the host, where its braces can't.
    constexpr std::string_view kMark = "0session0";
    auto text = api;
    if (const auto at = text.find(kSession); at != std::string::npos) text.replace(at, kSession.size(), kMark);
    try {
      auto url = readUrl(text);
      url.port = static_cast<std::uint16_t>(std::stoi(port));
      auto out = "http://" + url.hostWithPort();
      if (const auto at = out.find(kMark); at != std::string::npos) out.replace(at, kMark.size(), kSession);
      return out;
    } catch (const std::invalid_argument&) {
      return {};
    }
  }
  const auto out = withScheme(address, port);
  try {
    const auto url = readUrl(written(out, "0"));
    if (url.scheme != "http" && url.scheme != "ws")
      throw std::invalid_argument(
          "\"" + address + "\" has the scheme " + url.scheme +
          "; the service is reached in the network of its own, without TLS: give http://host:port");
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string(name) + ": " + error.what());
  }
  return out;
}

HttpResponse get(const HttpClient& http, const std::string& url, milliseconds most, const Stopped& stopped = {}) {
  HttpRequest request;
  request.url = url;
  request.connectTimeout = request.timeout = std::max(most, 1ms);
  request.maxResponse = kMaxAnswer;
  request.stopped = stopped;
  try {
    return http.perform(request);
  } catch (const HttpClient::Error& error) {
    // A query may be a token.
    auto problem = streamUnavailable(url.substr(0, url.find('?')) + ": " + error.note());
    if (error.code() == "address_refused") throw NotAllowed(std::move(problem));
    throw problem;
  }
}

// The URL of an address of a service, as readUrl() reads it.
Url urlOf(const std::string& address) {
  try {
    return readUrl(address);
  } catch (const std::invalid_argument& error) {
    throw streamUnavailable(error.what());
  }
}

// Asks the kernel's client for a numeric address, which the client allows or refuses: connections to it follow the rule
// of all other requests. `most`: for all of it, of which each address has its share; empty: each address has kAskLimit.
struct Reached {
  std::string address;
  HttpResponse response;
};
Reached reach(const HttpClient& http, WebSockets& sockets, const Url& url, std::string_view path,
              const Stopped& stopped, std::optional<milliseconds> most = {}) {
  const auto end = Clock::now() + most.value_or(0ms);
  const auto left = [&] { return std::chrono::duration_cast<milliseconds>(end - Clock::now()); };
  const Stopped over = [&] { return (stopped && stopped()) || (most && left() <= 0ms); };
  const auto addresses = sockets.addressesOf(url.host, over);
  for (auto address = addresses.begin();; ++address) {
    const auto share = most ? left() / (addresses.end() - address) : milliseconds(kAskLimit);
    try {
      return {*address, get(http, url.at(*address, path), share, stopped)};
    } catch (const Problem&) {
      if (address + 1 == addresses.end() || over()) throw;
    }
  }
}

// Where a browser takes the protocol, of its answer to /json/version. The host in it need not be the one at which it is
// reached here: only the path counts.
std::string devToolsPath(const HttpResponse& response) {
  rapidjson::Document version;
  if (response.status != 200 || !parseJson(response.body, version) || !version.IsObject())
    throw streamUnavailable("there is no browser: /json/version answers " + std::to_string(response.status));
  const auto whole = textMember(version, "webSocketDebuggerUrl");
  constexpr std::string_view kPath = "/devtools/browser/";
  const auto at = whole.find(kPath);
  const auto id = at == std::string::npos ? std::string() : whole.substr(at + kPath.size());
  const bool good = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
  if (id.empty() || id.size() > 100 || !good) throw streamUnavailable("/json/version names no webSocketDebuggerUrl");
  return std::string(kPath) + id;
}

}  // namespace

RemoteService::RemoteService(HttpClient http, std::shared_ptr<WebSockets> sockets, const RemoteAddresses& addresses)
    : http_(http), sockets_(std::move(sockets)), shared_(addresses.api.find(kSession) == std::string::npos) {
  addresses_.api = withScheme(addresses.api, kApiPort);
  addresses_.browser = streamAddress("agent.sandbox_browser_address", addresses.browser, addresses_.api, kBrowserPort);
  addresses_.screen = streamAddress("agent.sandbox_desktop_address", addresses.screen, addresses_.api, kScreenPort);
  // Sessions share the whole service, or nothing of it.
  const auto check = [&](const char* name, const std::string& setting, std::string& used) {
    if (used.empty() || (used.find(kSession) == std::string::npos) == shared_) return;
    if (!setting.empty())
      throw std::invalid_argument(std::string(name) +
                                  ": {session} stands in agent.sandbox_address and here, or in neither");
    used.clear();  // it stands in the path of the API, of which this address has nothing
  };
  check("agent.sandbox_browser_address", addresses.browser, addresses_.browser);
  check("agent.sandbox_desktop_address", addresses.screen, addresses_.screen);
  if (addresses_.browser.find('?') != std::string::npos)
    throw std::invalid_argument("agent.sandbox_browser_address has a query; give http://host:port");
}

RemoteService RemoteService::of(std::string_view sessionId) const {
  auto out = *this;
  for (auto* address : {&out.addresses_.api, &out.addresses_.browser, &out.addresses_.screen})
    *address = written(*address, sessionId);
  return out;
}

void RemoteService::checkProcesses(milliseconds most, const Stopped& stopped) const {
  const auto response = get(http_, addresses_.api + "/api/supervisor/status", most, stopped);
  if (response.status != 200) throw streamUnavailable("status " + std::to_string(response.status));
  rapidjson::Document answer;
  if (!parseJson(response.body, answer)) throw streamUnavailable("the answer is no JSON object");
  const auto* processes = mortise::models::listMember(answer, "data");
  if (processes == nullptr) throw streamUnavailable("no list of processes");
  for (const auto& process : processes->GetArray()) {
    if (textMember(process, "statename") != "RUNNING")
      throw streamUnavailable("its process " + textMember(process, "name") + " does not run");
  }
}

void RemoteService::checkBrowser(milliseconds most) const {
  devToolsPath(reach(http_, *sockets_, urlOf(addresses_.browser), "/json/version", {}, most).response);
}

// Any answer of HTTP is good: it takes WebSockets, and says so in its own way.
void RemoteService::checkScreen(milliseconds most) const {
  const auto url = urlOf(addresses_.screen);
  reach(http_, *sockets_, url, url.path.empty() ? "/" : "", {}, most);
}

bool RemoteService::isStarting(const Stopped& stopped) const {
  try {
    checkProcesses(kAskLimit, stopped);
    return false;
  } catch (const NotAllowed&) {
    return false;
  } catch (const Problem&) {
    return true;
  }
}

template <class Open>
Fd RemoteService::whenStarted(const Stopped& stopped, const Open& open) const {
  for (const auto end = Clock::now() + kStartLimit;;) {
    try {
      return open();
    } catch (const Problem&) {
      if (Clock::now() >= end || (stopped && stopped()) || !isStarting(stopped)) throw;
    }
    const auto next = Clock::now() + kStartPause;
    while (Clock::now() < next && !(stopped && stopped())) std::this_thread::sleep_for(kAskStopped);
  }
}

Fd RemoteService::openBrowser(const Stopped& stopped) const {
  return whenStarted(stopped, [&] {
    const auto url = urlOf(addresses_.browser);
    const auto [address, response] = reach(http_, *sockets_, url, "/json/version", stopped);
    // A browser answers to numbers and to localhost, never to names: pages must not reach it by a name of theirs.
    const auto host = Url{{}, address, url.port, {}}.hostWithPort();
    return sockets_->open({address, url.port, host, url.path + devToolsPath(response)}, WebSockets::Content::texts,
                          stopped);
  });
}

Fd RemoteService::openScreen(const Stopped& stopped, std::function<void()> failed) const {
  return whenStarted(stopped, [&] {
    const auto url = urlOf(addresses_.screen);
    const std::string path = url.path.empty() ? "/" : "";
    const auto [address, response] = reach(http_, *sockets_, url, path, stopped);
    return sockets_->open({address, url.port, url.hostWithPort(), url.path + path}, WebSockets::Content::bytes, stopped,
                          failed);
  });
}

}  // namespace agent::sandbox
