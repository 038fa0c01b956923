#include "dlp/archive_inspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "archives_testing.hpp"

namespace session_sharing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kKey = std::string("AKIA") + "ABCDEFGHIJKLMNOP";
const std::string kMark = "[REDACTED:aws_access_key_id]";

const SensitiveTextMatcher& secrets() { return SensitiveTextMatcher::ofSecrets(); }

ArchiveFindings inspected(const std::string& archive) {
  return inspectArchive(bytesOf(archive), secrets(), true, kNever);
}
std::string redacted(const std::string& archive) {
  std::string out;
  packRedacted(bytesOf(archive), secrets(), inspected(archive), kNever, [&](std::string_view bytes) { out += bytes; });
  return out;
}
std::vector<std::pair<std::string, std::string>> filesOf(const std::string& archive) {
  std::vector<std::pair<std::string, std::string>> files;
  ArchiveReader reader(bytesOf(archive), ArchiveLimits(), kNever);
  while (const auto* member = reader.next()) {
    std::string content;
    const auto name = member->name;
    for (auto piece = reader.piece(); !piece.empty(); piece = reader.piece()) content += piece;
    files.emplace_back(name, content);
  }
  return files;
}

TEST(ArchiveInspection, FindsInJsonFilesAlone) {
  const auto findings = inspected(packed({{"manifest.json", "{\"title\":\"" + kKey + "\"}"},
                                          {"a/messages.jsonl", "{}\n\n{\"a\":[\"" + kKey + "\",\"" + kKey + "\"]}\n"},
                                          {"notes.txt", kKey},
                                          {"tools.JSON", "{}"}}));
  EXPECT_EQ(findings.count, 3);
  ASSERT_THAT(findings.first, SizeIs(3));
  EXPECT_EQ(findings.first[0].line, 1);
  EXPECT_EQ(findings.first[2].line, 3);
  EXPECT_EQ(findings.first[2].pattern, "aws_access_key_id");
  EXPECT_EQ(findings.first[2].category, "secrets");
  EXPECT_EQ(findings.first[2].severity, "critical");
  EXPECT_THAT(findings.patterns, ElementsAre("aws_access_key_id"));
  EXPECT_THAT(findings.unreadable, IsEmpty());
  EXPECT_THAT(findings.redactedSizes, SizeIs(2));
}

TEST(ArchiveInspection, NamesWhatIsNoJson) {
  EXPECT_THAT(inspected(packed({{"a.json", "{"}, {"b.jsonl", "{}\nx\n"}, {"c.txt", "{"}, {"d.json", "\xEF\xBB\xBF{}"}}))
                  .unreadable,
              ElementsAre("a.json", "b.jsonl"));
}

TEST(ArchiveInspection, CountsAllAndKeepsAFew) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "\"" + kKey + "\"\n";
  const auto findings = inspected(packed({{"messages.jsonl", lines}}));
  EXPECT_EQ(findings.count, 500);
  EXPECT_THAT(findings.first, SizeIs(kMaxFindings));
}

TEST(Redaction, PacksTheArchiveAnewWithoutThem) {
  const std::string untouched = "{ \"kept\" : [1.50, \"\\u4e2d\"] }\n";
  const auto archive = packed({{"manifest.json", "{\"title\": \"" + kKey + "\"}"},
                               {"deep/er/messages.jsonl", "{}\n\"" + kKey + "\"\n"},
                               {"notes.txt", kKey},
                               {"empty.json", ""},
                               {"tools.json", untouched},
                               {std::string(90, 'n') + "/中文.txt", "long name"}});
  const auto packedAnew = redacted(archive);
  EXPECT_THAT(filesOf(packedAnew),
              ElementsAre(Pair("manifest.json", "{\"title\":\"" + kMark + "\"}"),
                          Pair("deep/er/messages.jsonl", "{}\n\"" + kMark + "\"\n"), Pair("notes.txt", kKey),
                          Pair("empty.json", ""), Pair("tools.json", untouched),
                          Pair(std::string(90, 'n') + "/中文.txt", "long name")));
  EXPECT_EQ(redacted(archive), packedAnew) << "the same bytes each time";
  EXPECT_EQ(inspected(packedAnew).count, 0);
}

TEST(Redaction, OfLargeFilesIsWhole) {
  std::string lines, expected;
  for (int i = 0; i < 20000; ++i) {
    const auto text = std::to_string(i) + std::string(static_cast<std::size_t>(i) % 700, 'x');
    lines += "{\"t\":\"" + text + (i % 50 == 0 ? " " + kKey : "") + "\"}\n";
    expected += "{\"t\":\"" + text + (i % 50 == 0 ? " " + kMark : "") + "\"}\n";
  }
  EXPECT_THAT(filesOf(redacted(packed({{"messages.jsonl", lines}}))), ElementsAre(Pair("messages.jsonl", expected)));
}

TEST(Redaction, StopsWithWhoeverWaitsOrWrites) {
  const auto archive = packed({{"messages.jsonl", "\"" + kKey + "\"\n"}});
  const auto findings = inspected(archive);
  const auto stop = [] { throw std::domain_error("gone"); };
  EXPECT_THROW(packRedacted(bytesOf(archive), secrets(), findings, stop, [](std::string_view) {}), std::domain_error);
  EXPECT_THROW(packRedacted(bytesOf(archive), secrets(), findings, kNever,
                            [](std::string_view) { throw std::domain_error("full"); }),
               std::domain_error);
  EXPECT_THROW(inspectArchive(bytesOf(archive), secrets(), false, stop), std::domain_error);
}

}  // namespace
}  // namespace session_sharing
