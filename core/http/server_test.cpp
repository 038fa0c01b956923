// The server over real sockets: ordinary exchanges, framing, bodies, files, limits of time, draining.
#include "core/http/server.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zlib.h>

#include <atomic>
#include <thread>
#include <tuple>

#include "core/base/file_source.hpp"
#include "core/http/http_testing.hpp"

namespace mortise::http {
namespace {

using namespace test;
using Kind = Application::Verdict::Kind;

std::shared_ptr<ByteSource> makeFile(const std::string& content) {
  char name[] = "/tmp/mortise-http-test-XXXXXX";
  const int fd = ::mkostemp(name, O_CLOEXEC);
  ::unlink(name);
  EXPECT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  return std::make_shared<FileSource>(UniqueFd(fd), content.size());
}

std::string pattern(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::size_t openDescriptors() {
  std::size_t count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
  return count;
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  Client client = connect();
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client.get("/hello", "X-Request-Id: req-" + std::to_string(i) + "\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{\"hello\":\"world\"}");
    EXPECT_EQ(answer.field("x-request-id"), "req-" + std::to_string(i));
    EXPECT_FALSE(answer.field("date").empty());
    EXPECT_EQ(answer.field("connection"), "");
  }
  const Answer answer = client.get("/hello", "X-Request-Id: not sane\r\n");
  EXPECT_EQ(answer.field("x-request-id").size(), 32u) << "an odd id is replaced";
  const Answer last = client.get("/hello", "Connection: close\r\n");
  EXPECT_EQ(last.field("connection"), "close");
  EXPECT_TRUE(client.closedByServer());
  EXPECT_EQ(server->counters().requests.load(), 5u);
}

TEST_F(ServerTest, ClosesForHttp10UnlessAskedToKeep) {
  start();
  Client client = connect();
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.readAnswer().field("connection"), "keep-alive");
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.readAnswer().field("connection"), "close");
  EXPECT_TRUE(client.closedByServer());
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderAlsoFromWorkers) {
  std::vector<std::thread> workers;
  app.request = [&](const ExchangePtr& exchange) {
    workers.emplace_back([exchange] { replyText(exchange, std::string(exchange->head().path)); });
  };
  start();
  Client client = connect();
  client.send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /hello "
      "HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.readAnswer().body, "/1");
  EXPECT_EQ(client.readAnswer().body, "/2");
  EXPECT_EQ(client.readAnswer().body, "{\"hello\":\"world\"}");
  EXPECT_EQ(client.readAnswer().body, "/4");
  client.close();
  for (std::thread& worker : workers) worker.join();
}

TEST_F(ServerTest, ReadsAHeadThatComesByteByByte) {
  start();
  Client client = connect();
  for (const char c : std::string("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.readAnswer().status, 200);
}

TEST_F(ServerTest, SendsNoBodyForHeadAndBodylessStatuses) {
  app.request = [](const ExchangePtr& exchange) {
    Reply reply;
    reply.status = exchange->head().path == "/204" ? 204 : exchange->head().path == "/304" ? 304 : 200;
    reply.body = "body";
    exchange->reply(std::move(reply));
  };
  start();
  Client client = connect();
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).field("content-length"), "4");
  const Answer none = client.get("/204");
  EXPECT_EQ(none.status, 204);
  EXPECT_EQ(none.field("content-length"), "");
  EXPECT_EQ(client.get("/304").status, 304);
  EXPECT_EQ(client.get("/hello").status, 200) << "nothing was left in between";
}

TEST_F(ServerTest, ReceivesAChunkedBodyCutAtEveryByte) {
  app.request = [](const ExchangePtr& exchange) { replyText(exchange, std::string(exchange->body())); };
  start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  Client client = connect();
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    client.send(head + body.substr(0, cut));
    // The server has consumed the first piece once it has served another connection after it.
    Client(address).get("/hello", "Connection: close\r\n");
    client.send(body.substr(cut));
    const Answer answer = client.readAnswer();
    ASSERT_EQ(answer.status, 200) << cut;
    ASSERT_EQ(answer.body, "hello world") << cut;
  }
  probe();
}

TEST_F(ServerTest, RefusesBadFramingAndNeverReadsOn) {
  start();
  for (const char* bad :
       {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nXYZ\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    Client client = connect();
    client.send(std::string(bad) + "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    const Answer answer = client.readAnswer();
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(answer.field("connection"), "close");
    client.finish();
    EXPECT_EQ(client.readAll(), "") << "the rest must not be taken for a request";
    EXPECT_FALSE(client.hung());
  }
  for (const Finished& one : app.finished()) EXPECT_NE(one.path, "/hello");
}

TEST_F(ServerTest, HandsOnUnknownMethodsAndRefusesUnknownVersions) {
  app.head = [](const ExchangePtr& exchange) {
    Reply reply;
    reply.status = 405;
    reply.body = std::string(exchange->head().methodText());
    EXPECT_EQ(exchange->head().method, Method::other);
    exchange->reply(std::move(reply));
    return Application::Verdict{};
  };
  start();
  Client method = connect();
  for (const std::string name : {"PROPFIND", "TRACE", "get", "OTHER", "M-SEARCH", "X"}) {
    method.send(name + " /x HTTP/1.1\r\nHost: h\r\n\r\n");
    const Answer answer = method.readAnswer();
    EXPECT_EQ(answer.status, 405) << name;
    EXPECT_EQ(answer.body, name);
  }
  method.send(std::string(500, 'A') + " /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(method.readAnswer().body, std::string(Head::kShownMethod, 'A'));
  Client body = connect();
  body.send("PROPFIND /x HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body.readAnswer().status, 405);
  body.finish();
  EXPECT_EQ(body.readAll(), "") << "its body must not be taken for a request";
  Client version = connect();
  version.send("GET / HTTP/3.0\r\nHost: h\r\n\r\n");
  EXPECT_EQ(version.readAnswer().status, 505);
}

TEST_F(ServerTest, RefusesAnOversizeBodyAtOnceAndNeverParsesIt) {
  app.head = [](const ExchangePtr&) {
    Application::Verdict verdict;
    verdict.plan.limit = 1 << 20;
    return verdict;
  };
  start();
  const std::string filler = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const bool chunked : {false, true}) {
    Client client = connect();
    const auto before = std::chrono::steady_clock::now();
    client.send("POST /big HTTP/1.1\r\nHost: h\r\n" +
                std::string(chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: 20971520\r\n\r\n"));
    std::thread sender([&] {
      std::string block;
      while (block.size() < 65536) block += filler;
      if (chunked) block = "10000\r\n" + block.substr(0, 65536) + "\r\n";
      for (int i = 0; i < 320; ++i) {
        if (::send(client.fd(), block.data(), block.size(), MSG_NOSIGNAL) < 0) break;
      }
    });
    probe();
    const std::string head = client.readUntil("\r\n\r\n");
    if (!head.empty()) {  // the reset that follows 256 KiB of unread body may arrive first
      EXPECT_EQ(head.substr(9, 3), "413");
    }
    sender.join();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
    client.close();
  }
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  std::size_t refused = 0;
  for (const Finished& one : app.finished()) refused += one.path == "/big" && one.status == 413 ? 1 : 0;
  EXPECT_EQ(refused, 2u);
  EXPECT_EQ(server->counters().requests.load(), 4u) << "two uploads, two probes, nothing out of a body";
}

TEST_F(ServerTest, RefusesHugeHeadsQuickly) {
  start();
  const auto before = std::chrono::steady_clock::now();
  Client client = connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(1 << 20, 'a') + "\r\n\r\n");
  const Answer answer = client.readAnswer();
  EXPECT_TRUE(answer.status == 431 || answer.status == 0);
  Client slashes = connect();
  slashes.send("GET " + std::string(30'000, '/') + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(slashes.readAnswer().status, 414);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  probe();
}

TEST_F(ServerTest, AsksForTheBodyOnlyOnceItIsWanted) {
  app.head = [](const ExchangePtr& exchange) {
    if (exchange->head().path == "/no") replyText(exchange, "refused", 403);
    Application::Verdict verdict;
    verdict.plan.limit = 100;
    return verdict;
  };
  app.request = [](const ExchangePtr& exchange) { replyText(exchange, std::string(exchange->body())); };
  start();
  Client client = connect();
  client.send("POST /yes HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).status, 100);
  client.send("body");
  EXPECT_EQ(client.readAnswer().body, "body");
  client.send("POST /no HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const Answer refused = client.readAnswer();
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.field("connection"), "close");
  Client large = connect();
  large.send("POST /yes HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n");
  EXPECT_EQ(large.readAnswer().status, 413);
}

TEST_F(ServerTest, WaitsForAdmission) {
  std::mutex mutex;
  ExchangePtr held;
  app.head = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    held = exchange;
    return Application::Verdict{Kind::wait, {}};
  };
  app.request = [](const ExchangePtr& exchange) { replyText(exchange, "got " + std::string(exchange->body())); };
  start();
  const auto waiting = [&] {
    const std::lock_guard lock(mutex);
    return held != nullptr;
  };
  Client client = connect();
  for (const char* request :
       {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    client.send(request);
    ASSERT_TRUE(eventually(waiting));
    probe();
    ExchangePtr exchange;
    {
      const std::lock_guard lock(mutex);
      exchange = std::move(held);
      held = nullptr;
    }
    exchange->admit(BodyPlan());
    EXPECT_EQ(client.readAnswer().body, request[0] == 'P' ? "got body" : "got ");
  }
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(eventually(waiting));
  replyText(held, "no", 401);
  const Answer refused = client.readAnswer();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.field("connection"), "close") << "its body was never read";
  held.reset();
}

TEST_F(ServerTest, SpoolsABodyIntoAFile) {
  app.head = [](const ExchangePtr&) {
    Application::Verdict verdict;
    verdict.plan.kind = BodyPlan::Kind::spool;
    verdict.plan.limit = 8 << 20;
    return verdict;
  };
  app.request = [](const ExchangePtr& exchange) {
    std::string content(exchange->spooled()->size(), '\0');
    EXPECT_EQ(::pread(exchange->spooled()->fd(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    replyText(exchange, std::move(content));
  };
  start();
  const std::string content = pattern(5 << 20);
  Client client = connect();
  client.send("PUT /file HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
              content);
  EXPECT_TRUE(client.readAnswer().body == content);
}

TEST_F(ServerTest, AnswersAFullDiskWith507) {
  app.head = [](const ExchangePtr&) {
    Application::Verdict verdict;
    verdict.plan.kind = BodyPlan::Kind::spool;
    verdict.plan.limit = 8 << 20;
    return verdict;
  };
  start();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit narrow{100'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &narrow);
  Client client = connect();
  client.send("PUT /file HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x'));
  const Answer answer = client.readAnswer();
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(answer.status, 507);
  EXPECT_EQ(answer.body.substr(0, 12), "storage_full");
  options.spoolDirectory = "/nowhere";
  probe();
}

TEST_F(ServerTest, SplitsAForm) {
  app.head = [](const ExchangePtr& exchange) {
    Application::Verdict verdict;
    verdict.plan.kind = BodyPlan::Kind::multipart;
    verdict.plan.limit = 8 << 20;
    verdict.plan.partLimit = exchange->head().path == "/small" ? 10 : 8 << 20;
    verdict.plan.maxFieldBytes = 100;
    return verdict;
  };
  app.request = [](const ExchangePtr& exchange) {
    std::string summary;
    for (const Part& part : exchange->parts()) {
      summary +=
          part.name + "=" + (part.isFile ? part.filename + ":" + std::to_string(part.file->size()) : part.value) + ";";
    }
    replyText(exchange, summary);
  };
  start();
  const auto post = [&](const std::string& target, const std::string& field, std::size_t size) {
    const std::string form = "--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n" + field +
                             "\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n\r\n" +
                             std::string(size, 'z') + "\r\n--B--\r\n";
    Client client = connect();
    client.send("POST " + target +
                " HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: " +
                std::to_string(form.size()) + "\r\n\r\n" + form);
    return client.readAnswer();
  };
  EXPECT_EQ(post("/form", "title", 300'000).body, "t=title;f=x.bin:300000;");
  EXPECT_EQ(post("/small", "title", 11).status, 413);
  EXPECT_EQ(post("/small", "title", 10).status, 200);
  EXPECT_EQ(post("/form", std::string(101, 'a'), 1).status, 413);
  // What is no form has no parts; what says that it is one, and can't be split, is refused.
  const std::pair<std::string, int> kTypes[] = {{"text/plain", 200},
                                                {"application/json", 200},
                                                {"multipart/mixed; boundary=B", 200},
                                                {"multipart/form-data", 400},
                                                {"multipart/form-data; boundary=", 400}};
  for (const auto& [type, status] : kTypes) {
    Client client = connect();
    client.send("POST /form HTTP/1.1\r\nHost: h\r\nContent-Type: " + type + "\r\nContent-Length: 1\r\n\r\nx");
    const auto answer = client.readAnswer();
    EXPECT_EQ(answer.status, status) << type;
    if (status == 200) {
      EXPECT_EQ(answer.body, "") << type;
    }
  }
}

TEST_F(ServerTest, SurvivesApplicationsThatThrow) {
  app.head = [](const ExchangePtr& exchange) -> Application::Verdict {
    if (exchange->head().path == "/head") throw 42;
    return {};
  };
  app.request = [](const ExchangePtr&) { throw std::runtime_error("secret detail"); };
  start();
  for (const char* path : {"/head", "/request"}) {
    Client client = connect();
    const Answer answer = client.get(path);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  }
  probe();
}

TEST_F(ServerTest, RefusesReplyFieldsThatBreakLines) {
  app.request = [](const ExchangePtr& exchange) {
    Reply reply;
    reply.fields.add("Location", "/x\r\nSet-Cookie: evil=1");
    exchange->reply(std::move(reply));
  };
  start();
  Client client = connect();
  const Answer answer = client.get("/x");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.field("set-cookie"), "");
}

TEST_F(ServerTest, CountsOnlyTheFirstReply) {
  app.request = [](const ExchangePtr& exchange) {
    replyText(exchange, "first");
    Reply second;
    EXPECT_FALSE(exchange->reply(std::move(second)));
    EXPECT_EQ(exchange->startStream(200, Fields(), "", 0s), nullptr);
  };
  start();
  Client client = connect();
  EXPECT_EQ(client.get("/x").body, "first");
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_F(ServerTest, CompressesWhereItIsAllowed) {
  const std::string text = "{\"text\":\"" + std::string(5000, 'a') + "\"}";
  app.request = [&](const ExchangePtr& exchange) {
    Reply reply;
    reply.fields.add("Content-Type", "application/json");
    reply.body = text;
    exchange->reply(std::move(reply));
  };
  start();
  Client client = connect();
  const Answer packed = client.get("/x", "Accept-Encoding: br, gzip;q=0.8\r\n");
  EXPECT_EQ(packed.field("content-encoding"), "gzip");
  EXPECT_EQ(packed.field("vary"), "Accept-Encoding");
  EXPECT_EQ(gunzip(packed.body), text);
  EXPECT_EQ(client.get("/x", "Accept-Encoding: gzip;q=0\r\n").body, text);
}

class FileTest : public ServerTest {
 protected:
  void serve(const std::string& content) {
    file = makeFile(content);
    app.request = [this](const ExchangePtr& exchange) {
      Reply reply;
      reply.fields.add("Content-Type", "application/octet-stream");
      reply.file = FileBody{file, "\"tag\"", 784111777};
      exchange->reply(std::move(reply));
    };
    start();
  }
  std::shared_ptr<ByteSource> file;
};

TEST_F(FileTest, SendsWholeFilesRangesAndConditions) {
  const std::string content = pattern(3 << 20);
  serve(content);
  Client client = connect();
  Answer whole = client.get("/f");
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.body == content);
  EXPECT_EQ(whole.field("etag"), "\"tag\"");
  EXPECT_EQ(whole.field("accept-ranges"), "bytes");
  EXPECT_EQ(whole.field("last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  const Answer part = client.get("/f", "Range: bytes=1000000-1999999\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.field("content-range"), "bytes 1000000-1999999/3145728");
  EXPECT_TRUE(part.body == content.substr(1'000'000, 1'000'000));
  const Answer outside = client.get("/f", "Range: bytes=9000000-\r\n");
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(outside.field("content-range"), "bytes */3145728");
  const Answer same = client.get("/f", "If-None-Match: \"tag\"\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.field("etag"), "\"tag\"");
  client.send("HEAD /f HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).field("content-length"), "3145728");
  client.send(
      "GET /f HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9\r\n\r\nGET /f HTTP/1.1\r\nHost: h\r\nRange: bytes=-10\r\n\r\n");
  EXPECT_EQ(client.readAnswer().body, content.substr(0, 10));
  EXPECT_EQ(client.readAnswer().body, content.substr(content.size() - 10));
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_F(FileTest, SendsAnEmptyFile) {
  serve("");
  Client client = connect();
  EXPECT_EQ(client.get("/f").field("content-length"), "0");
  EXPECT_EQ(client.get("/f", "Range: bytes=0-0\r\n").status, 416);
}

TEST_F(FileTest, CutsTheConnectionWhenTheFileShrinks) {
  serve(std::string(30 << 20, 'x'));
  Client client = connect(4096);
  client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(client.readUntil("\r\n\r\n").substr(9, 3), "200");
  ASSERT_EQ(::ftruncate(file->fd(), 1 << 20), 0);
  const std::string got = client.readAll();
  EXPECT_FALSE(client.hung());
  EXPECT_LT(got.size(), std::size_t{30} << 20);
  probe();
}

TEST_F(FileTest, LeaksNothingWhenDownloadsAreAborted) {
  serve(std::string(20 << 20, 'x'));
  probe();
  ASSERT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  const std::size_t before = openDescriptors();
  for (int i = 0; i < 30; ++i) {
    Client client = connect(4096);
    client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
    client.readUntil("\r\n\r\n");
    if (i % 2) client.reset();
  }
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  EXPECT_TRUE(eventually([&] { return openDescriptors() == before; }));
  probe();
}

TEST_F(ServerTest, ServesOthersWhileAClientDoesNotRead) {
  options.writeTimeout = 300ms;
  const std::string big(30 << 20, 'x');
  app.request = [&](const ExchangePtr& exchange) { replyText(exchange, big); };
  options.maxResponseBuffer = 64 << 20;
  start();
  Client lazy = connect(4096);
  lazy.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  lazy.readUntil("\r\n\r\n");
  for (int i = 0; i < 5; ++i) probe();
  EXPECT_TRUE(eventually([&] { return server->counters().droppedSlow.load() == 1; })) << "no progress: dropped";
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
}

TEST_F(ServerTest, MovesAHugeReplyIntoAFile) {
  options.maxResponseBuffer = 1 << 20;
  const std::string big = pattern(5 << 20);
  app.request = [&](const ExchangePtr& exchange) { replyText(exchange, big); };
  start();
  Client client = connect();
  const Answer answer = client.get("/big");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == big);
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST_F(ServerTest, DropsTheConnectionThatCrossesTheTotalBuffer) {
  options.totalBuffer = 8 << 20;
  options.maxResponseBuffer = 64 << 20;
  const std::string big(12 << 20, 'x');
  app.request = [&](const ExchangePtr& exchange) { replyText(exchange, big); };
  start();
  Client lazy = connect(4096);
  lazy.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server->counters().droppedSlow.load() == 1; }));
  probe();
}

TEST_F(ServerTest, CutsSlowAndSilentClients) {
  options.firstByteTimeout = options.headTimeout = options.bodyIdleTimeout = options.idleTimeout = 500ms;
  start();
  Client silent = connect();
  EXPECT_TRUE(silent.closedByServer());
  Client slowHead = connect();
  slowHead.send("GET / HT");
  EXPECT_EQ(slowHead.readAnswer().status, 408);
  Client slowBody = connect();
  slowBody.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nab");
  EXPECT_EQ(slowBody.readAnswer().status, 408);
  Client idle = connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  EXPECT_TRUE(idle.closedByServer());
  Client reused = connect();
  EXPECT_EQ(reused.get("/hello").status, 200);
  reused.send("GET / HT");
  EXPECT_EQ(reused.readAnswer().status, 408) << "the head timer runs on a reused connection too";
}

TEST_F(ServerTest, GivesSlowHandlersAllTheTimeTheyNeed) {
  options.firstByteTimeout = options.headTimeout = options.bodyIdleTimeout = options.idleTimeout = 300ms;
  std::thread worker;
  app.request = [&](const ExchangePtr& exchange) {
    worker = std::thread([exchange] {
      ::usleep(900'000);
      replyText(exchange, "late");
    });
  };
  start();
  Client client = connect();
  EXPECT_EQ(client.get("/slow").body, "late");
  worker.join();
}

TEST_F(ServerTest, TellsAHandlerThatTheClientHasLeft) {
  std::mutex mutex;
  ExchangePtr held;
  std::atomic<int> told{0};
  app.request = [&](const ExchangePtr& exchange) {
    exchange->onClientGone([&] { ++told; });
    const std::lock_guard lock(mutex);
    held = exchange;
  };
  start();
  const auto handling = [&] {
    const std::lock_guard lock(mutex);
    return held != nullptr;
  };
  Client client = connect();
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually(handling));
  EXPECT_FALSE(held->clientGone());
  client.reset();
  EXPECT_TRUE(eventually([&] { return told == 1; }));
  EXPECT_TRUE(held->clientGone());
  replyText(held, "the client is gone");
  held.reset();
  probe();
  EXPECT_EQ(told, 1);
}

TEST_F(ServerTest, AnswersAHalfClosedClient) {
  std::thread worker;
  app.request = [&](const ExchangePtr& exchange) {
    worker = std::thread([exchange] {
      while (!exchange->clientGone()) ::usleep(1000);
      replyText(exchange, "still here");
    });
  };
  start();
  Client client = connect();
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish();
  EXPECT_EQ(client.readAnswer().body, "still here");
  EXPECT_TRUE(client.closedByServer());
  worker.join();
}

TEST_F(ServerTest, NeverGivesALateReplyToTheNextOwnerOfTheDescriptor) {
  std::mutex mutex;
  std::vector<ExchangePtr> held;
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    held.push_back(exchange);
  };
  start();
  for (int round = 0; round < 20; ++round) {
    Client first = connect();
    first.send("GET /secret HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return !held.empty();
    }));
    first.reset();
    ASSERT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
    Client second = connect();  // reuses the number: it is the lowest free one
    std::thread worker([&] { replyText(held.back(), std::string(200'000, 's')); });
    worker.join();
    held.clear();
    EXPECT_EQ(second.get("/hello").body, "{\"hello\":\"world\"}");
    EXPECT_EQ(second.buffer(), "");
  }
}

TEST_F(ServerTest, SurvivesAResetInEveryState) {
  std::mutex mutex;
  std::vector<ExchangePtr> held;
  std::vector<std::shared_ptr<Stream>> streams;
  const std::string big(8 << 20, 'x');
  app.head = [&](const ExchangePtr& exchange) {
    if (exchange->head().path == "/wait") {
      const std::lock_guard lock(mutex);
      held.push_back(exchange);
      return Application::Verdict{Kind::wait, {}};
    }
    return Application::Verdict{};
  };
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    if (exchange->head().path == "/big") return replyText(exchange, big);
    if (exchange->head().path == "/stream") {
      streams.push_back(exchange->startStream(200, Fields(), "", 0s));
      streams.back()->send(std::make_shared<const std::string>("hello"));
      return;
    }
    if (exchange->head().path == "/ws") {
      exchange->upgrade({}, {}, Fields());
      return;
    }
    held.push_back(exchange);
  };
  start();
  for (int round = 0; round < 5; ++round) {
    for (const char* bytes : {"", "GET / HT", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
                              "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n", "GET /handling HTTP/1.1\r\nHost: h\r\n\r\n",
                              "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n",
                              "GET /bad HTTP/9.9\r\n\r\n"}) {
      Client client = connect(4096);
      client.send(bytes);
      if (round % 2) ::usleep(2000);
      client.reset();
    }
    Client socket = connect();
    EXPECT_TRUE(socket.upgrade("/ws", maskedFrame(0x1, "part", false)));
    socket.reset();
    probe();
  }
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  EXPECT_EQ(server->counters().streams.load(), 0u);
  EXPECT_EQ(server->counters().webSockets.load(), 0u);
  const std::lock_guard lock(mutex);
  for (const ExchangePtr& exchange : held) replyText(exchange, "late");
}

TEST_F(ServerTest, HoldsTwoThousandIdleConnections) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_GE(limit.rlim_cur, 4200u);
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 2000; ++i) {
    clients.push_back(connect());
    if (i % 100 == 0) {
      ASSERT_EQ(clients.back().get("/hello").status, 200);
    }
  }
  probe();
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() >= 2000; }));
  for (std::size_t i = 0; i < clients.size(); i += 97) EXPECT_EQ(clients[i].get("/hello").status, 200);
}

TEST_F(ServerTest, OutlivesTheEndOfDescriptors) {
  start();
  Client before = connect();
  EXPECT_EQ(before.get("/hello").status, 200);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  std::vector<int> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ::inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
  // The limit is the highest number in use: no lower descriptor may be free either.
  std::vector<int> fillers;
  const rlimit narrow{static_cast<rlim_t>(waiting.back()) + 1, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &narrow);
  for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fillers.push_back(fd);
  for (const int fd : waiting) std::ignore = ::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name);
  EXPECT_TRUE(eventually([&] { return server->counters().refusedConnections.load() > 0; }));
  EXPECT_EQ(before.get("/hello").status, 200) << "old connections are served";
  ::setrlimit(RLIMIT_NOFILE, &old);
  for (const int fd : fillers) ::close(fd);
  for (const int fd : waiting) ::close(fd);
  probe();
}

TEST_F(ServerTest, RefusesConnectionsOverTheLimit) {
  options.maxConnections = 3;
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().get("/hello").status, 200);
  }
  Client fourth = connect();
  const Answer answer = fourth.readAnswer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("connection"), "close");
  fourth.close();
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 2; }));
  EXPECT_EQ(connect().get("/hello").status, 200);
}

TEST_F(ServerTest, ListensOnIpv6AndUnixSockets) {
  char directory[] = "/tmp/mortise-http-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/socket";
  options.listen = {"127.0.0.1:0", "[::1]:0", "unix:" + path};
  std::mutex mutex;
  std::vector<std::string> peers;
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    peers.push_back(exchange->peer().address);
    replyText(exchange, "ok");
  };
  {
    // A file that a dead process left behind.
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ::close(stale);
  }
  start();
  ASSERT_EQ(server->addresses().size(), 3u);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  for (const std::string& one : server->addresses()) EXPECT_EQ(Client(one).get("/x").body, "ok") << one;
  EXPECT_EQ(peers, (std::vector<std::string>{"127.0.0.1", "::1", "unix"}));
  ScriptedApplication other;
  ServerOptions same;
  same.listen = {"unix:" + path};
  Server second(same, other);
  EXPECT_THROW(second.start(), std::runtime_error) << "another server answers there";
  server->stop();
  EXPECT_NE(::stat(path.c_str(), &info), 0) << "the socket file goes with the server";
  ::rmdir(directory);
}

TEST_F(ServerTest, AUnixSocketGetsTheModeAndGroupThatTheOperatorChose) {
  char directory[] = "/tmp/mortise-http-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/socket";
  options.listen = {"127.0.0.1:0", "unix:" + path};
  options.socketFile.mode = 0606;
  options.socketFile.group = ::getegid() == 0 ? 12345 : ::getegid();  // root may give any
  start();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0606u);
  EXPECT_EQ(info.st_gid, *options.socketFile.group);
  server->stop();
  ::rmdir(directory);
}

TEST_F(ServerTest, NamesTheAddressItCannotTake) {
  start();
  ScriptedApplication other;
  for (const std::string& bad : {address, std::string("nonsense"), std::string("::1:80"), std::string("unix:")}) {
    ServerOptions same;
    same.listen = {bad};
    Server second(same, other);
    try {
      second.start();
      ADD_FAILURE() << bad;
    } catch (const std::runtime_error& failure) {
      EXPECT_NE(std::string(failure.what()).find(bad), std::string::npos) << failure.what();
    }
  }
}

TEST_F(ServerTest, DrainsLettingRequestsFinish) {
  std::mutex mutex;
  ExchangePtr held;
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    held = exchange;
  };
  start();
  Client idle = connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  Client busy = connect();
  busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return held != nullptr;
  }));
  std::size_t cut = 99;
  std::thread drainer([&] { cut = server->drain(5s); });
  EXPECT_TRUE(idle.closedByServer());
  EXPECT_FALSE(Client(address).connected()) << "no new connection is accepted";
  replyText(held, "done");
  held.reset();
  const Answer answer = busy.readAnswer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("connection"), "close");
  drainer.join();
  EXPECT_EQ(cut, 0u);
}

TEST_F(ServerTest, CutsWhatDoesNotFinishInTime) {
  std::mutex mutex;
  ExchangePtr held;
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    held = exchange;
  };
  start();
  Client busy = connect();
  busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return held != nullptr;
  }));
  EXPECT_EQ(server->drain(50ms), 1u);
  Reply late;
  EXPECT_FALSE(held->reply(std::move(late))) << "after the end there is no thread to send it";
  EXPECT_TRUE(held->clientGone());
}

TEST_F(ServerTest, WorksWithTwoIoThreads) {
  options.ioThreads = 2;
  std::vector<std::thread> workers;
  std::mutex mutex;
  app.request = [&](const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    workers.emplace_back([exchange] { replyText(exchange, "worker"); });
  };
  start();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      Client client(address);
      for (int n = 0; n < 20; ++n) good += client.get(n % 2 ? "/x" : "/hello").status == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 160);
  server->stop();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace
}  // namespace mortise::http
