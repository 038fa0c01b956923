#include "core/services/blobs/file_blobs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/text.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

class FileBlobsTest : public testing::Test {
 protected:
  std::size_t filesBelow(const std::string& path) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file();
    return count;
  }
  peers::TempDirectory directory_{"mortise-blobs"};
  std::unique_ptr<Blobs> blobs_ = Blobs::open("file:" + directory_.path() + "/blobs");
};

TEST_F(FileBlobsTest, AnAbandonedUploadLeavesNothing) {
  {
    auto writer = blobs_->writer("files");
    writer->write("half");
  }
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 0u);
}

TEST_F(FileBlobsTest, TakesAnUploadOverWhereItLies) {
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

TEST_F(FileBlobsTest, AnOpenReaderOutlivesRemoval) {
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

TEST_F(FileBlobsTest, CleanUpTakesOldLeftoversOnly) {
  const std::string young = directory_.path() + "/blobs/tmp/" + uuid4();
  std::ofstream(young) << "of another server, at it";
  const std::string left = directory_.path() + "/blobs/tmp/" + uuid4();
  std::ofstream(left) << "left by a crash";
  std::filesystem::last_write_time(left, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(blobs_->cleanUp(), 1u);
  EXPECT_EQ(filesBelow(directory_.path() + "/blobs"), 1u);
}

TEST(BlobsUrl, AsksForADirectory) {
  EXPECT_THROW(Blobs::open("file:"), ServiceError);
  EXPECT_THROW(Blobs::open("ftp://x"), ServiceError);
}

}  // namespace
}  // namespace mortise::services
