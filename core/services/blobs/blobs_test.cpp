#include "core/services/blobs/blobs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/text.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

class BlobsTest : public testing::Test {
 protected:
  std::size_t filesBelow(const std::string& path) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file();
    return count;
  }
  peers::TempDirectory directory_{"mortise-blobs"};
  std::unique_ptr<Blobs> blobs_ = Blobs::open("file:" + directory_.path() + "/blobs");
};

TEST_F(BlobsTest, GivesBackWhatWasPutInUnderTheHashOfItsContent) {
  const std::string bytes = std::string("a\0b", 3) + std::string(200'000, 'z');
  const Blob blob = blobs_->put("files", bytes);
  EXPECT_EQ(blob.sha256, text::hex(sha256(bytes)));
  EXPECT_EQ(blob.key, "files/" + blob.sha256);
  EXPECT_EQ(blob.size, bytes.size());
  EXPECT_EQ(blobs_->read(blob.key, 1 << 20), bytes);
  EXPECT_EQ(blobs_->stat(blob.key)->size, bytes.size());
  std::istringstream stream(bytes);
  EXPECT_EQ(blobs_->put("files", stream).key, blob.key);
  std::ofstream(directory_.path() + "/source", std::ios::binary) << bytes;
  EXPECT_EQ(blobs_->putFile("files", directory_.path() + "/source").key, blob.key);
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 1u);
}

TEST_F(BlobsTest, AnAbandonedUploadLeavesNothing) {
  {
    auto writer = blobs_->writer("files");
    writer->write("half");
  }
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 0u);
}

TEST_F(BlobsTest, TakesAnUploadOverWhereItLies) {
  const std::string bytes(300'000, 'u');
  TemporaryFile upload(directory_.path());
  upload.write(bytes);
  const int fd = upload.fd();
  struct stat before {};
  ASSERT_EQ(::fstat(fd, &before), 0);
  FileSource source(upload.release(), bytes.size(), text::hex(sha256(bytes)));
  const Blob blob = blobs_->put("files", source);
  EXPECT_EQ(blob.size, bytes.size());
  EXPECT_EQ(blobs_->read(blob.key, 1 << 20), bytes);
  struct stat after {};
  ASSERT_EQ(::fstat(blobs_->openForReading(blob.key)->fd(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino) << "copied";
  EXPECT_EQ(after.st_mode & 07777, 0600u);
  EXPECT_EQ(blobs_->put("files", source).key, blob.key) << "twice is one blob";
  EXPECT_EQ(blobs_->put("others", source).sha256, blob.sha256);
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 2u);
}

TEST_F(BlobsTest, CopiesWhatItCanNotTakeOver) {
  const Blob blob = blobs_->put("files", "a blob of another scope");
  const auto source = blobs_->openForReading(blob.key);
  const Blob copy = blobs_->put("copies", *source);
  EXPECT_EQ(copy.sha256, blob.sha256);
  EXPECT_TRUE(blobs_->remove(blob.key));
  EXPECT_EQ(blobs_->read(copy.key, 100), "a blob of another scope");
}

TEST_F(BlobsTest, ScopesNeverShare) {
  const Blob one = blobs_->put("one", "same");
  const Blob two = blobs_->put("two", "same");
  EXPECT_TRUE(blobs_->remove(one.key));
  EXPECT_FALSE(blobs_->remove(one.key));
  EXPECT_EQ(blobs_->stat(one.key), std::nullopt);
  EXPECT_EQ(blobs_->read(two.key, 100), "same");
}

TEST_F(BlobsTest, AnOpenReaderOutlivesRemoval) {
  const Blob blob = blobs_->put("files", "still here");
  const auto reader = blobs_->openForReading(blob.key);
  blobs_->remove(blob.key);
  std::array<char, 32> buffer;
  EXPECT_EQ(reader->size(), 10u);
  EXPECT_EQ(reader->read(0, buffer), 10u);
  EXPECT_EQ(reader->read(6, buffer), 4u);
  EXPECT_EQ(reader->read(10, buffer), 0u);
  try {
    blobs_->openForReading(blob.key);
    FAIL();
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::notFound);
  }
}

TEST_F(BlobsTest, ListsInOrderPageByPage) {
  for (int i = 0; i < 7; ++i) blobs_->put("files", std::to_string(i));
  blobs_->put("others", "x");
  std::vector<std::string> keys;
  std::string after;
  while (true) {
    const auto page = blobs_->list("files", after, 3);
    if (page.empty()) break;
    for (const Blob& blob : page) keys.push_back(blob.key);
    after = keys.back();
  }
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_TRUE(blobs_->list("empty", "", 10).empty());
}

TEST_F(BlobsTest, KeysThatLeadElsewhereAreRefused) {
  for (const std::string& key : {std::string("../etc/passwd"), std::string("files/../../x"), std::string("files/abc"),
                                 std::string("/"), "files/" + std::string(64, 'G'), "Files/" + std::string(64, 'a')}) {
    EXPECT_THROW(blobs_->stat(key), ServiceError) << key;
  }
  EXPECT_THROW(blobs_->put("", "x"), ServiceError);
  EXPECT_THROW(blobs_->put("a/b", "x"), ServiceError);
}

TEST_F(BlobsTest, AReadOverTheLimitIsRefused) {
  const Blob blob = blobs_->put("files", "12345");
  EXPECT_THROW(blobs_->read(blob.key, 4), ServiceError);
}

TEST_F(BlobsTest, EqualPutsAtOnceAreOneBlob) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { blobs_->put("files", "same"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 1u);
}

TEST_F(BlobsTest, CleanUpTakesOldLeftoversOnly) {
  const std::string young = directory_.path() + "/blobs/tmp/" + uuid4();
  std::ofstream(young) << "of another server, at it";
  const std::string left = directory_.path() + "/blobs/tmp/" + uuid4();
  std::ofstream(left) << "left by a crash";
  std::filesystem::last_write_time(left, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(blobs_->cleanUp(), 1u);
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 1u);
}

TEST(BlobsUrl, SaysThatS3IsNotBuiltIn) {
  try {
    Blobs::open("s3://bucket");
    FAIL();
  } catch (const ServiceError& error) {
    EXPECT_EQ(std::string(error.what()),
              "blobs.url: this build serves file: only, s3:// is not built in; use file:DIR");
  }
  EXPECT_THROW(Blobs::open("file:"), ServiceError);
  EXPECT_THROW(Blobs::open("ftp://x"), ServiceError);
}

}  // namespace
}  // namespace mortise::services
