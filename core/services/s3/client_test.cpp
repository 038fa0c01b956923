// The client against a store that checks signatures (Swift), and its retries against a scripted server.
#include "core/services/s3/client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/memory_source.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/services/s3/client_testing.hpp"
#include "core/services/s3/multipart.hpp"

namespace mortise::services::s3 {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::string noise(std::size_t size) {
  std::string bytes(size, ' ');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

template <typename Work>
ServiceError failureOf(Work work) {
  try {
    work();
  } catch (const ServiceError& error) {
    return error;
  }
  return ServiceError(ErrorKind::unavailable, "nothing failed");
}

class S3ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    swift_ = peers::Swift::shared();
    if (swift_ == nullptr) GTEST_SKIP() << "Swift is not installed";
    options_ = optionsFor(*swift_);
  }
  std::size_t uploads() {
    Client client(options_);
    return client.abortUploads("default", key_, std::chrono::hours(-1));
  }
  peers::Swift* swift_ = nullptr;
  Options options_;
  const std::string key_ = "client/" + uuid4();
};

TEST_F(S3ClientTest, ALargeObjectIsSentInParts) {
  options_.multipartAbove = 8 * kMiB;
  options_.partSize = 5 * kMiB;
  Client client(options_);
  const auto bytes = noise(12 * kMiB + 7);
  MemorySource source(bytes);
  const auto stored = client.put("default", key_, source, "text/x-noise");
  EXPECT_EQ(stored.size, bytes.size());
  EXPECT_TRUE(stored.etag.ends_with("-3\"")) << stored.etag;
  EXPECT_EQ(client.head("default", key_)->contentType, "text/x-noise");
  std::string back(bytes.size(), '\0');
  EXPECT_EQ(client.get("default", key_, stored.etag, 0, back), bytes.size());
  EXPECT_TRUE(back == bytes);
  EXPECT_EQ(uploads(), 0u);
}

TEST_F(S3ClientTest, AnUploadInPartsThatFailsLeavesNothing) {
  struct Broken : ByteSource {
    std::uint64_t size() const override { return 12 * kMiB; }
    std::size_t read(std::uint64_t offset, std::span<char> buffer) override {
      if (offset >= 6 * kMiB) throw std::runtime_error("the disk is on fire");
      std::fill(buffer.begin(), buffer.end(), 'x');
      return buffer.size();
    }
  } broken;
  options_.multipartAbove = 8 * kMiB;
  options_.partSize = 5 * kMiB;
  Client client(options_);
  EXPECT_THROW(client.put("default", key_, broken, ""), std::runtime_error);
  EXPECT_FALSE(client.head("default", key_));
  EXPECT_EQ(uploads(), 0u);
}

TEST_F(S3ClientTest, BytesThatChangeWhileTheyAreSentAreRefused) {
  struct Changing : ByteSource {
    std::uint64_t size() const override { return 1000; }
    std::size_t read(std::uint64_t, std::span<char> buffer) override {
      std::fill(buffer.begin(), buffer.end(), next_++);
      return std::min<std::size_t>(buffer.size(), 1000);
    }
    char next_ = 'a';
  } changing;
  Client client(options_);
  EXPECT_THROW(client.put("default", key_, changing, ""), ServiceError);
  EXPECT_FALSE(client.head("default", key_));
}

TEST_F(S3ClientTest, CleanUpTakesLeftUploadsBackAndKeepsYoungOnes) {
  options_.multipartAbove = 0;
  options_.partSize = 5 * kMiB;
  struct Dying : ByteSource {
    explicit Dying(std::atomic<bool>& cancelled) : cancelled_(cancelled) {}
    std::uint64_t size() const override { return 12 * kMiB; }
    std::size_t read(std::uint64_t offset, std::span<char> buffer) override {
      if (offset >= 5 * kMiB) cancelled_ = true;  // from here on no request is sent, so nothing is aborted either
      std::fill(buffer.begin(), buffer.end(), 'x');
      return buffer.size();
    }
    std::atomic<bool>& cancelled_;
  };
  std::atomic<bool> cancelled{false};
  options_.cancelled = &cancelled;
  Dying source(cancelled);
  Client client(options_);
  EXPECT_THROW(client.put("default", key_, source, ""), ServiceError);
  cancelled = false;
  EXPECT_EQ(client.abortUploads("default", key_, std::chrono::hours(1)), 0u);
  EXPECT_EQ(uploads(), 1u);
  EXPECT_EQ(uploads(), 0u);
  EXPECT_FALSE(client.head("default", key_));
}

TEST_F(S3ClientTest, RefusalsSayWhatToSet) {
  MemorySource source("x");
  auto wrong = options_;
  wrong.secretKey = "wrong";
  auto failure = failureOf([&] { Client(wrong).put("default", key_, source, ""); });
  EXPECT_EQ(failure.kind(), ErrorKind::denied);
  EXPECT_EQ(failure.code(), "access_denied");
  EXPECT_EQ(std::string(failure.what()),
            "object store: it refuses the signature; check blobs.s3_secret_key and blobs.s3_access_key");
  failure = failureOf([&] { Client(wrong).bucketExists("default"); });  // HEAD has no body with the reason
  EXPECT_NE(std::string(failure.what()).find("blobs.s3_secret_key"), std::string::npos) << failure.what();
  EXPECT_EQ(std::string(failure.what()).find("testing"), std::string::npos);

  wrong = options_;
  wrong.region = "eu-central-1";
  failure = failureOf([&] { Client(wrong).head("default", key_); });
  EXPECT_EQ(failure.kind(), ErrorKind::unavailable) << "the wrong place is no lack of rights";
  EXPECT_EQ(std::string(failure.what()),
            "object store: bucket default is in the region us-east-1; set blobs.s3_region");

  failure = failureOf([&] { Client(options_).put("no-such-bucket", key_, source, ""); });
  EXPECT_EQ(failure.code(), "no_bucket");
  EXPECT_EQ(std::string(failure.what()),
            "object store: there is no bucket no-such-bucket; make it, or name another one in blobs.url");
}

TEST_F(S3ClientTest, AClockThatIsWrongIsNamed) {
  if (!std::filesystem::exists("/usr/bin/faketime")) GTEST_SKIP() << "faketime is not installed";
  const peers::Swift ahead({"/usr/bin/env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "/usr/bin/faketime", "-f", "+20m"});
  Client client(optionsFor(ahead));
  MemorySource source("x");
  for (const auto& failure : {failureOf([&] { client.put("default", key_, source, ""); }),
                              failureOf([&] { client.head("default", key_); })}) {
    EXPECT_EQ(failure.kind(), ErrorKind::denied);
    EXPECT_EQ(failure.code(), "clock_skew");
    const std::string text = failure.what();
    EXPECT_TRUE(text.starts_with("object store: the clock of this server and of the object store differ by 1")) << text;
    EXPECT_TRUE(text.ends_with(" s; set the clock (NTP)")) << text;
  }
}

TEST_F(S3ClientTest, ALinkHoldsForItsTimeAndItsObject) {
  Client client(options_);
  MemorySource source("shared");
  const auto key = key_ + "/März 1+.txt";
  client.put("default", key, source, "text/plain");
  HttpClientOptions open;
  open.allowPrivate = true;
  HttpClient http(open);
  const auto fetch = [&](const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.pathAsIs = true;
    return http.perform(request);
  };
  const auto url = client.presign("default", key, 60);
  const auto answer = fetch(url);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "shared");
  auto altered = url;
  altered.replace(altered.find("X-Amz-Expires=60"), 16, "X-Amz-Expires=61");
  EXPECT_EQ(fetch(altered).status, 403);
  const auto brief = client.presign("default", key, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  EXPECT_EQ(fetch(brief).status, 403);
  options_.publicEndpoint = "https://files.example:8443";
  EXPECT_TRUE(Client(options_).presign("default", "a", 60).starts_with("https://files.example:8443/default/a?X-Amz-"));
  options_.virtualHost = true;
  EXPECT_TRUE(Client(options_).presign("default", "a", 60).starts_with("https://default.files.example:8443/a?X-Amz-"));
}

TEST_F(S3ClientTest, AStoreThatHangsIsGivenUpAndThenLeftAlone) {
  peers::Swift own;
  auto options = optionsFor(own);
  EXPECT_TRUE(Client(options).bucketExists("default"));  // its first answer takes long
  options.idleTimeout = std::chrono::milliseconds(3000);
  Client client(options);
  EXPECT_TRUE(client.bucketExists("default"));
  own.freeze();
  auto failure = failureOf([&] { client.bucketExists("default"); });
  EXPECT_EQ(failure.kind(), ErrorKind::unavailable);
  EXPECT_NE(std::string(failure.what()).find("does not answer"), std::string::npos) << failure.what();
  failure = failureOf([&] { client.bucketExists("default"); });
  EXPECT_EQ(std::string(failure.what()), "object store: it did not answer a moment ago");
  own.thaw();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool back = false;
  while (!back && std::chrono::steady_clock::now() < deadline) {
    try {
      back = client.bucketExists("default");
    } catch (const ServiceError&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  EXPECT_TRUE(back);
}

TEST(S3Parts, GrowSoThatTenThousandSuffice) {
  EXPECT_EQ(MultipartUpload::partSizeFor(65 * kMiB, 16 * kMiB), 16 * kMiB);
  EXPECT_EQ(MultipartUpload::partSizeFor(160'000 * kMiB, 16 * kMiB), 16 * kMiB);
  EXPECT_EQ(MultipartUpload::partSizeFor(160'000 * kMiB + 1, 16 * kMiB), 17 * kMiB);
  const std::uint64_t largest = 5ull << 40;
  EXPECT_LE(largest / MultipartUpload::partSizeFor(largest, 16 * kMiB) + 1, 10'000u);
}

// Answers one request after the other with the given answers, one connection each.
class ScriptedStore {
 public:
  explicit ScriptedStore(std::deque<std::string> answers)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), answers_(std::move(answers)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_.get(), 16) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      ADD_FAILURE() << "no listener";
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedStore() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  Options options() const {
    Options options;
    options.endpoint = "127.0.0.1:" + std::to_string(port_);
    options.secure = false;
    options.accessKey = options.secretKey = "key";
    return options;
  }
  std::size_t requests() const { return requests_; }

 private:
  void run() {
    while (true) {
      const UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::read(client.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        request.append(buffer, static_cast<std::size_t>(count));
      }
      ++requests_;
      if (answers_.empty()) continue;  // closes without an answer
      const auto answer = answers_.front();
      answers_.pop_front();
      if (!answer.empty() && ::write(client.get(), answer.data(), answer.size()) < 0) return;
    }
  }
  UniqueFd socket_;
  std::deque<std::string> answers_;
  int port_ = 0;
  std::atomic<std::size_t> requests_{0};
  std::thread thread_;
};

std::string answered(const std::string& status, const std::string& fields = {}, const std::string& body = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
         fields + "\r\n" + body;
}

TEST(S3Retries, AskAgainAfterABusyAnswerAndALostConnection) {
  ScriptedStore store({answered("503 Slow Down"), "", answered("200 OK")});
  Client client(store.options());
  EXPECT_TRUE(client.bucketExists("bucket"));
  EXPECT_EQ(store.requests(), 3u);
}

TEST(S3Retries, EndAfterAFewAndSayWhatTheStoreSaid) {
  ScriptedStore store(std::deque<std::string>(
      10, answered("500 Internal Server Error", "", "<Error><Code>InternalError</Code><Message>oh</Message></Error>")));
  Client client(store.options());
  std::string buffer(10, ' ');
  const auto failure = failureOf([&] { client.get("bucket", "key", "", 0, buffer); });
  EXPECT_EQ(failure.kind(), ErrorKind::unavailable);
  EXPECT_EQ(std::string(failure.what()), "object store: it answered 500 InternalError: oh");
  EXPECT_EQ(store.requests(), 4u);
}

TEST(S3Retries, KeepALongRetryAfterForTheCaller) {
  ScriptedStore store({answered("503 Slow Down", "Retry-After: 120\r\n")});
  Client client(store.options());
  const auto failure = failureOf([&] { client.bucketExists("bucket"); });
  EXPECT_EQ(failure.retryAfter(), 120);
  EXPECT_EQ(store.requests(), 1u);
}

TEST(S3Retries, DoNotRepeatWhatMayHaveBeenDone) {
  ScriptedStore store({answered("500 Internal Server Error")});
  auto options = store.options();
  options.multipartAbove = 0;
  Client client(options);
  MemorySource source("x");
  failureOf([&] { client.put("bucket", "key", source, ""); });  // starts with the POST that creates an upload
  EXPECT_EQ(store.requests(), 1u);
}

TEST(S3Retries, EndAtOnceWhenTheServerStops) {
  ScriptedStore store({});
  auto options = store.options();
  const std::atomic<bool> stopping{true};
  options.cancelled = &stopping;
  EXPECT_EQ(failureOf([&] { Client(options).bucketExists("bucket"); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(store.requests(), 0u);
}

TEST(S3Answers, AreReadWithOrWithoutANamespace) {
  const auto listing = parseListing(
      R"(<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>
      <NextContinuationToken>t</NextContinuationToken><Contents><Key>a&amp;b</Key><Size>12</Size>
      <LastModified>2026-11-22T19:30:00.250Z</LastModified></Contents><CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes></ListBucketResult>)");
  ASSERT_EQ(listing.objects.size(), 1u);
  EXPECT_EQ(listing.objects[0].key, "a&b");
  EXPECT_EQ(listing.objects[0].size, 12u);
  EXPECT_EQ(listing.objects[0].modifiedAt, 1795375800250000);
  EXPECT_EQ(listing.folders, std::vector<std::string>{"x/"});
  EXPECT_TRUE(listing.truncated);
  EXPECT_EQ(listing.next, "t");
  EXPECT_EQ(parseRefusal("<Error><Code>NoSuchKey</Code></Error>").code, "NoSuchKey");
  EXPECT_EQ(parseTime("Sun, 22 Nov 2026 19:30:00 GMT"), 1795375800000000);
}

TEST(S3Answers, ThatAreSomethingElseAreRefused) {
  for (const char* body :
       {"", "<", "not xml", "<html/>", "<ListBucketResult><Contents><Size>x</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Size>-1</Size></Contents></ListBucketResult>"}) {
    EXPECT_THROW(parseListing(body), ServiceError) << body;
  }
  EXPECT_EQ(parseRefusal("<html>gateway</html>").code, "");
  const auto outside =
      parseRefusal(R"(<!DOCTYPE Error [<!ENTITY x SYSTEM "file:///etc/hostname">]><Error><Code>&x;</Code></Error>)");
  EXPECT_EQ(outside.code, "");
}

}  // namespace
}  // namespace mortise::services::s3
