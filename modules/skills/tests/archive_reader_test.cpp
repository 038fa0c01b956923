#include "sources/archive_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusals_testing.hpp"
#include "tests/peers/packed_archive.hpp"

namespace skills {
namespace {

using mortise::peers::packed;
using mortise::peers::TestEntry;

const Cancellation kNever(nullptr);
const TestEntry kMain{"SKILL.md", "# A skill"};

std::vector<std::string> pathsIn(const Bundle& bundle) {
  std::vector<std::string> all;
  for (const auto& file : bundle.files()) all.push_back(file.path);
  return all;
}

std::vector<std::string> pathsOf(const std::string& archive) { return pathsIn(bundleOfArchive(archive, kNever)); }

Refusal refusalOfArchive(const std::string& archive) {
  return refusalOf([&] { return bundleOfArchive(archive, kNever); });
}

class Archives : public testing::TestWithParam<std::string> {
 protected:
  static std::string pack(std::vector<TestEntry> entries) {
    entries.insert(entries.begin(), kMain);
    return packed(GetParam(), entries);
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, Archives, testing::Values("zip", "tar", "tar.gz"),
                         [](const auto& format) { return format.param == "tar.gz" ? "gzip" : format.param; });

TEST_P(Archives, BecomeBundles) {
  const auto bundle = bundleOfArchive(pack({{"references", "", AE_IFDIR},
                                            {"references/说明.md", "你好"},
                                            {"./a/../b.txt", "b"},
                                            {"c\\d.txt", "d"},
                                            {"empty", ""}}),
                                      kNever);
  EXPECT_THAT(pathsIn(bundle), testing::ElementsAre("SKILL.md", "b.txt", "c/d.txt", "empty", "references/说明.md"));
  EXPECT_EQ(bundle.find("references/说明.md")->bytes, "你好");
  EXPECT_EQ(bundle.find("SKILL.md")->bytes, "# A skill");
}

TEST_P(Archives, LoseTheFolderTheyWerePackedIn) {
  EXPECT_THAT(
      pathsOf(packed(GetParam(),
                     {{"pdf", "", AE_IFDIR}, {"pdf/SKILL.md", "x"}, {"pdf/a/b.md", ""}, {"__MACOSX/._pdf", "x"}})),
      testing::ElementsAre("SKILL.md", "a/b.md"));
}

TEST_P(Archives, LeaveOutWhatToolsLeaveBehind) {
  EXPECT_THAT(
      pathsOf(pack(
          {{".git/config", "x"}, {"a/.DS_Store", "x"}, {"__MACOSX/._a", "x"}, {".git/link", "", AE_IFLNK, "/etc"}})),
      testing::ElementsAre("SKILL.md"));
}

TEST_P(Archives, AreRefusedForTheirEntries) {
  struct Row {
    TestEntry entry;
    const char* code;
  };
  std::string overSegment(256, 'x');
  std::vector<Row> rows{{{"../outside.md", "x"}, "skill_path_climbs"},
                        {{"a/../../outside.md", "x"}, "skill_path_climbs"},
                        {{"..\\outside.md", "x"}, "skill_path_climbs"},
                        {{"../folder/", "", AE_IFDIR}, "skill_path_climbs"},
                        {{"/etc/cron.d/x", "x"}, "skill_path_absolute"},
                        {{"C:\\x", "x"}, "skill_path_absolute"},
                        {{"bad\xFFname", "x"}, "skill_path_not_utf8"},
                        {{"bad\nname", "x"}, "skill_path_control"},
                        {{"exe\xE2\x80\xAE"
                          "dm.md",
                          "x"},
                         "skill_path_control"},
                        {{"SKILL.md", "# Another"}, "skill_path_twice"},
                        {{"skill.MD", "# Another"}, "skill_path_twice"},
                        {{"SKILL.md/x", "x"}, "skill_path_file_and_folder"},
                        {{"link", "", AE_IFLNK, "/etc/passwd"}, "skill_link_refused"},
                        {{"link", "", AE_IFLNK, "SKILL.md"}, "skill_link_refused"},
                        {{"large", std::string(kMaxFileBytes + 1, 'x')}, "skill_file_too_large"},
                        {{"bomb", std::string(40 << 20, '\0')}, "skill_file_too_large"}};
  if (GetParam() != "zip") {
    rows.push_back({{"hard", "", AE_IFREG, "", "/etc/passwd"}, "skill_link_refused"});
    rows.push_back({{"device", "", AE_IFCHR}, "skill_special_file_refused"});
    rows.push_back({{"disk", "", AE_IFBLK}, "skill_special_file_refused"});
    rows.push_back({{"pipe", "", AE_IFIFO}, "skill_special_file_refused"});
  }
  for (const auto& row : rows) EXPECT_EQ(refusalOfArchive(pack({row.entry})).code, row.code) << row.entry.path;
}

TEST_P(Archives, StopAtTheirLimits) {
  std::vector<TestEntry> many;
  for (int i = 0; i < 200; ++i) many.push_back({"f" + std::to_string(i), ""});
  EXPECT_EQ(refusalOfArchive(pack(many)).code, "skill_too_many_files");
  std::vector<TestEntry> folders;
  for (int i = 0; i < 2000; ++i) folders.push_back({"f" + std::to_string(i), "", AE_IFDIR});
  EXPECT_EQ(refusalOfArchive(pack(folders)).code, "skill_archive_entries");
  std::vector<TestEntry> large;
  for (int i = 0; i < 41; ++i) large.push_back({"f" + std::to_string(i), std::string(kMaxFileBytes, 'x')});
  EXPECT_EQ(refusalOfArchive(pack(large)).code, "skill_bundle_too_large");
}

TEST_P(Archives, CutShortAreRefused) {
  const auto whole = pack({{"a.md", std::string(3000, 'a')}, {"b.md", std::string(3000, 'b')}});
  std::size_t refused = 0;
  for (std::size_t size = 0; size < whole.size() - 1; size += 7) {
    const auto answer = refusalOfArchive(whole.substr(0, size));
    if (answer.code == "skill_archive_damaged") {
      ++refused;
      continue;
    }
    // Only what follows the end of the tar may be missing: zeros, and gzip's checksum.
    EXPECT_EQ(answer.code, "nothing was refused") << size;
    EXPECT_GT(size + 1100, whole.size()) << size;
  }
  EXPECT_GT(refused, 10U);
}

TEST(AnArchive, IsRefusedWhenEncryptedOrPackedStrangely) {
  EXPECT_EQ(refusalOfArchive(packed("zip", {kMain}, "secret")).code, "skill_archive_encrypted");
  for (const auto* method : {"no archive at all", "", "PK\x05\x06", "\x1F\x8B\x08"}) {
    EXPECT_EQ(refusalOfArchive(method).code, "skill_archive_damaged") << method;
  }
  auto otherMethod = packed("zip", {kMain}, nullptr, "zip:compression=store");
  const auto directory = otherMethod.find("PK\x01\x02");
  ASSERT_NE(directory, std::string::npos);
  otherMethod[8] = 14;  // LZMA, in the entry's own header and in the directory
  otherMethod[directory + 10] = 14;
  EXPECT_EQ(refusalOfArchive(otherMethod).code, "skill_archive_method");
  const auto twice = refusalOfArchive(packed("tar.gz", {kMain}, nullptr, nullptr, 2));
  EXPECT_EQ(twice.params.count("reason") == 1 ? twice.params.at("reason") : twice.code,
            "it is compressed more than once");
  auto wrongSum = packed("zip", {kMain}, nullptr, "zip:compression=store");
  wrongSum[wrongSum.find("# A skill")] = '!';
  EXPECT_EQ(refusalOfArchive(wrongSum).code, "skill_archive_damaged");
}

TEST(AnArchive, DoesNotUnpackGigabytesThatAreLeftOut) {
  const auto bomb = packed("tar.gz", {kMain, {".git/pack", std::string(65 << 20, '\0')}});
  EXPECT_LT(bomb.size(), std::size_t{1} << 20);
  EXPECT_EQ(refusalOfArchive(bomb).code, "skill_archive_bomb");
}

TEST(AnArchive, IsReadNoFurtherOnceCancelled) {
  const Cancellation set([] { return true; });
  const auto refused = refusalOf([&] { return bundleOfArchive(packed("tar", {kMain}), set); });
  EXPECT_EQ(refused.code, "skill_fetch_cancelled");
  EXPECT_EQ(refused.status, 503);
}

Bundle fromRepository(const std::string& archive, std::string_view folder, std::size_t piece = 100) {
  std::size_t at = 0;
  const ArchivePieces pieces = [&] {
    const auto next = std::string_view(archive).substr(std::min(at, archive.size()), piece);
    at += next.size();
    return next;
  };
  return bundleOfRepository(pieces, folder, kNever);
}

TEST(ARepository, GivesWhatLiesInTheFolder) {
  const auto archive = packed("tar.gz", {{"ada-tools-1234567", "", AE_IFDIR},
                                         {"ada-tools-1234567/README.md", "x"},
                                         {"ada-tools-1234567/link", "", AE_IFLNK, "/etc"},
                                         {"ada-tools-1234567/huge", std::string(1 << 20, 'x')},
                                         {"ada-tools-1234567/skills/pdf", "", AE_IFDIR},
                                         {"ada-tools-1234567/skills/pdf/SKILL.md", "# PDF"},
                                         {"ada-tools-1234567/skills/pdf/a/b.md", "b"},
                                         {"ada-tools-1234567/skills/pdf2/SKILL.md", "# Other"}});
  EXPECT_THAT(pathsIn(fromRepository(archive, "skills/pdf")), testing::ElementsAre("SKILL.md", "a/b.md"));
  EXPECT_THAT(pathsIn(fromRepository(archive, "skills/pdf", 1)), testing::ElementsAre("SKILL.md", "a/b.md"));
  EXPECT_EQ(refusalOf([&] { return fromRepository(archive, "skills/none"); }).code, "skill_github_missing");
  EXPECT_EQ(refusalOf([&] { return fromRepository(archive, "skills"); }).code, "skill_main_missing");
  EXPECT_EQ(refusalOf([&] { return fromRepository(archive, "link"); }).code, "skill_link_refused");
  EXPECT_EQ(refusalOf([&] { return fromRepository(archive.substr(0, archive.size() / 2), "skills/pdf"); }).code,
            "skill_archive_damaged");
  const auto slip = packed("tar.gz", {{"r/skills/pdf/SKILL.md", "x"}, {"r/skills/pdf/../../../../etc/x", "x"}});
  EXPECT_EQ(refusalOf([&] { return fromRepository(slip, "skills/pdf"); }).code, "skill_path_climbs");
}

}  // namespace
}  // namespace skills
