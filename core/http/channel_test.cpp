// Connections that stay open: streams and WebSockets over real sockets.
#include <atomic>
#include <thread>

#include "core/http/http_testing.hpp"
#include "core/http/websocket_frame.hpp"

namespace mortise::http {
namespace {

using namespace test;

std::shared_ptr<const std::string> bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

class StreamTest : public ServerTest {
 protected:
  void serve(const std::string& heartbeat = "", std::chrono::seconds every = 0s) {
    app.request = [this, heartbeat, every](const ExchangePtr& exchange) {
      Fields fields;
      fields.add("Content-Type", "text/event-stream");
      auto stream = exchange->startStream(200, fields, heartbeat, every);
      stream->onClosed([this] { ++closed; });
      stream->onDrained([this] { ++drained; });
      const std::lock_guard lock(mutex);
      streams.push_back(std::move(stream));
    };
    start();
  }
  std::shared_ptr<Stream> stream(std::size_t index = 0) {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return streams.size() > index;
    }));
    const std::lock_guard lock(mutex);
    return streams.at(index);
  }
  std::mutex mutex;
  std::vector<std::shared_ptr<Stream>> streams;
  std::atomic<int> closed{0};
  std::atomic<int> drained{0};
};

TEST_F(StreamTest, SendsFromAnyThreadAndEndsProperly) {
  serve();
  Client client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(out->send(bytes("data: " + std::to_string(i) + "\n\n")));
    EXPECT_TRUE(out->send(bytes(std::string(100'000, 'x'))));
    out->close();
    EXPECT_FALSE(out->send(bytes("late")));
  });
  const Answer answer = client.readAnswer();
  producer.join();
  EXPECT_EQ(answer.field("x-accel-buffering"), "no");
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += "data: " + std::to_string(i) + "\n\n";
  EXPECT_TRUE(answer.body == expected + std::string(100'000, 'x'));
  EXPECT_EQ(client.get("/hello").status, 200) << "the connection goes on";
  EXPECT_EQ(closed, 1);
  EXPECT_FALSE(out->open());
  int again = 0;
  out->onClosed([&] { ++again; });
  probe();
  EXPECT_EQ(again, 1) << "at once, when it is over already";
  ASSERT_FALSE(app.finished().empty());
  EXPECT_EQ(app.finished()[0].status, 200);
  EXPECT_TRUE(app.finished()[0].completed);
}

TEST_F(StreamTest, EndsAnHttp10StreamByClosing) {
  serve();
  Client client = connect();
  client.send("GET /events HTTP/1.0\r\n\r\n");
  const auto out = stream();
  out->send(bytes("one "));
  out->send(bytes("two"));
  out->close();
  const Answer answer = client.readAnswer();
  EXPECT_EQ(answer.field("transfer-encoding"), "");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.body, "one two");
}

// What a client sees of a body that is cut: no last chunk, or a reset where only the end of the connection ends the body.
TEST_F(StreamTest, AnAbortedStreamLooksCut) {
  serve();
  std::size_t index = 0;
  for (const char* version : {"1.1", "1.0"}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{500} << 10}) {
      SCOPED_TRACE(std::string(version) + " " + std::to_string(size));
      Client client = connect();
      client.send("GET /events HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n");
      const auto out = stream(index++);
      if (size > 0) {
        EXPECT_TRUE(out->send(bytes(std::string(size, 'x'))));
      }
      out->abort();
      EXPECT_FALSE(out->send(bytes("late")));
      EXPECT_FALSE(out->open());
      out->close();                                               // too late to look whole
      EXPECT_FALSE(client.readAll().ends_with("\r\n0\r\n\r\n"));  // a request id may end with 0
      EXPECT_FALSE(client.hung());
      if (std::string_view(version) == "1.0") {
        EXPECT_TRUE(client.wasReset());
      }
      EXPECT_TRUE(eventually([&] { return closed == static_cast<int>(index); })) << "its producer is told";
    }
  }
  EXPECT_EQ(server->counters().streams.load(), 0u);
  for (const Finished& one : app.finished()) EXPECT_FALSE(one.completed);
}

TEST_F(StreamTest, AbortedInsideItsHandlerOrAfterItsCloseIsCutOnlyInTime) {
  app.request = [](const ExchangePtr& exchange) {
    const auto out = exchange->startStream(200, Fields(), "", 0s);
    out->send(bytes("half"));
    if (exchange->head().path == "/closed") out->close();
    out->abort();
  };
  start();
  Client cut = connect();
  cut.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string received = cut.readAll();
  EXPECT_TRUE(received.ends_with("4\r\nhalf\r\n")) << "what was sent before arrives: " << received;
  Client whole = connect();
  EXPECT_EQ(whole.get("/closed").body, "half");
  EXPECT_EQ(whole.get("/closed").body, "half") << "the connection goes on";
}

TEST_F(StreamTest, ClosedInsideItsHandlerIsAShortBody) {
  app.request = [](const ExchangePtr& exchange) {
    const auto out = exchange->startStream(200, Fields(), "", 0s);
    for (int i = 0; i < 60; ++i)
      EXPECT_EQ(out->send(bytes(std::string(20'000, 'y'))), exchange->head().method == Method::get);
    out->close();
  };
  start();
  Client client = connect();
  EXPECT_EQ(client.get("/x").body.size(), 1'200'000u)
      << "a producer on the I/O thread does not outrun a client that reads";
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).status, 200);
  EXPECT_EQ(client.get("/hello").status, 200) << "a HEAD request gets no stream";
}

TEST_F(StreamTest, NoticesAClientThatLeavesAtOnce) {
  serve();
  for (const bool reset : {false, true}) {
    Client client = connect();
    client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\nGET /unread HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto out = stream(reset ? 1 : 0);
    out->send(bytes("x"));
    client.readUntil("x");
    EXPECT_TRUE(out->open());
    if (reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(eventually([&] { return closed == (reset ? 2 : 1); }));
    EXPECT_FALSE(out->open());
    EXPECT_FALSE(out->send(bytes("y")));
  }
  EXPECT_EQ(server->counters().streams.load(), 0u);
  for (const Finished& one : app.finished()) EXPECT_FALSE(one.completed);
}

TEST_F(StreamTest, DropsAClientThatDoesNotRead) {
  options.streamBuffer = 1 << 20;
  serve();
  Client lazy = connect(4096);
  lazy.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  const auto piece = bytes(std::string(64 << 10, 'x'));
  EXPECT_TRUE(eventually([&] { return !out->send(piece); }));
  probe();
  EXPECT_TRUE(eventually([&] { return closed == 1; }));
  EXPECT_EQ(server->counters().droppedSlow.load(), 1u);
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
}

TEST_F(StreamTest, TellsAProducerWhenTheQueueHasDrained) {
  options.streamBuffer = 64 << 20;
  serve();
  Client client = connect(4096);
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  // At once: of many pieces, those that come later than the sockets take the first ones find the queue drained.
  constexpr std::size_t kSize = 16 << 20;
  ASSERT_TRUE(out->send(bytes(std::string(kSize, 'x'))));
  EXPECT_TRUE(eventually([&] { return out->queuedBytes() > 0; }));
  EXPECT_EQ(drained, 0);
  out->close();
  EXPECT_EQ(client.readAnswer().body.size(), kSize);
}

TEST_F(StreamTest, CallsOnDrainedOnceTheClientReads) {
  options.streamBuffer = 64 << 20;
  serve();
  Client client = connect(4096);
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  const auto piece = bytes(std::string(1 << 20, 'x'));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(out->send(piece));
  std::atomic<bool> ended{false};
  std::thread reader([&] {
    std::string& buffer = client.buffer();
    while (client.more()) {
      if (buffer.size() >= 5 && buffer.compare(buffer.size() - 5, 5, "0\r\n\r\n") == 0) {
        ended = true;
        return;
      }
      buffer.erase(0, buffer.size() - std::min<std::size_t>(buffer.size(), 4));
    }
  });
  EXPECT_TRUE(eventually([&] { return drained >= 1; }));
  out->close();
  reader.join();
  EXPECT_TRUE(ended) << "the last chunk comes behind everything queued";
}

TEST_F(StreamTest, SendsHeartbeats) {
  serve(": beat\n\n", 1s);
  Client client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  client.readUntil("\r\n\r\n");
  EXPECT_EQ(client.readUntil("\n\n\r\n"), "8\r\n: beat\n\n\r\n");
  stream()->close();
}

TEST_F(StreamTest, SharesOneEventAmongManyStreams) {
  serve();
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(connect());
    clients.back().send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  stream(99);
  EXPECT_EQ(server->counters().streams.load(), 100u);
  for (int n = 0; n < 10; ++n) {
    const auto event = bytes("data: " + std::to_string(n) + std::string(600, '.') + "\n\n");
    for (const auto& one : streams) EXPECT_TRUE(one->send(event));
  }
  for (Client& client : clients) EXPECT_NE(client.readUntil("data: 9" + std::string(600, '.')), "");
}

TEST_F(StreamTest, EndsStreamsOfEventsWhenDraining) {
  serve(": beat\n\n", 15s);
  Client client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  out->send(bytes("last words"));
  std::size_t cut = 99;
  std::thread drainer([&] { cut = server->drain(5s); });
  EXPECT_EQ(client.readAnswer().body, "last words");
  client.close();
  drainer.join();
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(closed, 1);
}

// A download that looks whole must be whole.
TEST_F(StreamTest, LeavesADownloadToItsProducerWhenDraining) {
  serve();
  Client idle = connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  Client client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto out = stream();
  EXPECT_TRUE(out->send(bytes("first half, ")));
  std::size_t cut = 99;
  std::thread drainer([&] { cut = server->drain(10s); });
  EXPECT_TRUE(idle.closedByServer()) << "the drain has begun";
  EXPECT_TRUE(out->send(bytes("second half")));
  out->close();
  const Answer answer = client.readAnswer();
  EXPECT_EQ(answer.body, "first half, second half");
  EXPECT_TRUE(client.closedByServer());
  client.close();
  drainer.join();
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(closed, 1);
}

TEST_F(StreamTest, CutsADownloadThatIsNotWholeWhenTheDrainEnds) {
  serve();
  Client chunked = connect();
  chunked.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto one = stream();
  Client old = connect();
  old.send("GET /events HTTP/1.0\r\n\r\n");
  const auto two = stream(1);
  for (const auto& out : {one, two}) EXPECT_TRUE(out->send(bytes("half")));
  EXPECT_NE(chunked.readUntil("half\r\n"), "");
  EXPECT_NE(old.readUntil("half"), "");
  EXPECT_EQ(server->drain(50ms), 2u);
  EXPECT_EQ(chunked.readAll().find("0\r\n\r\n"), std::string::npos);
  old.readAll();
  EXPECT_TRUE(old.wasReset());
  EXPECT_EQ(closed, 2);
}

class WebSocketTest : public ServerTest {
 protected:
  void serve(const WebSocket::Options& settings = {}) {
    app.request = [this, settings](const ExchangePtr& exchange) {
      if (!exchange->wantsWebSocket()) return replyText(exchange, "no upgrade", 426);
      WebSocket::Options chosen = settings;
      const auto offered = exchange->offeredSubprotocols();
      if (!offered.empty()) chosen.subprotocol = offered.back();
      auto holder = std::make_shared<std::weak_ptr<WebSocket>>();
      WebSocket::Callbacks callbacks;
      callbacks.onMessage = [holder](Opcode opcode, std::string_view message) {
        if (const auto socket = holder->lock()) {
          if (message == "close me") {
            socket->close(4321, "as you like");
          } else if (message == "throw") {
            throw 1;
          } else {
            socket->send(opcode, std::string(message));
          }
        }
      };
      callbacks.onClosed = [this](int code, std::string_view reason) {
        const std::lock_guard lock(mutex);
        closes.emplace_back(code, std::string(reason));
      };
      auto webSocket = exchange->upgrade(chosen, callbacks, Fields());
      *holder = webSocket;
      const std::lock_guard lock(mutex);
      sockets.push_back(std::move(webSocket));
    };
    start();
  }
  bool sawClose(int code) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return !closes.empty() && closes.back().first == code;
    });
  }
  std::mutex mutex;
  std::vector<std::shared_ptr<WebSocket>> sockets;
  std::vector<std::pair<int, std::string>> closes;
};

using Frame = std::pair<int, std::string>;

TEST_F(WebSocketTest, EchoesMessagesWholeAndInPieces) {
  serve();
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws", maskedFrame(0x1, "behind the head")));
  EXPECT_EQ(client.readFrame(), Frame(1, "behind the head")) << "bytes behind the head are frames";
  client.send(maskedFrame(0x2, std::string("\0\1\2", 3)));
  EXPECT_EQ(client.readFrame(), Frame(2, std::string("\0\1\2", 3)));
  client.send(maskedFrame(0x1, "one ", false) + maskedFrame(0x9, "?") + maskedFrame(0x0, "two", true));
  EXPECT_EQ(client.readFrame(), Frame(0xA, "?"));
  EXPECT_EQ(client.readFrame(), Frame(1, "one two"));
  for (const char c : maskedFrame(0x1, "dripping")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.readFrame(), Frame(1, "dripping"));
  const std::string large(700'000, 'L');
  client.send(maskedFrame(0x1, large));
  EXPECT_TRUE(client.readFrame() == Frame(1, large));
  client.send(maskedFrame(0x8, closePayload(1000, "bye")));
  EXPECT_EQ(client.readFrame(), Frame(8, closePayload(1000, "")));
  EXPECT_TRUE(client.closedByServer());
  EXPECT_TRUE(sawClose(1000));
  EXPECT_EQ(closes.size(), 1u);
  EXPECT_EQ(closes[0].second, "bye");
}

TEST_F(WebSocketTest, AnswersFaultyFramesWithTheirCode) {
  serve();
  std::string unmasked;
  appendFrame(unmasked, 1, "x");
  const std::vector<std::pair<std::string, int>> faults{
      {unmasked, 1002},
      {maskedFrame(0x3, "x"), 1002},
      {maskedFrame(0x1, "\xff"), 1007},
      {maskedFrame(0x2, std::string((1 << 20) + 1, 'x')).substr(0, 20), 1009},
      {maskedFrame(0x1, "throw"), 1011}};
  for (const auto& [fault, code] : faults) {
    Client client = connect();
    ASSERT_TRUE(client.upgrade("/ws"));
    client.send(fault);
    const Frame frame = client.readFrame();
    EXPECT_EQ(frame.first, 8);
    ASSERT_GE(frame.second.size(), 2u);
    EXPECT_EQ(static_cast<unsigned char>(frame.second[0]) << 8 | static_cast<unsigned char>(frame.second[1]), code);
    EXPECT_TRUE(client.closedByServer());
    EXPECT_TRUE(sawClose(code));
  }
  EXPECT_EQ(server->counters().webSockets.load(), 0u);
}

TEST_F(WebSocketTest, ClosesFromTheServerSide) {
  serve();
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws", maskedFrame(0x1, "close me")));
  EXPECT_EQ(client.readFrame(), Frame(8, closePayload(4321, "as you like")));
  client.send(maskedFrame(0x1, "ignored") + maskedFrame(0x8, closePayload(4321, "ok")));
  EXPECT_TRUE(client.closedByServer());
  EXPECT_TRUE(sawClose(4321));
}

TEST_F(WebSocketTest, ReportsACutAs1006) {
  serve();
  for (const bool reset : {false, true}) {
    Client client = connect();
    ASSERT_TRUE(client.upgrade("/ws"));
    if (reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return closes.size() == (reset ? 2u : 1u);
    }));
    EXPECT_EQ(closes.back().first, 1006);
  }
}

TEST_F(WebSocketTest, ChoosesASubprotocolAndRefusesBadUpgrades) {
  serve();
  Client client = connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: a, b\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).field("sec-websocket-protocol"), "b");
  Client other = connect();
  EXPECT_EQ(other.get("/ws").status, 426);
  EXPECT_EQ(other
                .get("/ws",
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                .status,
            426);
  EXPECT_EQ(other
                .get("/ws",
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: c2hvcnQ=\r\n")
                .status,
            426);
}

TEST_F(WebSocketTest, DropsAClientThatDoesNotRead) {
  serve();
  Client lazy = connect(4096);
  ASSERT_TRUE(lazy.upgrade("/ws"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return sockets.size() == 1;
  }));
  EXPECT_TRUE(eventually([&] { return !sockets[0]->send(Opcode::binary, std::string(64 << 10, 'x')); }));
  EXPECT_TRUE(sawClose(1008));
  probe();
  EXPECT_EQ(server->counters().droppedSlow.load(), 1u);
}

TEST_F(WebSocketTest, StopsReadingWhilePaused) {
  std::mutex gate;
  std::shared_ptr<WebSocket> socket;
  std::atomic<int> messages{0};
  app.request = [&](const ExchangePtr& exchange) {
    WebSocket::Callbacks callbacks;
    callbacks.onMessage = [&](Opcode, std::string_view) {
      const std::lock_guard lock(gate);
      if (++messages == 1) socket->pauseReading(true);
    };
    const std::lock_guard lock(gate);
    socket = exchange->upgrade({}, callbacks, Fields());
  };
  start();
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws", maskedFrame(0x1, "1") + maskedFrame(0x1, "2") + maskedFrame(0x1, "3")));
  client.send(maskedFrame(0x1, "4"));
  probe();
  probe();
  EXPECT_EQ(messages, 1);
  socket->pauseReading(false);
  EXPECT_TRUE(eventually([&] { return messages == 4; }));
}

TEST_F(WebSocketTest, PingsAndDropsWhoNeverAnswers) {
  WebSocket::Options settings;
  settings.pingEvery = 1s;
  serve(settings);
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws"));
  EXPECT_EQ(client.readFrame(), Frame(9, ""));
  EXPECT_EQ(client.readFrame(), Frame(9, ""));
  EXPECT_TRUE(client.closedByServer());
  EXPECT_TRUE(sawClose(1006));
}

TEST_F(WebSocketTest, PingsAlsoWhoIsBehindWithWhatItMayBeBehindWith) {
  WebSocket::Options settings;
  settings.pingEvery = 1s;
  settings.maxQueuedBytes = 64 << 20;
  serve(settings);
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return sockets.size() == 1;
  }));
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(sockets[0]->send(Opcode::binary, piece));
  EXPECT_TRUE(sawClose(1006)) << "it answered no ping";
  EXPECT_EQ(server->counters().droppedSlow.load(), 0u) << "it was not too slow";
}

TEST_F(WebSocketTest, SaysGoodbyeWhenDraining) {
  serve();
  Client client = connect();
  ASSERT_TRUE(client.upgrade("/ws", maskedFrame(0x1, "hi")));
  EXPECT_EQ(client.readFrame(), Frame(1, "hi"));
  std::size_t cut = 99;
  std::thread drainer([&] { cut = server->drain(5s); });
  const Frame frame = client.readFrame();
  EXPECT_EQ(frame.first, 8);
  EXPECT_EQ(frame.second.substr(0, 2), closePayload(1001, ""));
  client.send(maskedFrame(0x8, closePayload(1001, "")));
  EXPECT_TRUE(client.closedByServer());
  client.close();
  drainer.join();
  EXPECT_EQ(cut, 0u);
  EXPECT_TRUE(sawClose(1001));
}

TEST_F(WebSocketTest, ServesManyAtOnceFromManyThreads) {
  serve();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&, i] {
      Client client(address);
      if (!client.upgrade("/ws")) return;
      const std::string message(20'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
      for (int n = 0; n < 10; ++n) {
        client.send(maskedFrame(0x2, message));
        if (client.readFrame() != Frame(2, message)) return;
      }
      if (i % 4 == 0) client.reset();
      ++good;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 16);
  EXPECT_TRUE(eventually([&] { return server->counters().webSockets.load() == 0; }));
}

}  // namespace
}  // namespace mortise::http
