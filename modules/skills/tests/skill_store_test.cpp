#include "storage/skill_store.hpp"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include "disk/disk_file.hpp"
#include "installing/new_skill.hpp"
#include "reading/skill_id.hpp"
#include "refusals_testing.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;

constexpr const char* kId = "a--01234567";

class Store : public ::testing::TestWithParam<SkillStore::Swap> {
 protected:
  Store() {
    std::string name = ::testing::TempDir() + "skills-XXXXXX";
    root_ = mkdtemp(name.data());
    store_ = std::make_unique<SkillStore>(root_, GetParam());
    store_->open();
  }
  ~Store() override { fs::remove_all(root_); }

  // Every file carries the version.
  static NewSkill skillOf(const std::string& version) {
    BundleBuilder builder;
    builder.add("SKILL.md",
                "---\nname: a\nversion: v" + version + "\n---\nBody " + version + " [r](references/r.md)\n");
    builder.add("references/r.md", version);
    builder.add("scripts/deep/er/x.sh", version);
    auto skill = newSkill({"local", "local:/x"}, std::move(builder).finish(), {"validator " + version, "", "", false});
    skill.lastSyncAt = version;
    return skill;
  }
  static SkillRecord recordOf(const std::string& revision, const std::string& id = kId) {
    SkillRecord record;
    record.id = id;
    record.slug = "a";
    record.sourceType = "local";
    record.sourceRef = "local:/x";
    record.createdAt = "2026-01-01T00:00:00.000000Z";
    record.updatedAt = record.createdAt;
    record.revision = revision;
    return record;
  }
  void install(const std::string& version) {
    auto staged = store_->stage(skillOf(version));
    const auto lock = store_->lock();
    store_->install(lock, std::move(staged), recordOf(version));
  }
  SkillContent content(const std::string& id = kId) const { return readContent(store_->openSkill(id)->get()); }
  // What lies in the root besides skills.
  std::set<std::string> others() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(root_)) {
      const auto name = entry.path().filename().string();
      if (!isSkillId(name)) out.insert(name);
    }
    return out;
  }
  const std::set<std::string> kClean = {".lock", ".generation"};

  std::string root_;
  std::unique_ptr<SkillStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Swaps, Store, ::testing::Values(SkillStore::Swap::exchange, SkillStore::Swap::twoSteps));

TEST_P(Store, KeepsWhatWasInstalled) {
  install("1");
  EXPECT_EQ(store_->ids(), std::vector<std::string>{kId});
  const auto directory = store_->openSkill(kId);
  const auto record = readRecord(directory->get(), kId);
  EXPECT_EQ(record.sourceRef, "local:/x");
  EXPECT_TRUE(record.enabled);
  const auto read = content();
  EXPECT_EQ(read.manifest.version, "v1");
  EXPECT_EQ(read.body, "Body 1 [r](references/r.md)\n");
  EXPECT_EQ(read.contextReferences, 1U);
  EXPECT_EQ(read.lastSyncAt, "1");
  ASSERT_EQ(read.files.size(), 3U);
  EXPECT_EQ(read.files[2].path, "scripts/deep/er/x.sh");
  for (const auto& file : read.files) EXPECT_EQ(readBundled(directory->get(), file).size(), file.size);
  EXPECT_EQ(readProvenance(directory->get()).validator, "validator 1");
  EXPECT_EQ(others(), kClean);
}

TEST_P(Store, ReplacesAVersionWhole) {
  install("1");
  const auto before = store_->openSkill(kId);
  install("2");
  EXPECT_EQ(content().manifest.version, "v2");
  EXPECT_EQ(others(), kClean);
  EXPECT_THROW(readContent(before->get()), std::runtime_error);  // removed, never mixed
}

TEST_P(Store, TellsEachChange) {
  std::set<std::string> seen = {store_->generation()};
  for (int i = 0; i < 20; ++i) {
    install(std::to_string(i));
    EXPECT_TRUE(seen.insert(store_->generation()).second);
    const auto lock = store_->lock();
    store_->setRecord(lock, recordOf(std::to_string(i)));
    EXPECT_TRUE(seen.insert(store_->generation()).second);
  }
  const auto lock = store_->lock();
  EXPECT_TRUE(store_->remove(lock, kId));
  EXPECT_TRUE(seen.insert(store_->generation()).second);
  EXPECT_FALSE(store_->remove(lock, kId));
}

TEST_P(Store, LeavesNothingOfWhatIsNotInstalled) {
  { const auto staged = store_->stage(skillOf("1")); }
  EXPECT_TRUE(store_->ids().empty());
  EXPECT_EQ(others(), kClean);
}

TEST_P(Store, RemovesWhatACrashLeftButNotWhatOthersWrite) {
  install("1");
  fs::create_directories(root_ + "/.tmp-dead/bundle/x");
  std::ofstream(root_ + "/.tmp-dead/.in-use") << "";
  std::ofstream(root_ + "/.tmp-dead/bundle/x/y") << "left";
  const auto staged = store_->stage(skillOf("2"));
  SkillStore other(root_, GetParam());
  other.open();
  auto left = others();
  EXPECT_EQ(left.count(".tmp-dead"), 0U);
  EXPECT_EQ(left.size(), kClean.size() + 1);  // the staged one
  install("3");
  EXPECT_EQ(content().manifest.version, "v3");
}

TEST_P(Store, PutsBackAVersionWhoseSuccessorNeverCame) {
  install("1");
  fs::rename(root_ + "/" + kId, root_ + "/.replaced-" + kId);
  SkillStore(root_, GetParam()).open();
  EXPECT_EQ(content().manifest.version, "v1");
  EXPECT_EQ(others(), kClean);
}

TEST_P(Store, DropsAVersionWhoseSuccessorCame) {
  install("2");
  fs::copy(root_ + "/" + kId, root_ + "/.replaced-" + kId, fs::copy_options::recursive);
  SkillStore(root_, GetParam()).open();
  EXPECT_EQ(content().manifest.version, "v2");
  EXPECT_EQ(others(), kClean);
}

TEST_P(Store, ReadersSeeOneVersionWhileWritersReplaceIt) {
  if (GetParam() == SkillStore::Swap::twoSteps) GTEST_SKIP() << "between its steps there is none";
  install("0");
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (int i = 1; i <= 60; ++i) install(std::to_string(i));
    over = true;
  });
  int whole = 0;
  while (!over) {
    const auto directory = store_->openSkill(kId);
    ASSERT_TRUE(directory);
    try {
      const auto read = readContent(directory->get());
      const auto version = read.lastSyncAt;
      EXPECT_EQ(read.manifest.version, "v" + version);
      EXPECT_NE(read.body.find("Body " + version + " "), std::string::npos);
      ++whole;
    } catch (const std::runtime_error&) {
      // it was replaced and removed while it was read
    }
  }
  writer.join();
  EXPECT_GT(whole, 0);
}

TEST_P(Store, HasOneWriterAtATimeAmongThreadsAndProcesses) {
  SkillStore other(root_, GetParam());
  other.open();
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 25; ++round) {
        const auto lock = (i % 2 == 0 ? *store_ : other).lock();
        most = std::max(most.load(), ++inside);
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

TEST_P(Store, SaysWhatIsDamaged) {
  install("1");
  const auto path = [&](const char* name) { return root_ + "/" + kId + "/" + name; };
  const auto entry = content().files.at(1);
  std::ofstream(path("bundle/references/r.md")) << "other";
  EXPECT_THROW(readBundled(store_->openSkill(kId)->get(), entry), std::runtime_error);
  fs::remove(path("bundle/references/r.md"));
  fs::create_symlink("/etc/passwd", path("bundle/references/r.md"));
  EXPECT_THROW(readBundled(store_->openSkill(kId)->get(), entry), std::runtime_error);
  std::ofstream(path("bundle_index.json")) << R"([{"path":"../../x","size":1,"sha256":"","is_text":true}])";
  EXPECT_THROW(content(), std::runtime_error);
  std::ofstream(path("manifest.json")) << std::string(5000, '[');
  EXPECT_THROW(content(), std::runtime_error);
  std::ofstream(path("meta.json")) << R"({"id":"b--01234567","slug":"b","revision":"1"})";
  EXPECT_THROW(readRecord(store_->openSkill(kId)->get(), kId), std::runtime_error);
}

TEST_P(Store, NeverOpensWhatIsNoSkillsName) {
  for (const char* id : {"..", ".lock", "", "a", "../x--01234567"}) EXPECT_FALSE(store_->openSkill(id)) << id;
  fs::create_directory_symlink("/etc", root_ + "/link--01234567");
  EXPECT_EQ(refusalOf([&] { return store_->openSkill("link--01234567"); }).status, 500);
}

TEST_P(Store, ReportsAFullDisk) {
  EXPECT_EQ(refusalOf([&]() -> int { disk::failed("write", ENOSPC); }).status, 507);
  EXPECT_EQ(refusalOf([&]() -> int { disk::failed("write", EIO); }).code, "internal");
}

}  // namespace
}  // namespace skills
