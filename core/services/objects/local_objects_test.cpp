#include "core/services/objects/local_objects.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/memory_source.hpp"
#include "core/base/text.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

namespace fs = std::filesystem;

class LocalObjectsTest : public testing::Test {
 protected:
  std::size_t files() {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) count += entry.is_regular_file();
    return count;
  }
  Object put(std::string_view name, std::string_view bytes) {
    MemorySource source(bytes);
    return store_.put("", name, source, "text/plain");
  }
  peers::TempDirectory directory_{"mortise-objects"};
  const std::string root_ = directory_.path() + "/buckets";
  LocalObjects store_{{root_, "default", "key", [] { return std::string("https://api.example"); }}};
};

TEST_F(LocalObjectsTest, AReplacedObjectLeavesNothingOfTheOldOneBehind) {
  put("a", "one");
  const auto reader = store_.open("", "a");
  put("a", "two, longer");
  EXPECT_EQ(files(), 2u);  // its description, and its bytes
  std::string old(3, ' ');
  EXPECT_EQ(reader->read(0, old), 3u);
  EXPECT_EQ(old, "one");
  EXPECT_TRUE(store_.remove("", "a"));
  EXPECT_EQ(files(), 0u);
}

TEST_F(LocalObjectsTest, ASourceThatFailsLeavesTheOldObject) {
  struct Broken : ByteSource {
    std::uint64_t size() const override { return 1 << 20; }
    std::size_t read(std::uint64_t offset, std::span<char> buffer) override {
      if (offset > 0) throw ServiceError(ErrorKind::unavailable, "gone");
      std::fill(buffer.begin(), buffer.end(), 'x');
      return buffer.size();
    }
  } broken;
  put("a", "one");
  EXPECT_THROW(store_.put("", "a", broken, ""), ServiceError);
  EXPECT_EQ(store_.stat("", "a")->size, 3u);
  EXPECT_EQ(files(), 2u);
}

TEST_F(LocalObjectsTest, ALinkToAFolderElsewhereIsNoBucketAndALinkInsteadOfARecordIsNotRead) {
  fs::create_directories(directory_.path() + "/elsewhere");
  fs::create_symlink(directory_.path() + "/elsewhere", root_ + "/linked");
  EXPECT_FALSE(store_.bucket("linked").exists);
  put("a", "one");
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.path().extension() != ".json") continue;
    const fs::path record(entry.path().string());
    fs::copy(record, directory_.path() + "/copied");
    fs::remove(record);
    fs::create_symlink(directory_.path() + "/copied", record);
    break;
  }
  EXPECT_THROW(store_.stat("", "a"), ServiceError);
}

TEST_F(LocalObjectsTest, ADamagedRecordIsToldAndCanBeReplaced) {
  put("a", "one");
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.path().extension() == ".json") std::ofstream(entry.path(), std::ios::trunc) << "{\"name\":\"a\"";
  }
  EXPECT_THROW(store_.open("", "a"), ServiceError);
  put("a", "again");
  EXPECT_EQ(store_.stat("", "a")->size, 5u);
}

TEST_F(LocalObjectsTest, ALinkHoldsForItsObjectAndItsTimeOnly) {
  const auto url = store_.presign("", "reports/März 1.txt", 60);
  const std::string begin = "https://api.example/objects/default/reports/M%C3%A4rz%201.txt?expires=";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  const auto expires = std::stoll(url.substr(begin.size()));
  const auto signature = url.substr(url.find("&signature=") + 11);
  using Link = LocalObjects::Link;
  EXPECT_EQ(store_.examine("default", "reports/März 1.txt", expires, signature), Link::good);
  EXPECT_EQ(store_.examine("default", "reports/März 2.txt", expires, signature), Link::forged);
  EXPECT_EQ(store_.examine("another", "reports/März 1.txt", expires, signature), Link::forged);
  EXPECT_EQ(store_.examine("default", "reports/März 1.txt", expires + 1, signature), Link::forged);
  EXPECT_EQ(store_.examine("default", "reports/März 1.txt", expires, ""), Link::forged);
  const LocalObjects other({root_, "default", "another key", [] { return std::string(); }});
  EXPECT_EQ(other.examine("default", "reports/März 1.txt", expires, signature), Link::forged);
  const auto shortest = store_.presign("", "x", 1);
  const auto ends = std::stoll(shortest.substr(shortest.find("expires=") + 8));
  while (std::chrono::system_clock::now() < std::chrono::system_clock::time_point(std::chrono::seconds(ends)))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(store_.examine("default", "x", ends, shortest.substr(shortest.find("&signature=") + 11)), Link::expired);
}

TEST_F(LocalObjectsTest, CleanUpTakesOldFilesThatNoObjectPointsTo) {
  put("a", "one");
  std::string content;
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.is_regular_file() && entry.path().extension() != ".json") content = entry.path();
  }
  const auto left = content.substr(0, content.size() - 4) + "0000";
  std::ofstream(left) << "left by a crash";
  for (const auto& path : {content, left})
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(store_.cleanUp(), 1u);
  EXPECT_TRUE(fs::exists(content));
  EXPECT_FALSE(fs::exists(left));
}

}  // namespace
}  // namespace mortise::services
