#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "core/services/redis/redis.hpp"
#include "core/services/redis/redis_testing.hpp"

namespace mortise::services::redis {

bool RedisPeer::installed() { return ::access("/usr/bin/redis-server", X_OK) == 0; }

RedisPeer::RedisPeer(const std::string& password) : password_(password) {
  peers::giveToNobody(directory_.path());
  start();
}

void RedisPeer::start() {
  const std::string& path = directory_.path();
  peers::Launch launch;
  launch.command = {"/usr/bin/redis-server",
                    "--port",
                    "0",
                    "--unixsocket",
                    path + "/r.sock",
                    "--unixsocketperm",
                    "777",
                    "--dir",
                    path,
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--daemonize",
                    "no"};
  if (!password_.empty()) launch.command.insert(launch.command.end(), {"--requirepass", password_});
  launch.directory = path;
  launch.log = path + "/log";
  process_ = std::make_unique<peers::Process>(launch);
  const Address address = parseAddress(url());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline && process_->running()) {
    try {
      Connection connection(address, {});
      if (connection.command({"PING"}).text == "PONG") return;
    } catch (const ServiceError&) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("redis-server does not start; see " + launch.log);
}

void RedisPeer::kill() {
  process_->signal(SIGKILL);
  process_->wait(std::chrono::seconds(5));
}
void RedisPeer::freeze() { process_->signal(SIGSTOP); }
void RedisPeer::thaw() { process_->signal(SIGCONT); }

std::string RedisPeer::url() const {
  return "redis+unix://" + (password_.empty() ? std::string{} : ":" + password_ + "@") + directory_.path() + "/r.sock";
}

namespace {

TEST(RedisAddress, ReadsHostsPortsPasswordsAndSockets) {
  const Address full = parseAddress("redis://us%40er:p%3Ass@example.org:7000/3");
  EXPECT_EQ(full.user, "us@er");
  EXPECT_EQ(full.password, "p:ss");
  EXPECT_EQ(full.host, "example.org");
  EXPECT_EQ(full.port, 7000);
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(full.shown(), "example.org:7000/3");
  EXPECT_EQ(parseAddress("redis://[::1]:6380").host, "::1");
  EXPECT_EQ(parseAddress("redis://localhost").port, 6379);
  const Address socket = parseAddress("redis+unix://:secret@/run/r.sock?db=2");
  EXPECT_EQ(socket.unixPath, "/run/r.sock");
  EXPECT_EQ(socket.password, "secret");
  EXPECT_EQ(socket.database, 2);
}

TEST(RedisAddress, RefusesWhatItCantRead) {
  for (const char* url :
       {"redis://", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/x", "redis+unix://relative",
        "redis+unix:///s?x=1", "redis://nopassword@h", "http://h", "redis://[::1"}) {
    EXPECT_THROW(parseAddress(url), ServiceError) << url;
  }
}

class Redis : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
    peer_ = std::make_unique<RedisPeer>("s3cret");
  }
  std::unique_ptr<RedisPeer> peer_;
};

TEST_F(Redis, AKilledServerIsUnavailableAndComesBack) {
  Options options;
  options.pause = std::chrono::milliseconds(0);
  Pool pool(parseAddress(peer_->url()), options);
  pool.command({"SET", "k", "v"});
  peer_->kill();
  try {
    pool.command({"GET", "k"});
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos);
  }
  peer_->start();
  EXPECT_EQ(pool.command({"GET", "k"}).type, Reply::Type::nil);
}

TEST_F(Redis, AConnectionThatTimedOutIsDroppedWithItsLateAnswer) {
  Options options;
  options.connections = 1;
  options.commandTimeout = std::chrono::milliseconds(150);
  options.pause = std::chrono::milliseconds(0);
  Pool pool(parseAddress(peer_->url()), options);
  pool.command({"SET", "a", "answer of a"});
  pool.command({"SET", "b", "answer of b"});
  peer_->freeze();
  try {
    pool.command({"GET", "a"});
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::timeout) << error.what();
  }
  peer_->thaw();
  std::string got;
  for (int i = 0; i < 50 && got.empty(); ++i) {  // a loaded machine may need more than one timeout to answer again
    try {
      got = pool.command({"GET", "b"}).text;
    } catch (const ServiceError&) {
    }
  }
  EXPECT_EQ(got, "answer of b");
}

TEST_F(Redis, AServerThatHangsHoldsUpOneCallAndNotEveryCall) {
  Options options;
  options.commandTimeout = std::chrono::milliseconds(300);
  options.pause = std::chrono::hours(1);
  Pool pool(parseAddress(peer_->url()), options);
  pool.command({"SET", "a", "1"});
  peer_->freeze();
  EXPECT_THROW(pool.command({"GET", "a"}), ServiceError);
  peer_->thaw();  // it would answer: the refusals show that no call reaches it
  for (int i = 0; i < 100; ++i) {
    try {
      pool.command({"GET", "a"});
      FAIL() << "it was asked";
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      EXPECT_EQ(error.retryAfter(), 1);
    }
  }
}

TEST_F(Redis, ScriptsAreLoadedWhenTheServerForgotThem) {
  Pool pool(parseAddress(peer_->url()));
  const Script script("return {KEYS[1], ARGV[1], 7}");
  for (int round = 0; round < 2; ++round) {
    const Reply reply = pool.eval(script, {"key"}, {"argument"});
    ASSERT_EQ(reply.items.size(), 3u);
    EXPECT_EQ(reply.items[1].text, "argument");
    EXPECT_EQ(reply.items[2].integer, 7);
    pool.command({"SCRIPT", "FLUSH"});
  }
}

TEST_F(Redis, ErrorRepliesKeepTheirKind) {
  Pool pool(parseAddress(peer_->url()));
  const auto kindOf = [&](const Arguments& command) {
    try {
      pool.command(command);
    } catch (const ServiceError& error) {
      return static_cast<int>(error.kind());
    }
    return -1;
  };
  EXPECT_EQ(kindOf({"NOSUCHCOMMAND"}), static_cast<int>(ErrorKind::invalid));
  pool.command({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(kindOf({"SET", "a", "b"}), static_cast<int>(ErrorKind::unavailable));
  pool.command({"REPLICAOF", "NO", "ONE"});
  pool.command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(kindOf({"SET", "a", "b"}), static_cast<int>(ErrorKind::full));
  Address wrong = parseAddress(peer_->url());
  wrong.password = "wrong";
  Pool denied(wrong);
  EXPECT_THROW(denied.command({"PING"}), ServiceError);
}

}  // namespace
}  // namespace mortise::services::redis
