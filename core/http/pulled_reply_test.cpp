// Replies whose bytes are on another machine.
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>

#include "core/http/http_testing.hpp"

namespace mortise::http {
namespace {

using namespace test;

constexpr std::size_t kMiB = 1 << 20;

// A remote store whose delays and failures the test sets.
class FarSource final : public ByteSource {
 public:
  explicit FarSource(std::string content) : content_(std::move(content)) {}
  std::uint64_t size() const override { return content_.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) override {
    std::unique_lock lock(mutex_);
    ++reads_;
    wake_.wait(lock, [&] { return !held_; });
    if (offset >= breaksAt_) throw std::runtime_error("the store is gone");
    const std::size_t end = std::min<std::size_t>(content_.size(), shortAt_);
    const std::size_t count = offset >= end ? 0 : std::min(buffer.size(), end - offset);
    content_.copy(buffer.data(), count, offset);
    return count;
  }
  std::size_t reads() {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    wake_.notify_all();
  }
  void breakAt(std::size_t offset) { breaksAt_ = offset; }
  void shortenTo(std::size_t size) { shortAt_ = size; }

 private:
  const std::string content_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t reads_ = 0;
  bool held_ = false;
  std::size_t breaksAt_ = ~std::size_t{0}, shortAt_ = ~std::size_t{0};
};

class PulledReplyTest : public ServerTest {
 protected:
  void serve(std::size_t size) {
    content_.resize(size);
    for (std::size_t i = 0; i < size; ++i) content_[i] = static_cast<char>('a' + i / 1000 % 26);
    source_ = std::make_shared<FarSource>(content_);
    app.request = [this](const ExchangePtr& exchange) {
      Reply reply;
      reply.fields.add("Content-Type", "application/octet-stream");
      reply.file = FileBody{source_, "\"tag\"", 784111777};
      exchange->reply(std::move(reply));
    };
    start();
  }
  std::string content_;
  std::shared_ptr<FarSource> source_;
};

TEST_F(PulledReplyTest, SendsWholeFilesRangesAndConditions) {
  serve(5 * kMiB + 123);
  Client client = connect();
  const Answer whole = client.get("/f");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.field("content-length"), std::to_string(content_.size()));
  EXPECT_TRUE(whole.body == content_);
  const Answer part = client.get("/f", "Range: bytes=1000000-3999999\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.body == content_.substr(1'000'000, 3'000'000));
  EXPECT_EQ(client.get("/f", "Range: bytes=99000000-\r\n").status, 416);
  EXPECT_EQ(client.get("/f", "If-None-Match: \"tag\"\r\n").status, 304);
  EXPECT_TRUE(client.get("/f", "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n").body == content_);
  const std::size_t before = source_->reads();
  client.send("HEAD /f HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.readAnswer(true).field("content-length"), std::to_string(content_.size()));
  EXPECT_EQ(client.get("/hello").status, 200);
  EXPECT_EQ(source_->reads(), before) << "HEAD needs no bytes";
  EXPECT_EQ(server->counters().connections.load(), 1u);
}

TEST_F(PulledReplyTest, PullsNoMoreThanTwoPiecesAheadOfASlowClient) {
  serve(40 * kMiB);
  Client lazy = connect(4096);
  lazy.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  lazy.readUntil("\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return source_->reads() >= 2; }));
  for (int i = 0; i < 3; ++i) probe();
  const std::size_t taken = source_->reads();
  EXPECT_LT(taken, 10u) << "what the socket took and two pieces, not the file";
  lazy.close();
  ASSERT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  EXPECT_LE(source_->reads(), taken + 2) << "pulled although the client is gone";
}

TEST_F(PulledReplyTest, WaitsForASlowStoreLongerThanForASlowClient) {
  options.writeTimeout = 100ms;
  serve(2 * kMiB);
  source_->hold(true);
  Client client = connect();
  client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(client.readUntil("\r\n\r\n").substr(9, 3), "200");
  ::usleep(300'000);
  probe();
  source_->hold(false);
  EXPECT_TRUE(client.readExactly(content_.size()) == content_);
  EXPECT_EQ(server->counters().droppedSlow.load(), 0u);
}

TEST_F(PulledReplyTest, CutsTheConnectionWhenTheStoreFailsInTheMiddle) {
  serve(8 * kMiB);
  source_->breakAt(5 * kMiB);
  Client client = connect();
  client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(client.readUntil("\r\n\r\n").substr(9, 3), "200");
  EXPECT_LT(client.readAll().size(), content_.size());
  EXPECT_FALSE(client.hung());
  ASSERT_TRUE(eventually([&] { return app.finished().size() == 1; }));
  EXPECT_FALSE(app.finished()[0].completed);
  probe();
}

TEST_F(PulledReplyTest, CutsTheConnectionWhenTheStoreHasLessThanItSaid) {
  serve(3 * kMiB);
  source_->shortenTo(kMiB + 1);
  Client client = connect();
  client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(client.readUntil("\r\n\r\n").substr(9, 3), "200");
  EXPECT_LT(client.readAll().size(), content_.size());
  EXPECT_FALSE(client.hung());
}

TEST_F(PulledReplyTest, EndsWhileAPullIsUnderWay) {
  serve(4 * kMiB);
  source_->hold(true);
  Client client = connect();
  client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return source_->reads() >= 2; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return server->counters().connections.load() == 0; }));
  source_->hold(false);
  probe();
}

TEST_F(PulledReplyTest, PipelinedRepliesKeepTheirOrder) {
  serve(2 * kMiB + 7);
  Client client = connect();
  client.send(
      "GET /f HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /f HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.readAnswer().body == content_);
  EXPECT_EQ(client.readAnswer().body, "{\"hello\":\"world\"}");
  EXPECT_TRUE(client.readAnswer().body == content_);
}

}  // namespace
}  // namespace mortise::http
