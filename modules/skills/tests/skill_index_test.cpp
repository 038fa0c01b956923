#include "catalog/skill_index.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "installing/new_skill.hpp"
#include "remembering_host_testing.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;

class Index : public ::testing::Test {
 protected:
  Index() {
    RememberingHost::lines.clear();
    RememberingHost::gauges.clear();
    std::string name = ::testing::TempDir() + "index-XXXXXX";
    root_ = mkdtemp(name.data());
    store_ = std::make_unique<SkillStore>(root_);
    store_->open();
    index_ = std::make_unique<SkillIndex>(*store_, RememberingHost::log(), RememberingHost::metrics());
  }
  ~Index() override { fs::remove_all(root_); }

  static SkillRecord recordOf(const std::string& slug, int number, const std::string& revision) {
    SkillRecord record;
    record.id = slug + "--01234567";
    record.slug = slug;
    record.createdAt = "2026-01-01T00:00:0" + std::to_string(number) + ".000000Z";
    record.revision = revision;
    return record;
  }
  void install(const std::string& slug, int number, const std::string& description = "d") {
    BundleBuilder builder;
    builder.add("SKILL.md", "---\nname: " + slug + "\ndescription: " + description + "\n---\nBody\n");
    auto skill = newSkill({"local", "local:/x"}, std::move(builder).finish(), {});
    auto staged = store_->stage(skill);
    const auto lock = store_->lock();
    store_->install(lock, std::move(staged), recordOf(slug, number, slug + description));
  }
  std::string listed() {
    std::string out;
    const auto snapshot = index_->current();
    for (const auto& skill : snapshot->skills())
      out +=
          skill.record.slug + (skill.record.enabled ? "" : "(off)") + "=" + skill.content->manifest.description + " ";
    return out;
  }

  std::string root_;
  std::unique_ptr<SkillStore> store_;
  std::unique_ptr<SkillIndex> index_;
};

TEST_F(Index, ListsTheNewestFirst) {
  EXPECT_EQ(listed(), "");
  install("a", 1);
  install("c", 3);
  install("b", 2);
  EXPECT_EQ(listed(), "c=d b=d a=d ");
  EXPECT_EQ(RememberingHost::gauges["installed"], 3);
}

TEST_F(Index, SeesEveryChangeOfItsOwnAndOfOthers) {
  install("a", 1);
  EXPECT_EQ(listed(), "a=d ");
  install("a", 1, "e");
  EXPECT_EQ(listed(), "a=e ");
  SkillStore other(root_);
  other.open();
  {
    const auto lock = other.lock();
    auto record = recordOf("a", 1, "ae");
    record.enabled = false;
    other.setRecord(lock, record);
  }
  EXPECT_EQ(listed(), "a(off)=e ");
  const auto lock = other.lock();
  other.remove(lock, "a--01234567");
  EXPECT_EQ(listed(), "");
}

TEST_F(Index, ReadsOnlyWhatChanged) {
  install("a", 1);
  install("b", 2);
  const auto before = index_->current();
  EXPECT_EQ(index_->current(), before);
  install("a", 1, "e");
  const auto after = index_->current();
  EXPECT_GT(after->generation(), before->generation());
  EXPECT_EQ(after->find("b--01234567")->content, before->find("b--01234567")->content);
  EXPECT_NE(after->find("a--01234567")->content, before->find("a--01234567")->content);
  EXPECT_EQ(before->find("a--01234567")->content->manifest.description, "d");
}

TEST_F(Index, LeavesOutWhatIsUnreadableAndSaysSoOnce) {
  install("a", 1);
  install("b", 2);
  std::ofstream(root_ + "/b--01234567/meta.json") << "{";
  fs::create_directories(root_ + "/c--01234567");
  fs::create_directories(root_ + "/lost+found");
  store_->open();
  EXPECT_EQ(listed(), "a=d ");
  EXPECT_EQ(RememberingHost::gauges["unreadable"], 2);
  EXPECT_EQ(RememberingHost::lines.size(), 2U);
  install("a", 1, "e");
  EXPECT_EQ(listed(), "a=e ");
  EXPECT_EQ(RememberingHost::lines.size(), 2U);
  fs::remove_all(root_ + "/c--01234567");
  install("b", 2, "mended");
  EXPECT_EQ(listed(), "b=mended a=e ");
  EXPECT_EQ(RememberingHost::gauges["unreadable"], 0);
}

TEST_F(Index, FindsBySlugAndSelects) {
  install("pdf", 1, "merge files");
  install("sheets", 2, "tables");
  const auto snapshot = index_->current();
  EXPECT_EQ(snapshot->findSlug("pdf")->record.id, "pdf--01234567");
  EXPECT_EQ(snapshot->findSlug("p"), nullptr);
  EXPECT_EQ(snapshot->find("pdf"), nullptr);
  const auto chosen = snapshot->selector().select("merge my pdf", {0, 1});
  EXPECT_EQ(snapshot->skills()[chosen.at(0).skill].record.slug, "pdf");
  EXPECT_EQ(chosen.at(0).score, 2U);
}

}  // namespace
}  // namespace skills
