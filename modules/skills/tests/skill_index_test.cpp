#include "catalog/skill_index.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "installing/new_skill.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;

// log/1 and metrics/1 that remember.
struct Host {
  static inline std::vector<std::string> lines;
  static inline std::map<std::string, std::int64_t> gauges;

  static mortise_status gauge(mortise_host*, mortise_str name, mortise_str, const mortise_pair*, std::size_t,
                              mortise_gauge** handle, mortise_error*) {
    const auto [found, fresh] = gauges.try_emplace(mortise::detail::copied(name), 0);
    *handle = reinterpret_cast<mortise_gauge*>(&found->second);
    return MORTISE_OK;
  }
  static void set(mortise_gauge* gauge, std::int64_t value) { *reinterpret_cast<std::int64_t*>(gauge) = value; }
  static void write(mortise_host*, mortise_log_level, mortise_str message, const mortise_pair* fields, std::size_t) {
    lines.push_back(mortise::detail::copied(message) + " " + mortise::detail::copied(fields[0].value));
  }
  static std::int32_t enabled(mortise_host*, mortise_log_level) { return 1; }
  static mortise::Log log() {
    static const mortise_log_v1 table = {sizeof(mortise_log_v1), &write, &enabled};
    return {nullptr, &table};
  }
  static mortise::Metrics metrics() {
    static const mortise_metrics_v1 table = {
        sizeof(mortise_metrics_v1), nullptr, &gauge, nullptr, nullptr, &set, nullptr, nullptr};
    return {nullptr, &table};
  }
};

class Index : public ::testing::Test {
 protected:
  Index() {
    Host::lines.clear();
    Host::gauges.clear();
    std::string name = ::testing::TempDir() + "index-XXXXXX";
    root_ = mkdtemp(name.data());
    store_ = std::make_unique<SkillStore>(root_);
    store_->open();
    index_ = std::make_unique<SkillIndex>(*store_, Host::log(), Host::metrics());
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
  EXPECT_EQ(Host::gauges["installed"], 3);
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
  EXPECT_EQ(Host::gauges["unreadable"], 2);
  EXPECT_EQ(Host::lines.size(), 2U);
  install("a", 1, "e");
  EXPECT_EQ(listed(), "a=e ");
  EXPECT_EQ(Host::lines.size(), 2U);
  fs::remove_all(root_ + "/c--01234567");
  install("b", 2, "mended");
  EXPECT_EQ(listed(), "b=mended a=e ");
  EXPECT_EQ(Host::gauges["unreadable"], 0);
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
