#include "core/kernel/storage.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

std::string faultOf(std::vector<std::pair<std::string, std::string>> settings) {
  config::Table table;
  for (const auto& option : config::kernelOptions()) table.add(option);
  config::Sources sources;
  sources.commandLine = std::move(settings);
  std::vector<config::Refusal> refusals;
  const auto config = config::Reader(sources).read(table, true, {}, refusals);
  EXPECT_TRUE(refusals.empty());
  return storageFault(config);
}

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings s3(Settings more) {
  Settings settings{{"blobs.s3_access_key", "key"}, {"blobs.s3_secret_key", "secret"}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

TEST(Storage, GoodValuesHaveNoFault) {
  EXPECT_EQ(faultOf({}), "");
  EXPECT_EQ(faultOf({{"blobs.url", "file:/srv/blobs"}}), "");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket"}})), "");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket/a/b/"}, {"blobs.s3_endpoint", "minio:9000"}})), "");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket"}, {"blobs.s3_endpoint", "http://[::1]:9000/"}})), "");
}

TEST(Storage, FaultsNameTheOptionAndWhatToDo) {
  EXPECT_EQ(faultOf({{"blobs.url", "ftp://x"}}), "blobs.url: should be file:/path or s3://BUCKET/PREFIX");
  EXPECT_EQ(faultOf({{"blobs.url", "file:"}}), "blobs.url: should be file:/path or s3://BUCKET/PREFIX");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://Bucket_1"}})),
            "blobs.url: \"Bucket_1\" can't be a bucket; use s3://BUCKET/PREFIX with 3 to 63 of a-z, 0-9, . and -");
  const auto withKeys = faultOf(s3({{"blobs.url", "s3://me:hidden@bucket"}}));
  EXPECT_EQ(withKeys, "blobs.url: keys don't belong into the URL; use blobs.s3_access_key and blobs.s3_secret_key");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket/../x"}})),
            "blobs.url: \"../x\" can't be the beginning of names; use letters, digits and single /");
  EXPECT_EQ(faultOf({{"blobs.url", "s3://bucket"}}),
            "blobs.s3_access_key: blobs.url names an S3 store; give its access key");
  EXPECT_EQ(faultOf({{"blobs.url", "s3://bucket"}, {"blobs.s3_access_key", "key"}}),
            "blobs.s3_secret_key: blobs.url names an S3 store; give its secret key");
  EXPECT_EQ(
      faultOf(
          {{"blobs.url", "s3://bucket"}, {"blobs.s3_access_key", "key"}, {"blobs.s3_secret_key", "@/no/such/file"}}),
      "blobs.s3_secret_key: names the file /no/such/file, which can't be read");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket"}, {"blobs.s3_endpoint", "http://host/path"}})),
            "blobs.s3_endpoint: should be host:port, https://host:port or http://host:port");
  EXPECT_EQ(faultOf(s3({{"blobs.url", "s3://bucket"}, {"blobs.s3_public_url", "files.example"}})),
            "blobs.s3_public_url: should be https://host or http://host, without a path");
}

}  // namespace
}  // namespace mortise::kernel
