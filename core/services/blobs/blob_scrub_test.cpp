#include "core/services/blobs/blob_scrub.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/temporary_file.hpp"
#include "core/services/blobs/s3_blobs.hpp"
#include "core/services/s3/client_testing.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

namespace fs = std::filesystem;

class BlobScrubTest : public testing::Test {
 protected:
  std::string fileOf(const Blob& blob) const {
    return root_ + "/data/files/" + blob.sha256.substr(0, 2) + "/" + blob.sha256;
  }
  void flipByte(const Blob& blob, std::streamoff at) {
    std::fstream file(fileOf(blob), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
    ASSERT_TRUE(file.flush());
  }
  ScrubbedScope scrub(std::uint64_t rate = 0) {
    BlobScrub pass(*blobs_, rate, [this] { return cancelled_; });
    return pass.run("files", [](const ScrubbedScope&) {});
  }

  peers::TempDirectory directory_{"mortise-scrub"};
  const std::string root_ = directory_.path() + "/blobs";
  std::unique_ptr<Blobs> blobs_ = Blobs::open("file:" + root_);
  bool cancelled_ = false;
};

TEST_F(BlobScrubTest, FindsNothingWhereNothingIsWrong) {
  for (int i = 0; i < 20; ++i) blobs_->put("files", std::to_string(i));
  blobs_->put("files", std::string(3'000'000, 'x'));
  blobs_->put("files", "");
  const auto result = scrub();
  EXPECT_EQ(result.blobs, 22u);
  EXPECT_EQ(result.bytes, 3'000'030u);
  EXPECT_TRUE(result.damaged.empty());
  EXPECT_TRUE(result.unreadable.empty());
  EXPECT_EQ(blobs_->countSetAside(), 0u);
  EXPECT_EQ(blobs_->scopes(), std::vector<std::string>{"files"});
}

TEST_F(BlobScrubTest, SetsADamagedBlobAsideAndKeepsIt) {
  const std::string content(2'500'000, 'x');
  const Blob good = blobs_->put("files", "good");
  const Blob bad = blobs_->put("files", content);
  flipByte(bad, 2'000'000);
  const auto result = scrub();
  EXPECT_EQ(result.blobs, 2u);
  EXPECT_EQ(result.damaged, std::vector<std::string>{bad.key});
  EXPECT_EQ(blobs_->stat(bad.key), std::nullopt) << "wrong bytes are served";
  EXPECT_EQ(blobs_->countSetAside(), 1u);
  EXPECT_EQ(blobs_->read(good.key, 10), "good");
  for (const auto& entry : fs::recursive_directory_iterator(root_ + "/damaged/files")) {
    EXPECT_EQ(entry.file_size(), content.size());
    EXPECT_TRUE(entry.path().filename().string().starts_with(bad.sha256));
  }
  // The same bytes are stored again: the blob is intact.
  EXPECT_EQ(blobs_->put("files", content).key, bad.key);
  EXPECT_TRUE(scrub().damaged.empty());
  EXPECT_EQ(blobs_->read(bad.key, 3'000'000), content);
}

TEST_F(BlobScrubTest, ATruncatedBlobIsDamaged) {
  const Blob blob = blobs_->put("files", std::string(5000, 'x'));
  fs::resize_file(fileOf(blob), 4999);
  EXPECT_EQ(scrub().damaged, std::vector<std::string>{blob.key});
}

TEST_F(BlobScrubTest, NamesWhatItCanNotRead) {
  const Blob blob = blobs_->put("files", "x");
  fs::remove(fileOf(blob));
  fs::create_directory(fileOf(blob));
  const auto result = scrub();
  ASSERT_EQ(result.unreadable.size(), 1u);
  EXPECT_EQ(result.unreadable[0].key, blob.key);
  EXPECT_FALSE(result.unreadable[0].reason.empty());
  EXPECT_TRUE(result.damaged.empty());
}

TEST_F(BlobScrubTest, LeavesABlobAloneThatWasReplacedMeanwhile) {
  const Blob blob = blobs_->put("files", "content");
  flipByte(blob, 0);
  const auto seen = blobs_->openForReading(blob.key);
  blobs_->put("files", "content");
  EXPECT_FALSE(blobs_->setAside(blob.key, *seen));
  EXPECT_EQ(blobs_->read(blob.key, 10), "content");
  blobs_->remove(blob.key);
  EXPECT_FALSE(blobs_->setAside(blob.key, *seen));
}

TEST_F(BlobScrubTest, StopsWhenItIsCancelled) {
  blobs_->put("files", std::string(3'000'000, 'x'));
  cancelled_ = true;
  const auto result = scrub();
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.blobs, 0u);
}

TEST_F(BlobScrubTest, KeepsToItsRate) {
  blobs_->put("files", std::string(3 << 20, 'x'));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(scrub(10 << 20).blobs, 1u);
  // The third piece may begin 0.2 s after the first.
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(190));
}

TEST(BlobScrubInS3, SetsADamagedObjectAsideAndKeepsIt) {
  auto* swift = peers::Swift::shared();
  if (swift == nullptr) GTEST_SKIP() << "Swift is not installed";
  const peers::TempDirectory directory("mortise-scrub");
  const auto client = s3::connect(*swift);
  const std::string prefix = "scrubs/" + uuid4();
  const auto blobs = openS3Blobs(client, {"default", prefix, directory.path() + "/spool"});
  const std::string content(2'500'000, 'x');
  const Blob good = blobs->put("files", "good");
  const Blob bad = blobs->put("files", content);
  const std::string object = prefix + "/files/" + bad.sha256.substr(0, 2) + "/" + bad.sha256;
  TemporaryFile wrong(directory.path());
  wrong.write(content.substr(1) + "y");
  FileSource source(wrong.release(), content.size());
  client->put("default", object, source, "application/octet-stream");

  BlobScrub scrub(*blobs, 0, [] { return false; });
  EXPECT_EQ(blobs->scopes(), std::vector<std::string>{"files"});
  const auto result = scrub.run("files", [](const ScrubbedScope&) {});
  EXPECT_EQ(result.blobs, 2u);
  EXPECT_EQ(result.damaged, std::vector<std::string>{bad.key});
  EXPECT_TRUE(result.unreadable.empty());
  EXPECT_EQ(blobs->stat(bad.key), std::nullopt) << "wrong bytes are served";
  EXPECT_EQ(blobs->countSetAside(), 1u);
  EXPECT_EQ(blobs->read(good.key, 10), "good");
  EXPECT_EQ(blobs->scopes(), std::vector<std::string>{"files"});
  EXPECT_EQ(blobs->put("files", content).key, bad.key);
  EXPECT_EQ(blobs->read(bad.key, 3'000'000), content);
}

}  // namespace
}  // namespace mortise::services
