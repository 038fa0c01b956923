// Behaviour that every store of blobs shares.
#include "core/services/blobs/blobs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/services/blobs/s3_blobs.hpp"
#include "core/services/s3/client_testing.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

std::unique_ptr<Blobs> openFile(const std::string& directory) { return Blobs::open("file:" + directory + "/blobs"); }

// A prefix of its own: tests share the store.
std::unique_ptr<Blobs> openS3(const std::string& directory) {
  auto* swift = peers::Swift::shared();
  if (swift == nullptr) return nullptr;
  return openS3Blobs(s3::connect(*swift), {"default", "tests/" + uuid4(), directory + "/spool"});
}

struct BlobStore {
  const char* name;
  std::unique_ptr<Blobs> (*open)(const std::string& directory);
};

class BlobsTest : public testing::TestWithParam<BlobStore> {
 protected:
  void SetUp() override {
    blobs_ = GetParam().open(directory_.path());
    if (blobs_ == nullptr) GTEST_SKIP() << "Swift is not installed";
  }
  std::size_t count(std::string_view scope) { return blobs_->list(scope, "", 1000).size(); }

  peers::TempDirectory directory_{"mortise-blobs"};
  std::unique_ptr<Blobs> blobs_;
};

TEST_P(BlobsTest, GivesBackWhatWasPutInUnderTheHashOfItsContent) {
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
  EXPECT_EQ(count("files"), 1u);
}

TEST_P(BlobsTest, CopiesWhatItCanNotTakeOver) {
  const Blob blob = blobs_->put("files", "a blob of another scope");
  const auto source = blobs_->openForReading(blob.key);
  const Blob copy = blobs_->put("copies", *source);
  EXPECT_EQ(copy.sha256, blob.sha256);
  EXPECT_TRUE(blobs_->remove(blob.key));
  EXPECT_EQ(blobs_->read(copy.key, 100), "a blob of another scope");
}

TEST_P(BlobsTest, ScopesNeverShare) {
  const Blob one = blobs_->put("one", "same");
  const Blob two = blobs_->put("two", "same");
  EXPECT_TRUE(blobs_->remove(one.key));
  EXPECT_FALSE(blobs_->remove(one.key));
  EXPECT_EQ(blobs_->stat(one.key), std::nullopt);
  EXPECT_EQ(blobs_->read(two.key, 100), "same");
}

TEST_P(BlobsTest, ListsInOrderPageByPage) {
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

TEST_P(BlobsTest, KeysThatLeadElsewhereAreRefused) {
  for (const std::string& key : {std::string("../etc/passwd"), std::string("files/../../x"), std::string("files/abc"),
                                 std::string("/"), "files/" + std::string(64, 'G'), "Files/" + std::string(64, 'a')}) {
    EXPECT_THROW(blobs_->stat(key), ServiceError) << key;
  }
  EXPECT_THROW(blobs_->put("", "x"), ServiceError);
  EXPECT_THROW(blobs_->put("a/b", "x"), ServiceError);
}

TEST_P(BlobsTest, AReadOverTheLimitIsRefused) {
  const Blob blob = blobs_->put("files", "12345");
  EXPECT_THROW(blobs_->read(blob.key, 4), ServiceError);
}

TEST_P(BlobsTest, EqualPutsAtOnceAreOneBlob) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { blobs_->put("files", "same"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count("files"), 1u);
}

TEST_P(BlobsTest, AnAbandonedUploadIsNotThere) {
  {
    auto writer = blobs_->writer("files");
    writer->write("half");
  }
  EXPECT_EQ(count("files"), 0u);
}

TEST_P(BlobsTest, AnEmptyBlobIsABlob) {
  const Blob blob = blobs_->put("files", "");
  EXPECT_EQ(blobs_->stat(blob.key)->size, 0u);
  EXPECT_EQ(blobs_->read(blob.key, 10), "");
}

TEST_P(BlobsTest, ReadsAnyPartOfALargeBlob) {
  std::string bytes(3'500'000, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 16);
  const auto source = blobs_->openForReading(blobs_->put("files", bytes).key);
  for (const std::size_t offset : {0u, 1u, 1'048'575u, 1'048'576u, 2'000'000u, 3'499'999u}) {
    for (const std::size_t length : {1u, 100'000u, 2'000'000u}) {
      std::string part(length, '\0');
      part.resize(source->read(offset, part));
      EXPECT_TRUE(part == bytes.substr(offset, length)) << offset << " " << length;
    }
  }
}

TEST_P(BlobsTest, NamesItsScopes) {
  EXPECT_TRUE(blobs_->scopes().empty());
  blobs_->put("two", "x");
  blobs_->put("one", "x");
  EXPECT_EQ(blobs_->scopes(), (std::vector<std::string>{"one", "two"}));
}

TEST_P(BlobsTest, WhatWasSetAsideIsNoLongerServedAndCanBePutAgain) {
  const Blob blob = blobs_->put("files", "as if damaged");
  const auto seen = blobs_->openForReading(blob.key);
  EXPECT_TRUE(blobs_->setAside(blob.key, *seen));
  EXPECT_EQ(blobs_->stat(blob.key), std::nullopt);
  EXPECT_EQ(blobs_->countSetAside(), 1u);
  EXPECT_FALSE(blobs_->setAside(blob.key, *seen));
  blobs_->put("files", "as if damaged");
  EXPECT_EQ(blobs_->read(blob.key, 100), "as if damaged");
}

INSTANTIATE_TEST_SUITE_P(Stores, BlobsTest, testing::Values(BlobStore{"File", openFile}, BlobStore{"S3", openS3}),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace mortise::services
