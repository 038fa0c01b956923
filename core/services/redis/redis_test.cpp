#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "core/services/redis/redis.hpp"
#include "core/services/redis/redis_testing.hpp"

namespace mortise::services::redis {

bool RedisPeer::installed() { return ::access("/usr/bin/redis-server", X_OK) == 0; }

RedisPeer::RedisPeer(const std::string& password, bool sentinel) : password_(password), sentinel_(sentinel) {
  if (sentinel_) std::ofstream(directory_.path() + "/sentinel.conf") << "dir " << directory_.path() << '\n';
  peers::giveToNobody(directory_.path());
  if (sentinel_) peers::giveToNobody(directory_.path() + "/sentinel.conf");
  start();
}

std::string RedisPeer::control(std::vector<std::string> command, const std::string& password) {
  const auto out = directory_.path() + "/cli";
  ::unlink(out.c_str());
  std::vector<std::string> whole{"/usr/bin/redis-cli", "-s", directory_.path() + "/r.sock"};
  const auto& login = password.empty() ? password_ : password;
  if (!login.empty()) whole.insert(whole.end(), {"--no-auth-warning", "-a", login});
  whole.insert(whole.end(), command.begin(), command.end());
  peers::Process cli({whole, directory_.path(), true, out});
  if (cli.wait(std::chrono::seconds(10)) != 0) throw std::runtime_error("redis-cli failed: " + command.front());
  std::ifstream text(out);
  return {std::istreambuf_iterator<char>(text), {}};
}

void RedisPeer::start() {
  const std::string& path = directory_.path();
  peers::Launch launch;
  launch.command = {"/usr/bin/redis-server"};
  if (sentinel_) launch.command.insert(launch.command.end(), {path + "/sentinel.conf", "--sentinel"});
  launch.command.insert(launch.command.end(),
                        {"--port", "0", "--unixsocket", path + "/r.sock", "--unixsocketperm", "777", "--dir", path,
                         "--save", "", "--appendonly", "no", "--daemonize", "no"});
  if (!password_.empty()) launch.command.insert(launch.command.end(), {"--requirepass", password_});
  launch.directory = path;
  launch.log = path + "/log";
  process_ = std::make_unique<peers::Process>(launch);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline && process_->running()) {
    try {
      if (control({"PING"}).starts_with("PONG")) return;
    } catch (const std::runtime_error&) {  // not yet
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
  Pool patient(parseAddress(peer_->url()), {});
  patient.command({"SET", "a", "answer of a"});
  patient.command({"SET", "b", "answer of b"});
  // A loaded machine may need more than one timeout to answer.
  const auto ask = [&](const char* key) {
    for (int i = 0; i < 50; ++i) {
      try {
        return pool.command({"GET", key}).text;
      } catch (const ServiceError&) {
      }
    }
    return std::string();
  };
  EXPECT_EQ(ask("a"), "answer of a");
  peer_->freeze();
  try {
    pool.command({"GET", "a"});
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::timeout) << error.what();
  }
  peer_->thaw();
  EXPECT_EQ(ask("b"), "answer of b");
}

TEST_F(Redis, AServerThatHangsHoldsUpOneCallAndNotEveryCall) {
  Options options;
  options.commandTimeout = std::chrono::milliseconds(300);
  options.pause = std::chrono::hours(1);
  Pool pool(parseAddress(peer_->url()), options);
  Pool(parseAddress(peer_->url()), {}).command({"SET", "a", "1"});
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
  Options options;
  options.pause = std::chrono::milliseconds(0);
  Pool pool(parseAddress(peer_->url()), options);
  const auto kindOf = [&](const Arguments& command) {
    try {
      pool.command(command);
    } catch (const ServiceError& error) {
      return static_cast<int>(error.kind());
    }
    return -1;
  };
  EXPECT_EQ(kindOf({"NOSUCHCOMMAND"}), static_cast<int>(ErrorKind::invalid));
  peer_->control({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(kindOf({"SET", "a", "b"}), static_cast<int>(ErrorKind::unavailable));
  peer_->control({"REPLICAOF", "NO", "ONE"});
  pool.command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(kindOf({"SET", "a", "b"}), static_cast<int>(ErrorKind::full));
  Address wrong = parseAddress(peer_->url());
  wrong.password = "wrong";
  Pool denied(wrong);
  EXPECT_THROW(denied.command({"PING"}), ServiceError);
}

// After a switch the old server still answers PING and GET.
TEST_F(Redis, AServerThatBecameAReplicaIsLeftUntilItIsTheMasterAgain) {
  Options options;
  options.pause = std::chrono::milliseconds(0);
  Pool pool(parseAddress(peer_->url()), options);
  const auto failureOf = [&](const auto& work) -> std::string {
    try {
      work();
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
      return error.what();
    }
    return {};
  };
  const Script write("return redis.call('SET', KEYS[1], '1')");
  pool.eval(write, {"k"}, {});
  EXPECT_EQ(pool.moves(), 0u);
  peer_->control({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_NE(failureOf([&] { pool.eval(write, {"k"}, {}); }).find("READONLY"), std::string::npos);
  EXPECT_EQ(pool.moves(), 1u);
  for (int i = 0; i < 3; ++i) {  // reads as well: what they would see may be old
    const auto failure = failureOf([&] { pool.command({"GET", "k"}); });
    EXPECT_NE(failure.find("is a replica"), std::string::npos) << failure;
  }
  peer_->control({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(pool.command({"GET", "k"}).text, "1");
  EXPECT_EQ(failureOf([&] { pool.eval(write, {"k"}, {}); }), "");
}

TEST_F(Redis, OtherAnswersOfAWrongServerCloseTheConnectionToo) {
  Options options;
  options.pause = std::chrono::milliseconds(0);
  options.connections = 1;
  Pool pool(parseAddress(peer_->url()), options);
  const auto connection = [&] { return pool.command({"CLIENT", "ID"}).integer; };
  // Scripts say them, as a server at its start, a replica without its master and a cluster without slots would.
  std::uint64_t moves = 0;
  for (const std::string answer :
       {"LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down", "NOAUTH log in first",
        "CLUSTERDOWN Hash slot not served", "READONLY You can't write against a read only replica."}) {
    const auto before = connection();
    const Script script("return redis.error_reply('" + std::string(answer.substr(0, answer.find('\''))) + "')");
    try {
      pool.eval(script, {}, {});
      ADD_FAILURE() << answer;
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    }
    EXPECT_EQ(pool.moves(), ++moves) << answer;
    EXPECT_NE(connection(), before) << answer;
  }
  // These come from the right server, or from one whose connection is no worse than a new one.
  for (const std::string answer : {"MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381", "TRYAGAIN wait",
                                   "NOREPLICAS Not enough good replicas to write.", "MISCONF can't persist"}) {
    const auto before = connection();
    const Script script("return redis.error_reply(\"" + answer + "\")");
    try {
      pool.eval(script, {}, {});
      ADD_FAILURE() << answer;
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    }
    EXPECT_EQ(connection(), before) << answer;
  }
  EXPECT_EQ(pool.moves(), moves);
}

TEST_F(Redis, AConnectionThatWasInUseWhenTheServerTurnedOutWrongIsNotKept) {
  Options options;
  options.pause = std::chrono::milliseconds(0);
  options.commandTimeout = std::chrono::seconds(60);
  Pool pool(parseAddress(peer_->url()), options);
  const auto connection = [&] { return pool.command({"CLIENT", "ID"}).integer; };
  for (const std::string answer : {"READONLY You can't write against a read only replica.", "LOADING wait",
                                   "MASTERDOWN Link with MASTER is down", "NOAUTH log in first"}) {
    const auto before = connection();
    std::thread waiting([&] { EXPECT_EQ(pool.command({"BLPOP", "list", "0"}).items.size(), 2u) << answer; });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (peer_->control({"CLIENT", "LIST"}).find("cmd=blpop") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_THROW(pool.eval(Script("return redis.error_reply(\"" + answer + "\")"), {}, {}), ServiceError) << answer;
    peer_->control({"RPUSH", "list", "end"});
    waiting.join();
    EXPECT_NE(connection(), before) << answer << ": it leads to the server that was left";
  }
}

TEST_F(Redis, AServerThatStartedAgainWithAnotherPasswordIsUnavailable) {
  Options options;
  options.pause = std::chrono::milliseconds(0);
  Pool pool(parseAddress(peer_->url()), options);
  pool.command({"SET", "k", "v"});
  peer_->control({"CONFIG", "SET", "requirepass", "another"});
  peer_->control({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}, "another");
  try {
    pool.command({"GET", "k"});
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos) << error.what();
  }
  peer_->control({"CONFIG", "SET", "requirepass", "s3cret"}, "another");
  EXPECT_EQ(pool.command({"GET", "k"}).text, "v");
}

TEST_F(Redis, ASentinelIsNoServer) {
  const RedisPeer sentinel({}, true);
  Pool pool(parseAddress(sentinel.url()));
  try {
    pool.command({"SET", "a", "b"});
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    EXPECT_NE(std::string(error.what()).find("is a sentinel"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace mortise::services::redis
