#include "core/services/secrets/secrets.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "core/base/text.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

class SecretFile : public testing::Test {
 protected:
  peers::TempDirectory directory_{"mortise-secrets"};
  const std::string path_ = directory_.path() + "/secret";
};

TEST_F(SecretFile, IsMadeOnceForItsOwnerOnly) {
  const std::string first = Secrets::open(path_).derive("purpose");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 32);
  EXPECT_EQ(Secrets::open(path_).derive("purpose"), first);
  EXPECT_NE(Secrets::open(path_).derive("other purpose"), first);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1)
      << "no temporary file is left";
}

TEST_F(SecretFile, SeveralMakersAgree) {
  std::vector<std::string> derived(4);
  std::vector<std::thread> threads;
  for (std::string& one : derived) threads.emplace_back([&] { one = Secrets::open(path_).derive("purpose"); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& one : derived) EXPECT_EQ(one, derived[0]);
}

TEST_F(SecretFile, ShortOrOpenFilesAreRefused) {
  std::ofstream(path_) << "short";
  ::chmod(path_.c_str(), 0600);
  EXPECT_THROW(Secrets::open(path_), ServiceError);
  std::ofstream(path_) << std::string(32, 'x');
  EXPECT_EQ(Secrets::open(path_).derive("a").size(), 32u);
  ::chmod(path_.c_str(), 0640);
  EXPECT_THROW(Secrets::open(path_), ServiceError);
  EXPECT_THROW(Secrets::open(directory_.path() + "/no/such/directory"), ServiceError);
}

TEST(Secrets, DerivesByHkdfOfAnyLength) {
  const Secrets secrets(std::string(32, 'm'));
  const std::string longer = secrets.derive("purpose", 100);
  EXPECT_EQ(longer.size(), 100u);
  EXPECT_EQ(longer.substr(0, 32), secrets.derive("purpose"));
  EXPECT_THROW(secrets.derive("purpose", 0), ServiceError);
  EXPECT_THROW(Secrets(std::string(31, 'm')), ServiceError);
}

TEST(Secrets, WhatWasSealedOpensOnlyUnchangedAndForItsPurpose) {
  const Secrets secrets(std::string(32, 'm'), {{"token", "t0p"}});
  const std::string sealed = secrets.seal("oauth", "plain text");
  EXPECT_EQ(sealed.find("plain"), std::string::npos);
  EXPECT_EQ(secrets.unseal("oauth", sealed), "plain text");
  EXPECT_EQ(secrets.unseal("oauth", secrets.seal("oauth", "")), "");
  EXPECT_NE(secrets.seal("oauth", "plain text"), sealed);
  EXPECT_THROW(secrets.unseal("other", sealed), ServiceError);
  EXPECT_THROW(Secrets(std::string(32, 'n')).unseal("oauth", sealed), ServiceError);
  std::string altered = sealed;
  altered[40] = altered[40] == 'A' ? 'B' : 'A';
  EXPECT_THROW(secrets.unseal("oauth", altered), ServiceError);
  EXPECT_THROW(secrets.unseal("oauth", "v1."), ServiceError);
  EXPECT_THROW(secrets.unseal("oauth", ""), ServiceError);
  EXPECT_EQ(secrets.named("token"), "t0p");
  EXPECT_EQ(secrets.named("none"), std::nullopt);
}

}  // namespace
}  // namespace mortise::services
