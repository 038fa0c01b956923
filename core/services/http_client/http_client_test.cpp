#include "core/services/http_client/http_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mortise/public_address.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/base/worker_pool.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

// A web server on loopback that answers each request, one per connection, by its path.
class WebServer {
 public:
  WebServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_.get(), 16) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ADD_FAILURE() << "no listener";
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~WebServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string otherOrigin;  // target of /away

 private:
  void run() {
    while (true) {
      const UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string request;
      char buffer[4096];
      std::size_t length = std::string::npos;
      while (request.size() < length) {
        const ssize_t count = ::read(client.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        request.append(buffer, static_cast<std::size_t>(count));
        const auto end = request.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        const auto field = request.find("Content-Length: ");
        length = end + 4 + (field == std::string::npos ? 0 : std::stoul(request.substr(field + 16)));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const auto first = request.find(' ');
      const std::string path = request.substr(first + 1, request.find(' ', first + 1) - first - 1);
      if (path == "/hang") {
        ::read(client.get(), buffer, sizeof buffer);  // until the client gives up
        continue;
      }
      std::string answer = "HTTP/1.1 200 OK\r\nX-Test: Yes\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
      if (path == "/large") {
        answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(100'000, 'x');
      } else if (path == "/moved") {
        answer = "HTTP/1.1 302 Found\r\nLocation: /here\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone";
      } else if (path == "/round") {
        answer =
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /round\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      } else if (path == "/file") {
        answer = "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      } else if (path == "/away") {
        answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + otherOrigin +
                 "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      } else if (path == "/missing") {
        answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      }
      ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  UniqueFd socket_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

HttpClient allowing() {
  HttpClientOptions options;
  options.allowPrivate = true;
  return HttpClient(options);
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.timeout = milliseconds(20000);
  return request;
}

int kindOf(HttpClient& client, const HttpRequest& request) {
  try {
    client.perform(request);
  } catch (const ServiceError& error) {
    return static_cast<int>(error.kind());
  }
  return -1;
}

constexpr int kInvalid = static_cast<int>(ErrorKind::invalid);
constexpr int kDenied = static_cast<int>(ErrorKind::denied);
constexpr int kFull = static_cast<int>(ErrorKind::full);
constexpr int kTimeout = static_cast<int>(ErrorKind::timeout);
constexpr int kUnavailable = static_cast<int>(ErrorKind::unavailable);

TEST(HttpClient, RefusesLoopbackByDefaultHoweverItIsWritten) {
  WebServer server;
  HttpClient client({});
  for (const char* host :
       {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    EXPECT_EQ(kindOf(client, get(server.url("/", host))), kDenied) << host;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClient, FetchesWhereItIsAllowed) {
  WebServer server;
  HttpClient client = allowing();
  HttpRequest request = get(server.url("/path?q=1"));
  request.headers = {{"X-Ask", "1"}};
  const HttpResponse response = client.perform(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  bool seen = false;
  for (const auto& [name, value] : response.headers) seen = seen || (name == "x-test" && value == "Yes");
  EXPECT_TRUE(seen);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_TRUE(server.requests()[0].starts_with("GET /path?q=1 HTTP/1.1\r\n"));
  EXPECT_NE(server.requests()[0].find("X-Ask: 1\r\n"), std::string::npos);
  EXPECT_EQ(client.perform(get(server.url("/missing"))).status, 404);
}

TEST(HttpClient, SendsABodyWithAnyMethod) {
  WebServer server;
  HttpClient client = allowing();
  HttpRequest request = get(server.url("/"));
  request.method = "PATCH";
  request.body = std::string("a\0b", 3);
  client.perform(request);
  EXPECT_TRUE(server.requests()[0].starts_with("PATCH / "));
  EXPECT_TRUE(server.requests()[0].ends_with(request.body));
}

TEST(HttpClient, FollowsRedirectsOnlyWhenAskedAndNeverToAFile) {
  WebServer server, other;
  server.otherOrigin = other.url("/taken");
  HttpClient client = allowing();
  EXPECT_EQ(client.perform(get(server.url("/moved"))).status, 302);
  HttpRequest request = get(server.url("/moved"));
  request.maxRedirects = 3;
  request.headers = {{"Authorization", "Bearer secret"}};
  HttpResponse response = client.perform(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.url, server.url("/here"));
  EXPECT_NE(server.requests().back().find("Bearer secret"), std::string::npos);
  request.url = server.url("/away");
  EXPECT_EQ(client.perform(request).status, 200);
  ASSERT_EQ(other.requests().size(), 1u);
  EXPECT_EQ(other.requests()[0].find("Bearer secret"), std::string::npos)
      << "credentials must not go to another origin";
  request.url = server.url("/round");
  EXPECT_EQ(client.perform(request).status, 307);
  request.url = server.url("/file");
  EXPECT_EQ(kindOf(client, request), kInvalid);
}

TEST(HttpClient, TheSizeIsCapped) {
  WebServer server;
  HttpClient client = allowing();
  HttpRequest request = get(server.url("/large"));
  EXPECT_EQ(client.perform(request).body.size(), 100'000u);
  request.maxResponse = 50'000;
  EXPECT_EQ(kindOf(client, request), kFull);
  std::size_t seen = 0;
  request.maxResponse = 0;
  EXPECT_EQ(kindOf(client, request), kInvalid);
  request.onBody = [&](std::string_view piece) {
    seen += piece.size();
    return true;
  };
  EXPECT_TRUE(client.perform(request).body.empty());
  EXPECT_EQ(seen, 100'000u);
  request.onBody = [](std::string_view) { return false; };
  EXPECT_EQ(kindOf(client, request), kDenied);
}

TEST(HttpClient, GivesUpInTimeAndWhenCancelled) {
  WebServer server;
  HttpClient client = allowing();
  HttpRequest request = get(server.url("/hang"));
  request.timeout = milliseconds(100);
  EXPECT_EQ(kindOf(client, request), kTimeout);
  const std::atomic<bool> cancelled{true};
  request.timeout = milliseconds(20000);
  request.cancelled = &cancelled;
  EXPECT_EQ(kindOf(client, request), kTimeout);
  request.cancelled = nullptr;
  int asked = 0;
  request.abandoned = [&] { return ++asked == 2; };
  EXPECT_EQ(kindOf(client, request), kTimeout);
  EXPECT_EQ(asked, 2);
}

TEST(HttpClient, OneRequestMayWantPublicAddressesOnly) {
  WebServer server;
  HttpClient client = allowing();
  HttpRequest request = get(server.url("/"));
  EXPECT_EQ(client.perform(request).status, 200);
  request.publicOnly = true;
  EXPECT_EQ(kindOf(client, request), kDenied);
  EXPECT_EQ(server.requests().size(), 1u);
}

// On workers a call gives its thread's place away, and there is a bound for all and one for each peer.
TEST(HttpClient, CallsOfWorkersHaveABoundOfTheirOwn) {
  UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // accepts, and says nothing
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent.get(), 16), 0);
  ASSERT_EQ(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  WebServer server;
  HttpClientOptions options;
  options.allowPrivate = true;
  HttpClient client(options);
  std::atomic<bool> stop{false};
  std::atomic<int> waiting{0}, refused{0}, ended{0};
  WorkerPool pool(
      "test", 1, 100, [](const std::exception_ptr&) {}, 0, 6);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pool.post([&] {
      HttpRequest request;
      request.url = url;
      request.cancelled = &stop;
      try {
        ++waiting;
        client.perform(request);
      } catch (const ServiceError& error) {
        if (error.kind() == ErrorKind::full && error.retryAfter() > 0) ++refused;
      }
      ++ended;
    }));
  }
  std::promise<int> status;
  ASSERT_TRUE(pool.post([&] {
    HttpRequest request;
    request.url = server.url("/");
    status.set_value(client.perform(request).status);
  }));
  EXPECT_EQ(status.get_future().get(), 200) << "the one thread, and a call to another peer";
  EXPECT_EQ(waiting, 5);
  EXPECT_EQ(refused, 2) << "half of six may wait for one peer";
  EXPECT_EQ(ended, 2);
  // Another client, and a redirect of another server, lead to the same peer; the store's own places are not counted.
  server.otherOrigin = url;
  HttpClient second(options);
  const auto outcome = [&](HttpClient& through, HttpRequest request) {
    std::promise<int> kind;
    EXPECT_TRUE(pool.post([&] { kind.set_value(kindOf(through, request)); }));
    return kind.get_future().get();
  };
  EXPECT_EQ(outcome(second, get(url)), kFull);
  HttpRequest redirected = get(server.url("/away"));
  redirected.maxRedirects = 2;
  EXPECT_EQ(outcome(client, redirected), kFull);
  redirected.maxRedirects = 0;
  EXPECT_EQ(outcome(client, redirected), -1);
  HttpRequest toStore = get(url);
  toStore.toStore = true;
  toStore.timeout = milliseconds(50);
  EXPECT_EQ(outcome(second, toStore), kTimeout);
  stop = true;
  pool.stop();
}

// A call that was led on to another server waits for that one, and not for the first.
TEST(HttpClient, ARedirectCountsWhereItLeads) {
  WebServer server, slow;
  server.otherOrigin = slow.url("/hang");
  HttpClient client = allowing();
  std::atomic<bool> stop{false};
  std::atomic<int> led{0};
  WorkerPool pool(
      "test", 1, 100, [](const std::exception_ptr&) {}, 0, 2);
  ASSERT_TRUE(pool.post([&] {
    HttpRequest request = get(server.url("/away"));
    request.maxRedirects = 1;
    request.cancelled = &stop;
    ++led;
    kindOf(client, request);
  }));
  while (slow.requests().empty()) std::this_thread::yield();
  const auto outcome = [&](const HttpRequest& request) {
    std::promise<int> kind;
    EXPECT_TRUE(pool.post([&] { kind.set_value(kindOf(client, request)); }));
    return kind.get_future().get();
  };
  EXPECT_EQ(outcome(get(server.url("/"))), -1) << "its one place is free again";
  EXPECT_EQ(outcome(get(slow.url("/"))), kFull);
  EXPECT_EQ(led, 1);
  stop = true;
  pool.stop();
}

TEST(HttpClient, NoServerIsUnavailable) {
  std::string url;
  {
    WebServer server;
    url = server.url("/");
  }
  HttpClient client = allowing();
  EXPECT_EQ(kindOf(client, get(url)), kUnavailable);
}

TEST(HttpClient, RefusesWhatIsNoHttpRequest) {
  HttpClient client = allowing();
  for (const char* url : {"", "/relative", "ftp://example.org/", "file:///etc/passwd", "http://user:pw@example.org/",
                          "http://a b/", "gopher://x", "http://"}) {
    EXPECT_EQ(kindOf(client, get(url)), kInvalid) << url;
  }
  HttpRequest request = get("http://127.0.0.1/");
  request.method = "GET /";
  EXPECT_EQ(kindOf(client, request), kInvalid);
  request.method = "GET";
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(kindOf(client, request), kInvalid);
  request.headers = {{"X Y", "a"}};
  EXPECT_EQ(kindOf(client, request), kInvalid);
}

bool isPublic(const char* text) {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) return isPublicAddress(reinterpret_cast<const sockaddr&>(in6));
  // Uses the larger struct on purpose: a sockaddr from a resolver has the size of its family.
  sockaddr_in in4{};
  in4.sin_family = AF_INET;
  EXPECT_EQ(::inet_pton(AF_INET, text, &in4.sin_addr), 1) << text;
  return isPublicAddress(reinterpret_cast<const sockaddr&>(in4));
}

TEST(AddressPolicy, KnowsWhatThePublicInternetIs) {
  for (const char* address : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808",
                              "::ffff:8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(isPublic(address)) << address;
  }
  for (const char* address : {"127.0.0.1",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.100.100.200",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "192.0.2.1",
                              "198.18.0.1",
                              "::1",
                              "::",
                              "fe80::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "2001::1",
                              "::127.0.0.1",
                              "fec0::1"}) {
    EXPECT_FALSE(isPublic(address)) << address;
  }
}

}  // namespace
}  // namespace mortise::services
