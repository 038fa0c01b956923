#include "bundle/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/path_rules.hpp"
#include "refusals_testing.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

std::vector<std::string> paths(const Bundle& bundle) {
  std::vector<std::string> all;
  for (const auto& file : bundle.files()) all.push_back(file.path);
  return all;
}

TEST(PathsOfABundle, AreNormalised) {
  for (const auto& [written, normalised] : {std::pair{"a.md", "a.md"},
                                            {"./a.md", "a.md"},
                                            {"a//b.md", "a/b.md"},
                                            {"a\\b\\c.md", "a/b/c.md"},
                                            {"a/./b/../c.md", "a/c.md"},
                                            {"a/b/", "a/b"},
                                            {"...", "..."},
                                            {"资料/说明.md", "资料/说明.md"},
                                            {"con", "con"},
                                            {"a b", "a b"}}) {
    EXPECT_EQ(normalisedPath(written), normalised);
  }
}

TEST(PathsOfABundle, AreRefusedWithTheRuleThatTheyBreak) {
  const std::string segment(256, 'x');
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "folder/";
  for (const auto& [path, code] : {std::pair<std::string, const char*>{"../x", "skill_path_climbs"},
                                   {"a/../../x", "skill_path_climbs"},
                                   {"..\\x", "skill_path_climbs"},
                                   {"a/b/../../..", "skill_path_climbs"},
                                   {"/etc/passwd", "skill_path_absolute"},
                                   {"\\\\server\\share", "skill_path_absolute"},
                                   {"C:\\x", "skill_path_absolute"},
                                   {"c:x", "skill_path_absolute"},
                                   {"", "skill_path_empty"},
                                   {".", "skill_path_empty"},
                                   {"a/..", "skill_path_empty"},
                                   {std::string("a\0b", 3), "skill_path_control"},
                                   {"a\nb", "skill_path_control"},
                                   {"a\x7f", "skill_path_control"},
                                   {"a\xC2\x85", "skill_path_control"},
                                   {"txt\xE2\x80\xAE.exe", "skill_path_control"},
                                   {"\xFF.md", "skill_path_not_utf8"},
                                   {"\xC0\xAE\xC0\xAE/x", "skill_path_not_utf8"},
                                   {segment, "skill_path_too_long"},
                                   {"a/" + segment + "/b", "skill_path_too_long"},
                                   {deep, "skill_path_too_long"},
                                   {std::string(100000, '/'), "skill_path_too_long"}}) {
    EXPECT_EQ(refusalOf([&] { normalisedPath(path); }).code, code) << printable(path);
  }
}

TEST(PathsOfABundle, ShowHostileNamesHarmlessly) {
  EXPECT_EQ(printable("a\x1b[2J"), "a\\u{1b}[2J");
  EXPECT_EQ(printable("a\xFF"), "a\\xff");
  EXPECT_EQ(printable("a\xE2\x80\xAE"), "a\\u{202e}");
  EXPECT_EQ(printable("说明"), "说明");
  const auto cut = printable(std::string(5000, 'x'));
  EXPECT_EQ(cut.size(), 163U);
  EXPECT_EQ(refusalOf([] { normalisedPath("../a\nb"); }).params.at("path"), "../a\\u{a}b");
}

TEST(PathsOfABundle, LeaveOutWhatToolsLeaveBehind) {
  for (const auto* path :
       {".git/config", "a/.git/x", "__MACOSX/._SKILL.md", "a/._b", ".DS_Store", "a/__pycache__/x.pyc"}) {
    EXPECT_TRUE(hasIgnoredName(path)) << path;
  }
  for (const auto* path : {".gitignore", ".github/x", "a.git", "node_modules/x", "_MACOSX"}) {
    EXPECT_FALSE(hasIgnoredName(path)) << path;
  }
}

TEST(ABundle, IsSortedAndKnowsItsTexts) {
  BundleBuilder builder;
  builder.add("scripts/run.sh", "#!/bin/sh\n");
  builder.add("SKILL.md", "# 名");
  builder.add("assets\\logo.png", std::string("\x89PNG\0", 5));
  builder.add("assets/nul.txt", std::string("a\0b", 3));
  const auto bundle = std::move(builder).finish();
  EXPECT_THAT(paths(bundle), testing::ElementsAre("SKILL.md", "assets/logo.png", "assets/nul.txt", "scripts/run.sh"));
  EXPECT_TRUE(bundle.find("SKILL.md")->isText);
  EXPECT_FALSE(bundle.find("assets/logo.png")->isText);
  EXPECT_FALSE(bundle.find("assets/nul.txt")->isText);
  EXPECT_EQ(bundle.find("scripts"), nullptr);
}

TEST(ABundle, RefusesTwoThingsOfOneName) {
  struct Row {
    const char *first, *second, *code;
  };
  for (const auto& row : {Row{"a.md", "a.md", "skill_path_twice"}, Row{"a.md", "A.md", "skill_path_twice"},
                          Row{"a.md", "x/../a.md", "skill_path_twice"}, Row{"a", "a/b", "skill_path_file_and_folder"},
                          Row{"a/b", "a", "skill_path_file_and_folder"}, Row{"A/b", "a", "skill_path_file_and_folder"},
                          Row{"a/b", "a/B/c", "skill_path_file_and_folder"}}) {
    BundleBuilder builder;
    builder.add(row.first, "1");
    EXPECT_EQ(refusalOf([&] { builder.add(row.second, "2"); }).code, row.code) << row.first << " " << row.second;
  }
}

TEST(ABundle, KeepsItsLimits) {
  BundleBuilder many;
  for (std::size_t i = 0; i < kMaxFiles; ++i) {
    EXPECT_EQ(many.room(), kMaxFileBytes);
    many.add("f" + std::to_string(i), "");
  }
  EXPECT_EQ(many.room(), 0U);
  EXPECT_EQ(refusalOf([&] { many.add("one more", ""); }).code, "skill_too_many_files");

  BundleBuilder large;
  large.add("just", std::string(kMaxFileBytes, 'x'));
  const auto refused = refusalOf([&] { large.add("over", std::string(kMaxFileBytes + 1, 'x')); });
  EXPECT_EQ(refused.code, "skill_file_too_large");
  EXPECT_EQ(refused.params.at("path"), "over");
  EXPECT_EQ(refused.params.at("most"), "256");
  for (int i = 1; i < 40; ++i) large.add("f" + std::to_string(i), std::string(kMaxFileBytes, 'x'));
  EXPECT_EQ(large.room(), 0U);
  large.add("empty", "");
  EXPECT_EQ(refusalOf([&] { large.add("a byte", "x"); }).code, "skill_bundle_too_large");
}

TEST(ABundle, NeedsASkillMdOfText) {
  EXPECT_EQ(refusalOf([] { BundleBuilder().finish(); }).code, "skill_main_missing");
  for (const auto* path : {"skill.md", "a/SKILL.md"}) {
    BundleBuilder builder;
    builder.add(path, "# x");
    EXPECT_EQ(refusalOf([&] { std::move(builder).finish(); }).code, "skill_main_missing") << path;
  }
  BundleBuilder latin;
  latin.add("SKILL.md", "# caf\xE9");
  EXPECT_EQ(refusalOf([&] { std::move(latin).finish(); }).code, "skill_main_not_text");
}

TEST(ABundle, LosesTheOneFolderThatAnArchiveWasPackedIn) {
  BundleBuilder packed;
  packed.add("skill-1.0/SKILL.md", "# x");
  packed.add("skill-1.0/skill-1.0/a.md", "");
  packed.dropTopFolder();
  EXPECT_EQ(refusalOf([&] { packed.add("skill.MD", ""); }).code, "skill_path_twice");
  EXPECT_THAT(paths(std::move(packed).finish()), testing::ElementsAre("SKILL.md", "skill-1.0/a.md"));

  BundleBuilder flat;
  flat.add("references/a.md", "");
  flat.add("SKILL.md", "# x");
  flat.dropTopFolder();
  EXPECT_THAT(paths(std::move(flat).finish()), testing::ElementsAre("SKILL.md", "references/a.md"));
}

}  // namespace
}  // namespace skills
