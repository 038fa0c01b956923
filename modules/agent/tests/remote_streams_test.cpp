// The browser and the screen of a sandbox service: with a real service of boxes, and with services that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/sha.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "boxes_testing.hpp"
#include "browser_testing.hpp"
#include "desktop/desktop.hpp"
#include "loopback_server_testing.hpp"
#include "rfb_client_testing.hpp"
#include "sandbox/kept_alive.hpp"
#include "sandbox/remote_driver.hpp"
#include "sandbox/web_sockets.hpp"
#include "sandbox_peer_testing.hpp"
#include "shared_page_testing.hpp"
#include "silent_port_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tools/browser_box.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using browser::indexOf;
using mortise::peers::CurlExchange;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kSite = "http://127.0.0.1:8123";

class AServicesStreams : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    LocalOptions options;
    options.memory = 1ULL << 30;
    options.browser = true;
    options.cpuPercent = 400;
    boxes_ = new Boxes(options);
    for (const auto& capability : boxes_->driver->capabilities()) {
      if (!capability.available) lacking_ = capability.name + ": " + capability.detail;
    }
    if (!lacking_.empty()) return;
    const auto box = boxes_->open();
    std::ostringstream site;
    site << std::ifstream(AGENT_SOURCE_DIR "/tests/browser_site.py").rdbuf();
    box->write({.path = "/home/ubuntu/site.py", .text = site.str()});
    box->execute("site", "~", "exec python3 site.py 8123", {});
    peer_ = new SandboxPeer(*boxes_->driver, "one");
    peer_->showStreams();
  }
  static void TearDownTestSuite() {
    delete peer_;
    peer_ = nullptr;
    delete boxes_;
    boxes_ = nullptr;
  }
  void SetUp() override {
    if (!lacking_.empty()) GTEST_SKIP() << lacking_;
    connect();
  }
  void connect() {
    remote = std::make_unique<RemoteDriver>(CurlExchange::client(), addresses());
    far = remote->open("session");
    browser = far->browser();
    // Whatever the test before left there.
    browser->restart("about:blank", {});
    browser->takeNotes("about:blank");
  }
  static RemoteAddresses addresses() {
    return {peer_->address(), peer_->browser().address(), peer_->screen().address()};
  }
  static SandboxPeer& peer() { return *peer_; }
  // What the browser itself says of its tabs.
  std::string tabs() const {
    mortise::HttpRequest request;
    request.url = "http://" + peer().browser().address() + "/json/list";
    return CurlExchange::client().perform(request).body;
  }

  std::unique_ptr<RemoteDriver> remote;
  std::shared_ptr<Sandbox> far;
  std::shared_ptr<browser::Browser> browser;

 private:
  static inline std::string lacking_;
  static inline Boxes* boxes_ = nullptr;
  static inline SandboxPeer* peer_ = nullptr;
};

TEST_F(AServicesStreams, AreNamedAmongWhatItCan) {
  for (const auto& capability : remote->capabilities())
    EXPECT_TRUE(capability.available) << capability.name << ": " << capability.detail;
  peer().setState("STARTING");
  for (const auto& capability : remote->capabilities()) EXPECT_FALSE(capability.available) << capability.name;
  peer().setState("RUNNING");
  RemoteDriver without(CurlExchange::client(), addresses(), false);
  EXPECT_FALSE(without.capabilities().at(2).available);
  EXPECT_TRUE(without.capabilities().at(3).available);
  EXPECT_EQ(without.open("session")->browser(), nullptr);
}

TEST_F(AServicesStreams, LetTheToolsUseItsBrowser) {
  BrowserBox tools(*remote);
  ToolContext context;
  context.sessionId = "session";
  const auto call = [&](std::string_view function, const std::string& arguments = "{}") {
    return tools.call(function, arguments, context);
  };
  const auto opened = call("browser_navigate", R"({"url":")" + kSite + R"(/login"})");
  ASSERT_TRUE(opened.success) << opened.message;
  EXPECT_THAT(opened.content, HasSubstr("data:image/png;base64,iVBOR"));
  EXPECT_TRUE(call("browser_input", R"({"index":0,"text":"ada","press_enter":false})").success);
  EXPECT_TRUE(call("browser_input", R"({"index":1,"text":"s3cret","press_enter":true})").success);
  EXPECT_THAT(call("browser_view").data, HasSubstr("# Welcome, ada"));
  EXPECT_EQ(call("browser_console_exec", R"json({"javascript":"'\u4e2d\u6587'.repeat(2)"})json").data,
            "{\"result\":\"中文中文\"}");

  // Its files are those of the session.
  call("browser_navigate", R"({"url":")" + kSite + R"(/downloads"})");
  EXPECT_THAT(call("browser_click", R"({"index":0})").message, HasSubstr("Downloaded: /home/ubuntu/Downloads/file"));
  call("browser_navigate", R"({"url":")" + kSite + R"(/upload"})");
  far->write({.path = "give.txt", .text = "fruit\n"});
  EXPECT_THAT(call("browser_click", R"({"index":0})").message, HasSubstr("the index 1 "));
  EXPECT_TRUE(call("browser_input", R"({"index":1,"text":"give.txt","press_enter":false})").success);
  EXPECT_THAT(call("browser_view").data, HasSubstr("give.txt: fruit"));
}

TEST_F(AServicesStreams, LeaveItsBrowserAsItIs) {
  browser->navigate(kSite + "/form", {});
  browser->execute("note.value = 'kept'; window.open('/window')", {});
  EXPECT_EQ(browser->view({}).title, "Window");
  browser.reset();
  far.reset();
  remote = std::make_unique<RemoteDriver>(CurlExchange::client(), addresses());
  browser = remote->open("session")->browser();
  EXPECT_EQ(browser->view({}).title, "Window") << "what the screen shows";
  browser->execute("window.close()", {});
  EXPECT_EQ(browser->execute("note.value", {}), "kept");
  browser->execute("for (let i = 0; i < 3; ++i) window.open('/window')", {});
  EXPECT_EQ(browser->restart(kSite + "/", {}).title, "Start");
  EXPECT_THAT(tabs(), Not(HasSubstr("/window")));
  EXPECT_THAT(tabs(), Not(HasSubstr("/form")));
}

TEST_F(AServicesStreams, ConnectAgainAfterTheConnectionBroke) {
  browser->navigate(kSite + "/form", {});
  browser->execute("note.value = 'kept'", {});
  peer().browser().cut();
  EXPECT_EQ(browser->view({}).title, "Form");
  EXPECT_EQ(browser->execute("note.value", {}), "kept") << "the page was not opened again";
  EXPECT_THAT(browser->takeNotes(""), Contains(HasSubstr("connection to the browser")));
  EXPECT_THAT(tabs(), HasSubstr("/form"));
  // When the browser itself ended, its pages went, too.
  far->execute("main", "~", "pkill -9 -x chromium", {});
  for (int tries = 0;; ++tries) {
    try {
      EXPECT_EQ(browser->view({}).title, "Form");
      break;
    } catch (const mortise::Problem& problem) {
      // "browser_refused" is what a browser says of a call that it still takes while it ends.
      ASSERT_THAT(problem.code(), testing::AnyOf("browser_unavailable", "browser_refused")) << problem.note();
      ASSERT_LT(tries, 200);
      std::this_thread::sleep_for(100ms);
    }
  }
}

TEST_F(AServicesStreams, OutliveHostilePages) {
  EXPECT_EQ(browser->navigate(kSite + "/loop", {}).title, "Loop");
  try {
    browser->navigate(kSite + "/alerts", {});
  } catch (const mortise::Problem&) {  // the page may have been ended
  }
  const auto page = browser->navigate(kSite + "/storm", {});
  browser->click({.index = indexOf(page, "Storm")}, {});
  EXPECT_EQ(browser->navigate(kSite + "/", {}).title, "Start");
}

TEST_F(AServicesStreams, ShowItsScreenToPeopleWhoUseTheSamePage) {
  far->write({.path = "page.html", .text = desktop::stripedPage()});
  browser->navigate("file:///home/ubuntu/page.html", {});
  desktop::Desktop screen(far, {});
  browser->showOn(desktop::kDisplay, {});
  EXPECT_EQ(browser->view({}).title, "The page") << "it was there already";
  const auto connection = screen.connect();
  auto client = desktop::clientOf(connection);
  client.greet();
  EXPECT_EQ(client.width, static_cast<unsigned>(desktop::kWidth));
  EXPECT_EQ(desktop::pageColoursSeen(client), desktop::kPageColours);

  browser->personTakes("session");
  EXPECT_EQ(refusalOf([&] { browser->view([] { return true; }); }), "422 browser_refused") << "the tools wait";
  browser->personTakes("another session");
  browser->personGives("session");
  EXPECT_EQ(refusalOf([&] { browser->view([] { return true; }); }), "422 browser_refused") << "another user has it";
  remote->remove("another session");
  EXPECT_THAT(desktop::typedInto(*browser, client, "mortise"), HasSubstr("mortise"));
  client.paste(std::string(10 << 20, 'x'));
  client.ask();
  EXPECT_GE(client.colours().size(), 1U);
  EXPECT_TRUE(screen.alive());

  // Several look; of whom one reads nothing. Then all connections break.
  const auto deaf = screen.connect();
  auto first = desktop::clientOf(deaf);
  first.greet();
  for (int i = 0; i < 20; ++i) first.ask();
  client.ask();
  EXPECT_GE(client.colours().size(), 1U);
  peer().screen().cut();
  EXPECT_THROW(client.colours(), std::runtime_error);
  for (int i = 0; i < 500 && screen.alive(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(screen.alive());
  EXPECT_TRUE(desktop::Desktop(far, {}).alive());
}

// ---- services that are none -------------------------------------------------------------------------------------------

std::string noteOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const mortise::Problem& problem) {
    return problem.code() + ": " + problem.note();
  }
  return "no refusal";
}

// A service of which only the API answers.
void answerStatus(int fd) {
  testing_peers::readUntil(fd, "\r\n\r\n");
  testing_peers::answerWith(fd, R"({"code":200,"data":[{"name":"app","statename":"RUNNING"}]})");
}

TEST(AServiceWithoutStreams, SaysWhatIsMissing) {
  const testing_peers::LoopbackServer api(answerStatus);
  RemoteDriver remote(CurlExchange::client(), {api.listed(), "127.0.0.1:1", "127.0.0.1:1"});
  const auto all = remote.capabilities();
  EXPECT_TRUE(all.at(0).available);
  EXPECT_FALSE(all.at(2).available);
  EXPECT_THAT(all.at(2).detail, HasSubstr("agent.sandbox_browser_address"));
  EXPECT_FALSE(all.at(3).available);
  EXPECT_THAT(all.at(3).detail, HasSubstr("agent.sandbox_desktop_address"));
  const auto far = remote.open("one");
  EXPECT_THAT(noteOf([&] { far->browser()->view({}); }), HasSubstr("browser_unavailable: http://127.0.0.1:1/json"));
  EXPECT_THAT(noteOf([&] { desktop::Desktop(far, {}); }), HasSubstr("sandbox_unavailable: http://127.0.0.1:1/"));
  EXPECT_THAT(noteOf([&] { far->connect("/run/x"); }), HasSubstr("sandbox_unavailable"));
}

TEST(AServiceWithoutStreams, IsWaitedForWhileItStarts) {
  const testing_peers::LoopbackServer api([](int fd) {
    testing_peers::readUntil(fd, "\r\n\r\n");
    testing_peers::answerWith(fd, R"({"code":200,"data":[{"name":"chrome","statename":"STARTING"}]})");
  });
  RemoteDriver remote(CurlExchange::client(), {api.listed(), "127.0.0.1:1", "127.0.0.1:1"});
  int asked = 0;
  const auto stopped = [&] { return ++asked > 40; };
  EXPECT_THAT(noteOf([&] { desktop::Desktop(remote.open("one"), stopped); }), HasSubstr("sandbox_unavailable"));
  EXPECT_GT(asked, 40) << "until whoever waits has gone";
}

TEST(AServiceWhosePacketsAreLost, IsNotWaitedForLongerThanAHealthCheckMay) {
  const testing_peers::LoopbackServer api(answerStatus);
  const testing_peers::SilentPort silent;
  static_assert(RemoteDriver::kAskLimit < 5s, "a health check must be over by then");
  for (const auto& address : {api.listed(), silent.listed()}) {
    RemoteDriver remote(CurlExchange::client(), {address, silent.listed(), silent.listed()});
    std::atomic<bool> enough = false;
    std::atomic<bool> over = false;
    std::thread check([&] {
      mortise::HttpRequest request;
      request.url = "http://" + silent.listed();
      request.connectTimeout = request.timeout = 1min;
      request.stopped = [&] { return enough.load(); };
      EXPECT_THROW(CurlExchange::client().perform(request), mortise::HttpClient::Error);
      over = true;
    });
    const auto all = remote.capabilities();
    EXPECT_FALSE(over) << address;
    enough = true;
    check.join();
    EXPECT_EQ(all.at(1).available, address == api.listed()) << all.at(1).detail;
    EXPECT_FALSE(all.at(2).available);
    EXPECT_FALSE(all.at(3).available);
    EXPECT_THAT(all.at(3).detail, HasSubstr("; see agent.sandbox_")) << "what is wrong, and where it is set";
  }
}

// ---- services that are in use -----------------------------------------------------------------------------------------

// A service that counts the calls of its API; the first ones get no answer.
class ACountingService {
 public:
  explicit ACountingService(int unanswered = 0) : unanswered_(unanswered) {}
  std::string listed() const { return server_.listed(); }
  int calls() const { return calls_; }
  std::string lastCall() {
    const std::lock_guard lock(mutex_);
    return lastCall_;
  }
  // Does something until there were so many calls.
  void await(
      int calls, const std::function<void()>& meanwhile = [] {}) const {
    for (int i = 0; i < 3000 && calls_ < calls; ++i) {
      meanwhile();
      std::this_thread::sleep_for(10ms);
    }
    EXPECT_GE(calls_, calls);
  }

 private:
  void serve(int fd) {
    auto call = testing_peers::readUntil(fd, "}");
    {
      const std::lock_guard lock(mutex_);
      lastCall_ = std::move(call);
    }
    if (calls_++ < unanswered_) return;
    testing_peers::answerWith(fd, R"({"code":200,"data":{"exists":true}})");
  }
  const int unanswered_;
  std::atomic<int> calls_ = 0;
  std::mutex mutex_;
  std::string lastCall_;
  testing_peers::LoopbackServer server_{[this](int fd) { serve(fd); }};
};

TEST(AServiceInUse, GetsACallNowAndThenThoughNoToolCallsIt) {
  ACountingService service;
  {
    RemoteDriver remote(CurlExchange::client(), {service.listed()});
    remote.open("one")->touch();
    service.await(1);
    EXPECT_THAT(service.lastCall(), HasSubstr("POST /api/file/check-file-exists "));
  }
  KeptAlive alive(CurlExchange::client(), 0ms);
  service.await(4, [&] { alive.touch("http://" + service.listed()); });
}

TEST(AServiceInUse, GetsOneCallForManyUses) {
  ACountingService service, second, third;
  KeptAlive alive(CurlExchange::client(), 1h);
  const auto touch = [&](const ACountingService& used) { alive.touch("http://" + used.listed()); };
  touch(service);
  touch(second);
  second.await(1);  // the first one's answer is there by then
  for (int i = 0; i < 100; ++i) touch(service);
  touch(third);
  third.await(1);
  EXPECT_EQ(service.calls(), 1) << "each call prolongs its time by minutes";
}

TEST(AServiceInUse, IsAskedAgainWhenItDidNotAnswer) {
  ACountingService service(2);
  KeptAlive alive(CurlExchange::client(), 1h, 0ms);
  service.await(3, [&] { alive.touch("http://" + service.listed()); });
  alive.stop();
  EXPECT_EQ(service.calls(), 3);
}

TEST(AServiceInUse, IsLeftAloneForAWhileWhenItDidNotAnswer) {
  ACountingService service(1), next;
  KeptAlive alive(CurlExchange::client(), 0ms, 1h);
  alive.touch("http://" + service.listed());
  alive.touch("http://" + next.listed());
  next.await(1);  // that the other one did not answer is known by then
  for (int i = 0; i < 100; ++i) alive.touch("http://" + service.listed());
  next.await(3, [&] { alive.touch("http://" + next.listed()); });
  EXPECT_EQ(service.calls(), 1);
}

TEST(AServiceInUse, WaitsForThoseOnlyThatWereInUseBefore) {
  std::mutex mutex;
  std::string order;
  std::function<void(char)> called;
  // The services /a, /b and /c, of which none answers.
  const testing_peers::LoopbackServer server([&](int fd) {
    const char name = testing_peers::readRequest(fd).at(std::string_view("POST /").size());
    called(name);
    const std::lock_guard lock(mutex);
    order += name;
  });
  KeptAlive alive(CurlExchange::client(), 1h, 0ms);
  const auto touch = [&](const char* name) { alive.touch("http://" + server.listed() + "/" + name); };
  called = [&](char name) {
    if (server.connections() == 1) touch("b");
    if (name != 'b') return;
    touch("c");
    touch("a");  // which was asked already
  };
  touch("a");
  const auto seen = [&] {
    const std::lock_guard lock(mutex);
    return order;
  };
  for (int i = 0; i < 3000 && seen().size() < 4; ++i) std::this_thread::sleep_for(10ms);
  alive.stop();
  EXPECT_EQ(seen(), "abca");
}

TEST(AddressesOfAService, AreReadStrictly) {
  const auto refused = [](RemoteAddresses addresses) {
    try {
      RemoteDriver(CurlExchange::client(), addresses);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(refused({"sandbox", "http://sandbox:9222", "ws://sandbox/socket?token=1"}), "none");
  EXPECT_EQ(refused({"{session}.sandbox", "http://{session}.browser", ""}), "none");
  EXPECT_EQ(refused({"http://sandbox/{session}", "", ""}), "none");
  EXPECT_THAT(refused({"sandbox", "http://{session}.sandbox", ""}), HasSubstr("or in neither"));
  EXPECT_THAT(refused({"http://sandbox/{session}", "", "http://sandbox:5901"}), HasSubstr("or in neither"));
  EXPECT_THAT(refused({"sandbox", "http://sandbox:9222?token=1", ""}), HasSubstr("query"));
  EXPECT_THAT(refused({"sandbox", "https://sandbox:9222", ""}), HasSubstr("agent.sandbox_browser_address: "));
  EXPECT_THAT(refused({"sandbox", "", "wss://sandbox"}), HasSubstr("agent.sandbox_desktop_address: "));
  EXPECT_THAT(refused({"sandbox", "http://user:secret@sandbox", ""}), HasSubstr("user"));
  EXPECT_THAT(refused({"sandbox", "http://", ""}), HasSubstr("no address"));
  EXPECT_THAT(refused({"sandbox", "http://sand box", ""}), HasSubstr("no address"));
  EXPECT_EQ(refused({"", "", ""}), "none") << "there is no address at all, which the capabilities tell";
}

TEST(AddressesOfAService, FollowThatOfItsApi) {
  const auto of = [](const std::string& api) {
    return RemoteService(CurlExchange::client(), std::make_shared<WebSockets>(), {api}).of("s/1");
  };
  EXPECT_EQ(of("sandbox").browser(), "http://sandbox:9222");
  EXPECT_EQ(of("sandbox:8081").screen(), "http://sandbox:5901");
  EXPECT_EQ(of("https://{session}.sandbox.test:8443/api").browser(), "http://s%2F1.sandbox.test:9222");
  EXPECT_EQ(of("http://[2001:db8::1]:8080").screen(), "http://[2001:db8::1]:5901");
  EXPECT_EQ(of("http://sandbox/{session}").browser(), "") << "all sessions would share it";
}

// A server of WebSockets that says what a test wants: the version of a browser, a handshake, and what comes after it.
class AFalseService {
 public:
  using After = std::function<void(int fd)>;
  explicit AFalseService(After after, std::string version = {})
      : after_(std::move(after)), version_(std::move(version)), server_([this](int fd) { serve(fd); }) {
    if (version_.empty())
      version_ = R"({"webSocketDebuggerUrl":"ws://)" + server_.listed() + R"(/devtools/browser/0a-1"})";
  }
  std::string address() const { return server_.listed(); }
  WebSockets::Place place() const { return {"127.0.0.1", server_.port(), server_.listed(), "/"}; }
  int upgrades() const { return upgrades_; }

 private:
  void serve(int fd) {
    const auto head = testing_peers::readUntil(fd, "\r\n\r\n");
    const std::string name = "Sec-WebSocket-Key: ";
    const auto at = head.find(name);
    if (at == std::string::npos) return testing_peers::answerWith(fd, version_);
    ++upgrades_;
    const auto key = head.substr(at + name.size(), 24) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
    unsigned char accept[64];
    EVP_EncodeBlock(accept, digest, sizeof digest);
    testing_peers::say(fd, std::string("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n") +
                               "Sec-WebSocket-Accept: " + reinterpret_cast<char*>(accept) + "\r\n\r\n");
    after_(fd);
  }
  After after_;
  std::string version_;
  std::atomic<int> upgrades_ = 0;
  testing_peers::LoopbackServer server_;
};

std::string frame(unsigned char head, const std::string& payload) {
  std::string out(1, static_cast<char>(head));
  out.push_back(127);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
  return out + payload;
}

class AFalseServiceIsRefused : public testing::Test {
 protected:
  std::string browsing(const std::string& bytes, const std::string& version = {}) {
    const testing_peers::LoopbackServer api(answerStatus);
    const AFalseService service(
        [&](int fd) {
          testing_peers::say(fd, bytes);
          testing_peers::readUntil(fd, "\x88");  // a close
        },
        version);
    RemoteDriver remote(CurlExchange::client(), {api.listed(), service.address(), service.address()});
    auto note = noteOf([&] { remote.open("one")->browser()->view({}); });
    upgrades_ = service.upgrades();
    return note;
  }
  int upgrades_ = 0;  // WebSockets that the last one was asked for
};

TEST_F(AFalseServiceIsRefused, WhenItIsNoBrowser) {
  for (const auto* version : {"no json", "[]", "{}", R"({"webSocketDebuggerUrl":7})",
                              R"({"webSocketDebuggerUrl":"ws://x/devtools/browser/"})",
                              R"({"webSocketDebuggerUrl":"ws://x/devtools/browser/a/../../b"})",
                              R"({"webSocketDebuggerUrl":"ws://x/devtools/browser/a\r\nX: y"})"}) {
    EXPECT_THAT(browsing("", version), HasSubstr("browser_unavailable: ")) << version;
    EXPECT_EQ(upgrades_, 0) << version;
  }
}

TEST_F(AFalseServiceIsRefused, WhenItsMessagesAreNone) {
  EXPECT_THAT(browsing(frame(0x82, "{}")), HasSubstr("browser_unavailable")) << "binary messages";
  EXPECT_THAT(browsing(frame(0x81, std::string(17 << 20, ' '))), HasSubstr("too long"));
  EXPECT_THAT(browsing(std::string("\xff\xff\xff\xff", 4)), HasSubstr("browser_unavailable"));
  EXPECT_THAT(browsing(std::string("\x88\x02\x03\xe8", 4)), HasSubstr("browser_unavailable")) << "a close";
}

constexpr std::size_t kMuch = 64U << 20U;

TEST(AWebSocket, HoldsTheServiceUpWhenNobodyReads) {
  std::atomic<std::size_t> sent = 0;
  std::atomic<bool> over = false;
  const AFalseService service([&](int fd) {
    const timeval patience{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto message = frame(0x82, std::string(1 << 20, 'x'));
    for (std::size_t at = 0; sent < kMuch;) {
      const auto size = send(fd, message.data() + at, message.size() - at, MSG_NOSIGNAL);
      if (size <= 0) break;
      sent += static_cast<std::size_t>(size);
      at = (at + static_cast<std::size_t>(size)) % message.size();
    }
    over = true;
  });
  WebSockets sockets;
  const auto fd = sockets.open(service.place(), WebSockets::Content::bytes, {});
  for (int i = 0; i < 3000 && !over; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(over);
  EXPECT_LT(sent, kMuch);
}

TEST(AWebSocket, HoldsItsWriterUpWhenTheServiceDoesNotRead) {
  std::promise<void> over;
  const AFalseService service([&](int) { over.get_future().wait(); });
  {
    WebSockets sockets;
    const auto fd = sockets.open(service.place(), WebSockets::Content::bytes, {});
    const std::string piece(1 << 16, 'x');
    std::size_t taken = 0;
    for (pollfd ready{fd.get(), POLLOUT, 0}; taken < kMuch && poll(&ready, 1, 1000) > 0;)
      taken += static_cast<std::size_t>(
          std::max<ssize_t>(0, send(fd.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)));
    EXPECT_LT(taken, kMuch);
  }
  over.set_value();
}

TEST(AWebSocket, TellsAFailureFromAnEnd) {
  for (const bool closes : {true, false}) {
    std::atomic<bool> failed = false;
    const AFalseService service([&](int fd) {
      if (!closes) return;
      testing_peers::say(fd, std::string("\x88\x02\x03\xe8", 4));
      testing_peers::readUntil(fd, "\x88");  // the answer
    });
    WebSockets sockets;
    const auto fd = sockets.open(service.place(), WebSockets::Content::bytes, {}, [&] { failed = true; });
    pollfd ready{fd.get(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 30000), 1);
    char byte = 0;
    EXPECT_EQ(recv(fd.get(), &byte, 1, MSG_DONTWAIT), 0);
    EXPECT_EQ(failed, !closes);
  }
}

TEST(AWebSocket, IsNotWaitedForOnceNobodyWantsIt) {
  const testing_peers::LoopbackServer silent([](int fd) { testing_peers::readUntil(fd, ""); });
  WebSockets sockets;
  int asked = 0;
  EXPECT_THAT(noteOf([&] {
                sockets.open({"127.0.0.1", silent.port(), silent.listed(), "/"}, WebSockets::Content::bytes,
                             [&] { return ++asked > 3; });
              }),
              HasSubstr("no connection in time"));
}

}  // namespace
}  // namespace agent::sandbox
