// Behaviour that every store of objects shares.
#include "core/services/objects/objects.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "core/base/identifiers.hpp"
#include "core/base/memory_source.hpp"
#include "core/services/objects/local_objects.hpp"
#include "core/services/objects/s3_objects.hpp"
#include "core/services/s3/client_testing.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

// A store that has the buckets "default" (its default one) and "second-bucket".
struct Opened {
  std::unique_ptr<peers::TempDirectory> directory;
  std::unique_ptr<Objects> objects;
};

Opened openLocal() {
  Opened opened;
  opened.directory = std::make_unique<peers::TempDirectory>("mortise-objects");
  std::filesystem::create_directories(opened.directory->path() + "/buckets/second-bucket");
  opened.objects = std::make_unique<LocalObjects>(LocalObjectsOptions{
      opened.directory->path() + "/buckets", "default", "key", [] { return std::string("http://127.0.0.1:8000"); }});
  return opened;
}

Opened openS3() {
  Opened opened;
  if (auto* swift = peers::Swift::shared()) opened.objects = openS3Objects(s3::connect(*swift), "default");
  return opened;
}

struct Store {
  const char* name;
  Opened (*open)();
};

class ObjectsTest : public testing::TestWithParam<Store> {
 protected:
  void SetUp() override {
    opened_ = GetParam().open();
    if (opened_.objects == nullptr) GTEST_SKIP() << "Swift is not installed";
  }
  Objects& store() { return *opened_.objects; }
  Object put(std::string_view bucket, std::string_view name, std::string_view bytes, std::string_view type = {}) {
    MemorySource source(bytes);
    return store().put(bucket, name, source, type);
  }
  std::string read(std::string_view bucket, std::string_view name) {
    const auto source = store().open(bucket, name);
    std::string bytes(source->size(), '\0');
    EXPECT_EQ(source->read(0, bytes), bytes.size());
    return bytes;
  }
  template <typename Work>
  std::string codeOf(Work work) {
    try {
      work();
    } catch (const ServiceError& error) {
      return error.code();
    }
    return "no error";
  }
  // Where tests share a store, each test has its own names.
  const std::string prefix_ = uuid4() + "/";

 private:
  Opened opened_;
};

TEST_P(ObjectsTest, GivesBackWhatWasPutUnderItsName) {
  const auto name = prefix_ + "reports/März 2026 +%&=?#.txt";
  const std::string bytes = std::string("a\0b", 3) + std::string(300'000, 'z');
  const auto before = nowMicros();
  const auto object = put("", name, bytes, "text/plain; charset=utf-8");
  EXPECT_EQ(object.bucket, "default");
  EXPECT_EQ(object.name, name);
  EXPECT_EQ(object.size, bytes.size());
  EXPECT_TRUE(object.etag.starts_with('"') && object.etag.ends_with('"')) << object.etag;
  EXPECT_EQ(read("", name), bytes);
  const auto known = store().stat("default", name);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->etag, object.etag);
  EXPECT_EQ(known->size, bytes.size());
  EXPECT_EQ(known->contentType, "text/plain; charset=utf-8");
  EXPECT_GT(known->modifiedAt, before - 60'000'000);
  EXPECT_LT(known->modifiedAt, before + 600'000'000);
}

TEST_P(ObjectsTest, APutReplacesWhatHadTheName) {
  const auto first = put("", prefix_ + "a", "one");
  const auto second = put("", prefix_ + "a", "two!");
  EXPECT_NE(first.etag, second.etag);
  EXPECT_EQ(read("", prefix_ + "a"), "two!");
}

TEST_P(ObjectsTest, AnEmptyObjectIsAnObject) {
  put("", prefix_ + "empty", "");
  EXPECT_EQ(store().stat("", prefix_ + "empty")->size, 0u);
  EXPECT_EQ(read("", prefix_ + "empty"), "");
}

TEST_P(ObjectsTest, ANameMayBeTheBeginningOfAnother) {
  put("", prefix_ + "a", "one");
  put("", prefix_ + "a/b", "two");
  EXPECT_EQ(read("", prefix_ + "a"), "one");
  EXPECT_EQ(read("", prefix_ + "a/b"), "two");
}

TEST_P(ObjectsTest, ReadsFromTheMiddle) {
  put("", prefix_ + "digits", "0123456789");
  const auto source = store().open("", prefix_ + "digits");
  std::string buffer(4, ' ');
  EXPECT_EQ(source->read(3, buffer), 4u);
  EXPECT_EQ(buffer, "3456");
  EXPECT_EQ(source->read(8, buffer), 2u);
  EXPECT_EQ(buffer.substr(0, 2), "89");
  EXPECT_EQ(source->read(10, buffer), 0u);
}

TEST_P(ObjectsTest, BucketsAreToldApart) {
  put("second-bucket", prefix_ + "a", "two");
  EXPECT_FALSE(store().stat("", prefix_ + "a"));
  EXPECT_EQ(read("second-bucket", prefix_ + "a"), "two");
  const auto standard = store().bucket("");
  EXPECT_TRUE(standard.exists);
  EXPECT_TRUE(standard.isDefault);
  EXPECT_EQ(standard.name, "default");
  EXPECT_TRUE(standard.endpoint.starts_with("127.0.0.1:")) << standard.endpoint;
  EXPECT_TRUE(store().bucket("second-bucket").exists);
  EXPECT_FALSE(store().bucket("second-bucket").isDefault);
  EXPECT_FALSE(store().bucket("no-such-bucket").exists);
}

TEST_P(ObjectsTest, WhatIsNotThereIsSaidToBeMissing) {
  EXPECT_FALSE(store().stat("", prefix_ + "none"));
  EXPECT_FALSE(store().remove("", prefix_ + "none"));
  EXPECT_EQ(codeOf([&] { store().open("", prefix_ + "none"); }), "no_object");
  EXPECT_EQ(codeOf([&] { store().open("no-such-bucket", "none"); }), "no_bucket");
  EXPECT_EQ(codeOf([&] { store().stat("no-such-bucket", "none"); }), "no_bucket");
  EXPECT_EQ(codeOf([&] { store().remove("no-such-bucket", "none"); }), "no_bucket");
  EXPECT_EQ(codeOf([&] { put("no-such-bucket", "none", "x"); }), "no_bucket");
}

TEST_P(ObjectsTest, RemovedIsGone) {
  put("", prefix_ + "a", "one");
  EXPECT_TRUE(store().remove("", prefix_ + "a"));
  EXPECT_FALSE(store().remove("", prefix_ + "a"));
  EXPECT_FALSE(store().stat("", prefix_ + "a"));
}

TEST_P(ObjectsTest, NamesThatBreakARuleAreRefused) {
  for (const std::string name :
       {"", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/.", "a\\b", "a\nb", "a\x7f", "\xff"}) {
    EXPECT_EQ(codeOf([&] { put("", name, "x"); }), "object_name") << name;
    EXPECT_EQ(codeOf([&] { store().stat("", name); }), "object_name") << name;
    EXPECT_EQ(codeOf([&] { store().presign("", name, 60); }), "object_name") << name;
  }
  EXPECT_EQ(codeOf([&] { put("", std::string(1025, 'a'), "x"); }), "object_name");
  for (const std::string bucket : {"ab", "Upper", "a_b", "..", "-ab", "abc-", "a/b"})
    EXPECT_EQ(codeOf([&] { store().bucket(bucket); }), "bucket_name") << bucket;
  EXPECT_EQ(codeOf([&] { put("", "a", "x", "text/plain\r\nX-Evil: 1"); }), "content_type");
  for (const int seconds : {0, -1, 604801}) {
    EXPECT_EQ(codeOf([&] { store().presign("", "a", seconds); }), "expiry") << seconds;
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectsTest, testing::Values(Store{"Local", openLocal}, Store{"S3", openS3}),
                         [](const auto& store) { return std::string(store.param.name); });

}  // namespace
}  // namespace mortise::services
