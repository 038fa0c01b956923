// What administrators do to the catalogue: files and rows change together, or neither does.
#include "catalog/catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "installing/installer.hpp"
#include "refusals_testing.hpp"
#include "remembering_host_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers/process.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;
using mortise::Transaction;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A row that stands in for the audit row.
constexpr const char* kRecorded = "enforce_confirmation";

class Administration : public mortise::testing::DatabaseTest {
 protected:
  Administration() : DatabaseTest("skills", SKILLS_SOURCE_DIR "/migrations") { store_.open(); }

  std::string source(const std::string& name, const std::string& version = "1") const {
    const auto folder = directory_.path() + "/" + name;
    fs::create_directories(folder);
    std::ofstream(folder + "/SKILL.md") << "---\nname: " << name << "\nversion: v" << version << "\n---\nBody\n";
    return folder;
  }
  void record(const Transaction& tx) const { catalog_.policy().in(tx).setMode(kRecorded, "ada"); }
  [[noreturn]] void recordAndFail(const Transaction& tx) const {
    record(tx);
    throw std::runtime_error("the audit row is refused");
  }
  bool isRecorded() const { return catalog_.policy().mode() == kRecorded; }

  Installer::Installed install(const std::string& folder) {
    return installer_.install({"local", folder, {}, {}}, "ada", [](Transaction&, const Installer::Plan&) {});
  }
  std::vector<std::string> installed() {
    std::vector<std::string> out;
    for (const auto& skill : index_.current()->skills()) {
      out.push_back(skill.record.slug + " " + skill.content->manifest.version);
      if (!skill.record.enabled) out.back() += " off";
    }
    return out;
  }

  mortise::peers::TempDirectory directory_{"catalog"};
  SkillStore store_{directory_.path() + "/skills"};
  SkillIndex index_{store_, RememberingHost::log(), RememberingHost::metrics()};
  Sources sources_{{}, mortise::peers::CurlExchange::client()};
  Installer installer_{db(), sources_, store_, index_, RememberingHost::log()};
  Catalog catalog_{db(), store_, index_, CommandRules({})};
};
MORTISE_ON_EVERY_DATABASE(Administration);

TEST_P(Administration, InstallsWithItsRecord) {
  const auto done = installer_.install({"local", source("pdf"), {}, {}}, "ada", [&](Transaction& tx, const auto& plan) {
    EXPECT_EQ(plan.record.slug, "pdf");
    EXPECT_EQ(plan.manifest.version, "v1");
    EXPECT_FALSE(plan.replaces);
    EXPECT_THAT(installed(), IsEmpty()) << "the record comes first";
    record(tx);
  });
  EXPECT_FALSE(done.replaced);
  EXPECT_THAT(installed(), ElementsAre("pdf v1"));
  EXPECT_TRUE(isRecorded());
  EXPECT_TRUE(install(source("pdf", "2")).replaced);
  EXPECT_THAT(installed(), ElementsAre("pdf v2"));
}

TEST_P(Administration, InstallsNothingWithoutItsRecord) {
  install(source("pdf"));
  const auto replace = [&] {
    installer_.install({"local", source("pdf", "2"), {}, {}}, "ada",
                       [&](Transaction& tx, const auto&) { recordAndFail(tx); });
  };
  EXPECT_THROW(replace(), std::runtime_error);
  EXPECT_THAT(installed(), ElementsAre("pdf v1"));
  EXPECT_FALSE(isRecorded());
  EXPECT_THAT(store_.ids(), SizeIs(1));
  EXPECT_EQ(store_.removeLeftovers(store_.lock()), 0U);
}

TEST_P(Administration, SwitchesWithItsRecordOrNotAtAll) {
  const auto id = install(source("pdf")).record.id;
  EXPECT_THROW(catalog_.setEnabled(id, false, [&](Transaction& tx) { recordAndFail(tx); }), std::runtime_error);
  EXPECT_THAT(installed(), ElementsAre("pdf v1"));
  EXPECT_FALSE(isRecorded());
  catalog_.setEnabled(id, false, [&](Transaction& tx) { record(tx); });
  EXPECT_THAT(installed(), ElementsAre("pdf v1 off"));
  EXPECT_TRUE(isRecorded());
  const auto before = store_.generation();
  catalog_.setEnabled(id, false, [](Transaction&) {});
  EXPECT_EQ(store_.generation(), before) << "it was off already";
  EXPECT_EQ(refusalOf([&] { catalog_.setEnabled("x--01234567", false, [](Transaction&) {}); }).status, 404);
}

TEST_P(Administration, RemovesASkillWithItsPreferencesOrNotAtAll) {
  const auto id = install(source("pdf")).record.id;
  const auto other = install(source("sheets")).record.id;
  for (const char* user : {"ada", "bob"}) catalog_.setPreference(user, id, false);
  catalog_.setPreference("ada", other, false);
  EXPECT_THROW(catalog_.remove(id, [&](Transaction& tx, std::int64_t) { recordAndFail(tx); }), std::runtime_error);
  EXPECT_THAT(installed(), SizeIs(2));
  EXPECT_FALSE(isRecorded());
  EXPECT_EQ(catalog_.preferences().find("bob", id), false);

  std::int64_t forgotten = 0;
  catalog_.remove(id, [&](Transaction& tx, std::int64_t preferences) {
    forgotten = preferences;
    record(tx);
  });
  EXPECT_EQ(forgotten, 2);
  EXPECT_THAT(installed(), ElementsAre("sheets v1"));
  EXPECT_TRUE(isRecorded());
  EXPECT_EQ(catalog_.preferences().of("ada").size(), 1U);
  EXPECT_EQ(refusalOf([&] { catalog_.remove(id, [](Transaction&, std::int64_t) {}); }).status, 404);
}

}  // namespace
}  // namespace skills
