// The way out of boxes, with curl in boxes made as the product makes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "boxes_testing.hpp"
#include "browser/browser.hpp"
#include "egress_testing.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class ABoxWithAWayOut : public testing::Test {
 protected:
  void SetUp() override {
    egress::ProxyOptions options;
    options.hosts = egress::HostRules({"*:*"}, {"denied.test"});
    options.reach = egress::Reach({server_.listed()});
    options.lookup = [this](const std::string& host, std::uint16_t port) { return addresses(host, port); };
    options.bytes = 4 << 20;
    options.ended = [this](const egress::Ended& one) {
      const std::lock_guard lock(mutex_);
      ended_.push_back(one);
      changed_.notify_all();
    };
    LocalOptions local;
    local.egress = std::make_shared<egress::Proxy>(std::move(options));
    local.browser = true;
    boxes_ = std::make_unique<Boxes>(local);
    if (const auto why = boxes_->lacking(); !why.empty()) GTEST_SKIP() << why;
    box = boxes_->open();
  }
  void TearDown() override {
    box.reset();
    boxes_.reset();
  }
  std::string run(const std::string& command) const {
    const auto done = box->execute("main", "~", command, {});
    EXPECT_FALSE(done.running) << command;
    return done.output;
  }
  // The status that curl gets; 000 when there is none.
  std::string status(const std::string& arguments) const {
    return run("curl -sS -o answer -w '%{http_code}' -m 4 " + arguments + " 2>/dev/null");
  }
  std::string port() const { return std::to_string(server_.port()); }
  std::vector<egress::Address> addresses(const std::string& host, std::uint16_t port) {
    ++lookups_;
    if (host == "metadata.test") return {egress::addressOf("169.254.169.254", port)};
    if (host == "private.test") return {egress::addressOf("192.168.1.1", port)};
    if (host == "change.test" && changes_++ > 0) return {egress::addressOf("169.254.169.254", port)};
    return {egress::addressOf("127.0.0.1", port)};
  }
  egress::Ended ended(egress::Outcome outcome) {
    std::unique_lock lock(mutex_);
    egress::Ended out;
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] {
      for (const auto& one : ended_) {
        if (one.outcome == outcome) out = one;
      }
      return !out.session.empty();
    }));
    return out;
  }

  int endings(egress::Outcome outcome, const std::string& target) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(ended_.begin(), ended_.end(), [&](const egress::Ended& one) {
      return one.outcome == outcome && one.target == target;
    }));
  }

  std::shared_ptr<Sandbox> box;
  std::unique_ptr<Boxes> boxes_;
  std::atomic<int> lookups_{0};
  void attackWith(std::string page) {
    const std::lock_guard lock(mutex_);
    attack_ = std::move(page);
  }

 private:
  std::string attack() {
    const std::lock_guard lock(mutex_);
    return attack_;
  }
  // Shows the head of a request; takes what is put, and answers nothing; or is the site that attacks.
  void serve(int fd) {
    const auto head = egress::readUntil(fd, "\r\n\r\n");
    if (head.starts_with("PUT")) {
      egress::readUntil(fd, "");
    } else if (head.starts_with("GET /attack")) {
      egress::answerWith(fd, attack());
    } else {
      egress::answerWith(fd, head);
    }
  }

  std::atomic<int> changes_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<egress::Ended> ended_;
  std::string attack_;  // the page at /attack
  egress::LoopbackServer server_{[this](int fd) { serve(fd); }};
};

TEST_F(ABoxWithAWayOut, ReachesWhatItMay) {
  EXPECT_THAT(run("curl -sS http://mirror.test:" + port() + "/file"),
              AllOf(HasSubstr("GET /file HTTP/1.1"), HasSubstr("Host: mirror.test:" + port())));
  EXPECT_THAT(run("curl -sS -p http://mirror.test:" + port() + "/tunnel"), HasSubstr("GET /tunnel HTTP/1.1"));
  EXPECT_THAT(run("curl -sS -d hello http://mirror.test:" + port() + "/"), HasSubstr("POST / HTTP/1.1"));
  const auto one = ended(egress::Outcome::done);
  EXPECT_EQ(one.session, "one");
  EXPECT_EQ(one.target, "mirror.test:" + port());
  EXPECT_EQ(
      run("python3 -c \"import urllib.request as u; print(u.urlopen('http://mirror.test:" + port() + "/').status)\""),
      "200\n");
}

TEST_F(ABoxWithAWayOut, LetsItsBrowserReachTheSame) {
  const auto browser = box->browser();
  if (!browser) GTEST_SKIP() << "boxes have no browser here";
  browser->navigate("http://mirror.test:" + port() + "/page", {});
  EXPECT_THAT(browser->view({}).content, HasSubstr("GET /page HTTP/1.1"));
  browser->navigate("http://private.test/", {});
  EXPECT_THAT(browser->view({}).content, HasSubstr("private"));
  EXPECT_EQ(ended(egress::Outcome::refused).target, "private.test:80");
}

// What lies around a box, tried from a page of a site that the box may reach: by requests of each kind that pages have, by
// frames and windows, and by leading the agent there.
TEST_F(ABoxWithAWayOut, KeepsInAPageThatAttacks) {
  const auto browser = box->browser();
  if (!browser) GTEST_SKIP() << "boxes have no browser here";
  const egress::LoopbackServer secret([](int fd) {
    egress::readUntil(fd, "\r\n\r\n");
    egress::say(fd,
                "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Private-Network: true\r\n"
                "Content-Length: 10\r\nConnection: close\r\n\r\ntop-secret");
  });
  const auto beside = std::to_string(secret.port());
  const std::vector<std::string> targets{
      "http://127.0.0.1:" + beside + "/",
      "http://localhost:" + beside + "/",
      "http://[::1]:" + beside + "/",
      "http://0.0.0.0:" + beside + "/",
      "http://private.test:" + beside + "/",
      "http://metadata.test/latest/meta-data/",
      // Browsers ask no proxy for link-local addresses and loopback: there is no network in the box to reach them by.
      "http://169.254.169.254/latest/meta-data/",
      "http://[::ffff:169.254.169.254]/latest/meta-data/",
      "http://denied.test/",
      // The relay as if it were a site, and what the box has not: ports of the browser and of the screen.
      "http://127.0.0.1:3128/",
      "http://127.0.0.1:9222/json/version",
      "http://127.0.0.1:5901/",
      "file:///etc/passwd",
      "file:///run/egress/proxy",
      "file:///proc/1/environ",
      "file:///proc/1/fd/3",
  };
  std::string list;
  for (const auto& target : targets) list += (list.empty() ? "'" : ",'") + target + "'";
  attackWith("<title>Attack</title><p id=out>begun</p><script>const targets=[" + list + R"(];
const within=(work,otherwise)=>Promise.race([work.catch(()=>otherwise),new Promise(done=>setTimeout(done,4000,otherwise))]);
const tries=targets.flatMap(url=>[
  fetch(url).then(answer=>answer.text()),
  fetch(url,{mode:'no-cors',method:'POST',body:'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n'}).then(()=>''),
  new Promise(done=>{const frame=document.createElement('iframe');frame.src=url;document.body.append(frame);
    frame.onload=()=>{try{done(frame.contentDocument.body.textContent)}catch(error){done('')}}}),
  new Promise(done=>{try{const socket=new WebSocket(url.replace('http','ws'));socket.onopen=()=>done('opened');
    socket.onerror=()=>done('')}catch(error){done('')}}),
]).map(work=>within(work,''));
Promise.all(tries).then(read=>{document.title='Over';out.textContent='read: '+read.filter(text=>text).join('|')});
</script>)");
  browser->navigate("http://mirror.test:" + port() + "/attack", {});
  std::string title;
  for (int i = 0; i < 300 && title != "Over"; ++i) {
    title = browser->view({}).title;
    if (title != "Over") std::this_thread::sleep_for(100ms);
  }
  ASSERT_EQ(title, "Over");
  EXPECT_EQ(browser->execute("out.textContent", {}), "read: ") << "what the page read of others";

  for (const auto& target : targets) {
    if (target.starts_with("file:")) continue;  // the agent may open the files of its box
    std::string shown;
    try {
      browser->navigate(target, {});
      shown = browser->view({}).content;
    } catch (const mortise::Problem&) {
    }
    EXPECT_THAT(shown, testing::Not(HasSubstr("top-secret"))) << target;
  }
  EXPECT_EQ(secret.connections(), 0) << "a server beside the box was reached";
  EXPECT_GT(endings(egress::Outcome::refused, "metadata.test:80"), 0);
  EXPECT_GT(endings(egress::Outcome::refused, "private.test:" + beside), 0);
  EXPECT_GT(endings(egress::Outcome::denied, "denied.test:80"), 0);
  for (const auto* target : {"169.254.169.254:80", "metadata.test:80", "denied.test:80"})
    EXPECT_EQ(endings(egress::Outcome::done, target), 0) << target;
  // Files of the box are all that file addresses show, and of its first process nothing.
  for (const auto* hidden : {"file:///proc/1/environ", "file:///proc/1/fd/3", "file:///etc/shadow"}) {
    std::string shown;
    try {
      browser->navigate(hidden, {});
      shown = browser->view({}).content;
    } catch (const mortise::Problem&) {
    }
    EXPECT_THAT(shown, testing::AnyOf("", HasSubstr("ERR_"))) << hidden;
  }
  browser->navigate("http://mirror.test:" + port() + "/page", {});
  EXPECT_THAT(browser->view({}).content, HasSubstr("GET /page HTTP/1.1")) << "the session goes on";
}

TEST_F(ABoxWithAWayOut, ReachesNothingElse) {
  for (const auto* url : {"http://denied.test/", "http://private.test/", "http://169.254.169.254/latest/meta-data/",
                          "http://10.0.0.1/", "'http://[fd00:ec2::254]/'", "'http://[::ffff:169.254.169.254]/'"})
    EXPECT_EQ(status(std::string("--noproxy '' -g ") + url), "403") << url;
  EXPECT_EQ(status("--noproxy '' http://127.0.0.1:22/"), "403");
  EXPECT_EQ(status("--noproxy '' http://localhost:22/"), "403");
  EXPECT_EQ(status("--noproxy '' 'http://[::1]:" + port() + "/'"), "403");
  EXPECT_EQ(status("-p http://private.test/"), "000");
  EXPECT_EQ(run("curl -sS -p -m 4 http://private.test/ 2>&1"), "curl: (56) CONNECT tunnel failed, response 403\n");
  EXPECT_EQ(ended(egress::Outcome::denied).target, "denied.test:80");
  EXPECT_FALSE(ended(egress::Outcome::refused).target.empty());
}

TEST_F(ABoxWithAWayOut, IsRefusedOnceANameLeadsElsewhere) {
  EXPECT_EQ(status("http://change.test:" + port() + "/"), "200");
  EXPECT_EQ(lookups_, 1);
  EXPECT_EQ(status("http://change.test:" + port() + "/"), "403");
}

TEST_F(ABoxWithAWayOut, HasNoOtherWay) {
  // Neither the server's own port, nor one of the network, nor names.
  EXPECT_EQ(run("curl -sS -m 4 --noproxy '*' http://127.0.0.1:" + port() + "/ 2>&1 | grep -c 'Failed to connect'"),
            "1\n");
  EXPECT_EQ(run("curl -sS -m 4 --noproxy '*' http://10.0.0.1/ 2>&1 | grep -ci 'failed to connect\\|unreachable'"),
            "1\n");
  EXPECT_EQ(run("curl -sS -m 4 --noproxy '*' http://example.com/ 2>&1 | grep -c 'Could not resolve'"), "1\n");
  EXPECT_EQ(run("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '"), "lo\n");
}

TEST_F(ABoxWithAWayOut, CanNotTakeTheSocketAway) {
  EXPECT_EQ(run("for order in 'rm -f /run/egress/proxy' 'mv /run/egress/proxy /tmp/x' 'touch /run/egress/x' 'chmod 777 "
                "/run/egress/proxy' 'rmdir /run/egress' 'mv /run/egress /run/x' 'ln -sf /tmp/x /run/egress/proxy'; do "
                "$order 2>/dev/null && echo done; done; test -S /run/egress/proxy && echo there"),
            "there\n");
  EXPECT_EQ(status("http://mirror.test:" + port() + "/"), "200");
}

TEST_F(ABoxWithAWayOut, GetsItBackWhenItKillsTheRelay) {
  EXPECT_EQ(run("pkill -9 -x egress; echo $?"), "0\n");
  // Curl asks again until somebody listens.
  EXPECT_EQ(run("curl -sS --retry 20 --retry-connrefused --retry-delay 1 -m 4 -o answer -w '%{http_code}' "
                "http://mirror.test:" +
                port() + "/ 2>/dev/null"),
            "200");
}

TEST_F(ABoxWithAWayOut, MovesOnlySoManyBytes) {
  EXPECT_EQ(run("head -c 8000000 /dev/zero > much; curl -sS -m 4 -T much http://mirror.test:" + port() +
                "/ >/dev/null 2>&1; echo; curl -s -o /dev/null -w '%{http_code}' http://mirror.test:" + port() + "/"),
            "\n403");
  EXPECT_EQ(ended(egress::Outcome::used).session, "one");
  // Another box has its own.
  EXPECT_THAT(boxes_->open("two")->execute("main", "~", "curl -sS http://mirror.test:" + port() + "/", {}).output,
              HasSubstr("GET / HTTP/1.1"));
}

TEST_F(ABoxWithAWayOut, HasItAgainInItsNextBox) {
  EXPECT_EQ(status("http://mirror.test:" + port() + "/"), "200");
  boxes_->driver->process("one")->end("a test");
  box = boxes_->open();
  EXPECT_EQ(status("http://mirror.test:" + port() + "/"), "200");
  boxes_->driver->remove("one");
}

TEST_F(ABoxWithAWayOut, IsThereForTheFirstCommand) {
  // The shell connects by itself, sooner than a program can start.
  for (int i = 0; i < 20; ++i) {
    const auto id = "box-" + std::to_string(i);
    EXPECT_EQ(boxes_->open(id)->execute("main", "~", "exec 5<>/dev/tcp/127.0.0.1/3128 && echo open", {}).output,
              "open\n");
    boxes_->driver->remove(id);
  }
}

TEST(ABoxWithoutAWayOut, KnowsOfNone) {
  const Boxes boxes;
  if (const auto why = boxes.lacking(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(boxes.open()
                ->execute("main", "~",
                          "env | grep -i proxy; ls -1 /run; curl -sS -m 4 -x http://127.0.0.1:3128 "
                          "http://example.com 2>&1 | grep -c 'Failed to connect'",
                          {})
                .output,
            "bin\nhelper\n1\n");
}

}  // namespace
}  // namespace agent::sandbox
