// The server's side of the way out, spoken with as a box would.
#include "egress/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "egress_testing.hpp"
#include "sandbox/fd.hpp"
#include "tests/peers/process.hpp"

namespace agent::egress {
namespace {

using namespace std::chrono_literals;
using sandbox::Fd;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class AnEgressProxy : public testing::Test {
 protected:
  AnEgressProxy()
      : directory_("agent-egress"), opened_(open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    options.lookup = [this](const std::string& host, std::uint16_t port) { return addresses(host, port); };
    options.ended = [this](const Ended& one) {
      const std::lock_guard lock(mutex_);
      ended_.push_back(one);
      changed_.notify_all();
    };
  }
  // Before what the proxy tells its ends to.
  void TearDown() override {
    way.reset();
    proxy.reset();
  }
  void allow(const std::vector<std::string>& hosts, const std::vector<std::string>& listed) {
    options.hosts = HostRules(hosts, {});
    options.reach = Reach(listed);
  }
  void start(uid_t user = geteuid()) {
    proxy = std::make_unique<Proxy>(options);
    way = proxy->open("one", opened_.get(), user);
  }
  Fd client() const {
    Fd out(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const auto path = directory_.path() + "/" + kSocketName;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(connect(out.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    const timeval limit{10, 0};
    setsockopt(out.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return out;
  }
  // What is answered to `request`, up to the end.
  std::string ask(const std::string& request) const {
    const auto fd = client();
    say(fd.get(), request);
    return readUntil(fd.get(), "");
  }
  Ended ended(std::size_t index = 0) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return ended_.size() > index; }));
    return ended_.size() > index ? ended_[index] : Ended{};
  }
  virtual std::vector<Address> addresses(const std::string& host, std::uint16_t port) {
    if (host == "here.test") return {addressOf("127.0.0.1", port)};
    if (host == "private.test") return {addressOf("10.1.2.3", port)};
    if (host == "meta.test") return {addressOf("169.254.169.254", port), addressOf("fd00:ec2::254", port)};
    if (host == "mixed.test") return {addressOf("10.1.2.3", port), addressOf("127.0.0.1", port)};
    return {};
  }

  ProxyOptions options;
  std::unique_ptr<Proxy> proxy;
  std::unique_ptr<Proxy::Way> way;

 private:
  mortise::peers::TempDirectory directory_;
  const Fd opened_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Ended> ended_;
};

TEST_F(AnEgressProxy, ForwardsRequestsAndOpensTunnels) {
  LoopbackServer server(showHead);
  allow({"here.test:" + std::to_string(server.port())}, {server.listed()});
  start();
  const auto host = "here.test:" + std::to_string(server.port());
  const auto answer = ask("GET http://" + host + "/x HTTP/1.1\r\nHost: lie.test\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("GET /x HTTP/1.1\r\nHost: " + host + "\r\n"));
  EXPECT_THAT(ask("CONNECT " + host + " HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n"),
                    EndsWith("GET /y HTTP/1.1\r\n\r\n")));
  const auto first = ended();
  EXPECT_EQ(first.session, "one");
  EXPECT_EQ(first.target, host);
  EXPECT_EQ(first.outcome, Outcome::done);
  EXPECT_GT(first.sent, 0U);
  EXPECT_GT(first.received, 0U);
  // Addresses that are listed need no name.
  EXPECT_THAT(ask("GET http://" + server.listed() + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AnEgressProxy, RefusesWhatIsNotAllowed) {
  LoopbackServer server(showHead);
  const auto port = std::to_string(server.port());
  allow({"*", "*:" + port}, {});
  start();
  std::size_t count = 0;
  const auto refused = [&](const std::string& authority, Outcome outcome) {
    EXPECT_THAT(ask("GET http://" + authority + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 403 Forbidden\r\n"))
        << authority;
    EXPECT_EQ(ended(count++).outcome, outcome) << authority;
    EXPECT_THAT(
        ask("CONNECT " + authority + (authority.find(port) == std::string::npos ? ":80" : "") + " HTTP/1.1\r\n\r\n"),
        StartsWith("HTTP/1.1 403 Forbidden\r\n"))
        << authority;
    EXPECT_EQ(ended(count++).outcome, outcome) << authority;
  };
  for (const std::string authority : {"private.test", "meta.test", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]",
                                      "[::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "224.0.0.1", "0.0.0.0"})
    refused(authority, Outcome::refused);
  refused("here.test:" + port, Outcome::refused);
  refused("127.0.0.1:" + port, Outcome::refused);
  refused("[::ffff:127.0.0.1]:" + port, Outcome::refused);
  EXPECT_EQ(server.connections(), 0);
  EXPECT_THAT(ask("CONNECT example.com:25 HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("example.com:25 is none of the hosts")));
  EXPECT_EQ(ended(count++).outcome, Outcome::denied);
  EXPECT_THAT(ask("GET http://nowhere.test/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 502"));
  EXPECT_EQ(ended(count++).outcome, Outcome::unknownName);
}

class AChangingName : public AnEgressProxy {
 protected:
  std::vector<Address> addresses(const std::string&, std::uint16_t port) override {
    return {addressOf(lookups++ % 2 == 0 ? "127.0.0.1" : "127.0.0.2", port)};
  }
  std::atomic<int> lookups{0};
};

TEST_F(AChangingName, IsCheckedAtEachConnectionAndLookedUpOnce) {
  LoopbackServer server(showHead);
  const auto host = "change.test:" + std::to_string(server.port());
  allow({host}, {server.listed()});
  start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(ask("GET http://" + host + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(ask("GET http://" + host + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  }
  EXPECT_EQ(lookups, 6);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(AnEgressProxy, TakesTheAddressesThatMayBeReached) {
  LoopbackServer server(showHead);
  const auto host = "mixed.test:" + std::to_string(server.port());
  allow({host}, {server.listed()});
  start();
  EXPECT_THAT(ask("GET http://" + host + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AnEgressProxy, SendsOneRequestPerConnection) {
  LoopbackServer server([](int fd) {
    auto got = readUntil(fd, "hello");
    // Whatever else comes would be another server's.
    const timeval soon{0, 300000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    got += readUntil(fd, "");
    say(fd, "HTTP/1.1 200 OK\r\n\r\n" + got);
  });
  allow({}, {server.listed()});
  start();
  const auto answer = ask("POST http://" + server.listed() + "/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET http://" +
                          server.listed() + "/second HTTP/1.1\r\nAuthorization: secret\r\n\r\n");
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
}

TEST_F(AnEgressProxy, AnswersWhatItCantRead) {
  allow({"*"}, {});
  start();
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(ended().outcome, Outcome::malformed);
  EXPECT_THAT(ask("GET http://a.test/ HTTP/1.1\r\nX: " + std::string(20000, 'x')), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(ask("PUT http://a.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), StartsWith("HTTP/1.1 411"));
}

TEST_F(AnEgressProxy, WaitsOnlySoLong) {
  LoopbackServer silent([](int fd) { readUntil(fd, ""); });
  allow({}, {silent.listed()});
  options.head = options.idle = 2s;
  start();
  EXPECT_EQ(ask("GET http://"), "");
  EXPECT_EQ(ended(0).outcome, Outcome::timedOut);
  EXPECT_EQ(ask("CONNECT " + silent.listed() + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_EQ(ended(1).outcome, Outcome::timedOut);
}

TEST_F(AnEgressProxy, TellsThatNobodyAnswers) {
  std::string listed;
  {
    LoopbackServer gone(showHead);
    listed = gone.listed();
  }
  allow({}, {listed});
  start();
  EXPECT_THAT(ask("GET http://" + listed + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 502"));
  EXPECT_EQ(ended().outcome, Outcome::unreachable);
}

TEST_F(AnEgressProxy, CarriesMuchBothWaysAndHalfClosedTunnels) {
  constexpr std::size_t kMuch = 5'000'000;
  LoopbackServer server([](int fd) {
    const auto got = readUntil(fd, "");  // to the client's end
    say(fd, got);
  });
  allow({}, {server.listed()});
  start();
  const auto fd = client();
  say(fd.get(), "CONNECT " + server.listed() + " HTTP/1.1\r\n\r\n");
  EXPECT_THAT(readUntil(fd.get(), "\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  std::string much(kMuch, 'x');
  for (std::size_t i = 0; i < much.size(); i += 997) much[i] = static_cast<char>('a' + i % 26);
  say(fd.get(), much);
  shutdown(fd.get(), SHUT_WR);
  EXPECT_TRUE(readUntil(fd.get(), "") == much);
  const auto all = ended();
  EXPECT_EQ(all.outcome, Outcome::done);
  EXPECT_GE(all.sent, kMuch);
  EXPECT_EQ(all.received, kMuch);
}

TEST_F(AnEgressProxy, CarriesOnlySoManyBytesOfABox) {
  LoopbackServer server([](int fd) {
    readUntil(fd, "\r\n\r\n");
    say(fd, "HTTP/1.1 200 OK\r\n\r\n" + std::string(1'000'000, 'x'));
  });
  allow({}, {server.listed()});
  options.bytes = 300'000;
  start();
  const auto got = ask("GET http://" + server.listed() + "/ HTTP/1.1\r\n\r\n");
  EXPECT_LE(got.size(), 300'000U);
  EXPECT_EQ(ended().outcome, Outcome::used);
  EXPECT_THAT(ask("GET http://" + server.listed() + "/ HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_EQ(ended(1).outcome, Outcome::used);
}

TEST_F(AnEgressProxy, ServesSoManyConnectionsAtOnceAndTheOthersLater) {
  LoopbackServer server(showHead);
  allow({}, {server.listed()});
  options.connections = 2;
  start();
  std::vector<Fd> held;
  held.push_back(client());
  held.push_back(client());
  const auto waiting = client();
  say(waiting.get(), "GET http://" + server.listed() + "/ HTTP/1.1\r\n\r\n");
  const timeval soon{0, 500000};
  setsockopt(waiting.get(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  EXPECT_EQ(readUntil(waiting.get(), ""), "") << "two others are open";
  held.clear();
  const timeval limit{10, 0};
  setsockopt(waiting.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT_THAT(readUntil(waiting.get(), ""), StartsWith("HTTP/1.1 200"));
}

TEST_F(AnEgressProxy, EndsConnectionsWithTheirBoxAndWithTheServer) {
  LoopbackServer silent([](int fd) { readUntil(fd, ""); });
  allow({}, {silent.listed()});
  start();
  const auto first = client();
  say(first.get(), "CONNECT " + silent.listed() + " HTTP/1.1\r\n\r\n");
  readUntil(first.get(), "\r\n\r\n");
  way.reset();
  EXPECT_EQ(readUntil(first.get(), ""), "");
  EXPECT_EQ(ended().outcome, Outcome::closed);
  proxy.reset();
}

TEST_F(AnEgressProxy, IsForOneUserOnly) {
  LoopbackServer server(showHead);
  allow({}, {server.listed()});
  if (geteuid() != 0) GTEST_SKIP() << "only root gives a socket to another user";
  start(65533);
  EXPECT_EQ(ask("GET http://" + server.listed() + "/ HTTP/1.1\r\n\r\n"), "") << "root is not that user";
  EXPECT_EQ(server.connections(), 0);
}

TEST(SystemNames, AreLookedUpAsTheSystemDoes) {
  const auto all = systemLookup("localhost", 80);
  ASSERT_FALSE(all.empty());
  for (const auto& one : all) EXPECT_FALSE(Reach().may(one));
}

}  // namespace
}  // namespace agent::egress
