#include "archives/archive_reader.hpp"

#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <mortise/problem.hpp>
#include <string>
#include <vector>

#include "archives/member_lines.hpp"
#include "archives_testing.hpp"

namespace session_sharing {
namespace {

using testing::ElementsAre;

const std::vector<TestEntry> kNormal = {{"manifest.json", R"({"title":"A"})"},
                                        {"messages.jsonl", "{\"role\":\"user\"}\n{\"role\":\"assistant\"}\n"},
                                        {"notes/a.txt", std::string(3000, 'x')}};

std::vector<std::string> namesIn(const std::string& archive, const ArchiveLimits& limits = {}) {
  std::vector<std::string> names;
  ArchiveReader reader(bytesOf(archive), limits, kNever);
  while (const auto* member = reader.next()) names.push_back(member->name);
  return names;
}

// "status code", or nothing.
std::string refusalOf(const std::string& archive, const ArchiveLimits& limits = {}) {
  return refusal([&] { namesIn(archive, limits); });
}

TEST(ArchiveReader, GivesTheFilesInTheirOrder) {
  EXPECT_THAT(namesIn(packed(kNormal)), ElementsAre("manifest.json", "messages.jsonl", "notes/a.txt"));
  ArchiveReader reader(bytesOf(packed(kNormal)), {}, kNever);
  EXPECT_EQ(reader.next()->size, 13U);
  EXPECT_EQ(std::string(reader.piece()), R"({"title":"A"})");
  EXPECT_EQ(reader.piece(), "");
}

TEST(ArchiveReader, TakesAnArchiveWithoutFiles) { EXPECT_THAT(namesIn(packed({})), ElementsAre()); }

TEST(ArchiveReader, DropsWhatSaysNothingInNames) {
  EXPECT_THAT(namesIn(packed({{"./manifest.json", "{}"}, {"a//b/./c", "x"}, {"d/", "", AE_IFDIR}})),
              ElementsAre("manifest.json", "a/b/c"));
}

TEST(ArchiveReader, RefusesEveryPrefix) {
  const auto archive = packed(kNormal);
  for (std::size_t size = 0; size < archive.size(); ++size)
    ASSERT_EQ(refusalOf(archive.substr(0, size)), "400 archive_unreadable") << size;
}

TEST(ArchiveReader, RefusesATarThatIsCutShort) {
  const auto tar = packedTar(kNormal);
  const auto end = tar.find_last_not_of('\0') + 1;
  for (std::size_t size = 1; size <= end; size += 97) {
    ASSERT_EQ(refusalOf(gzipped(tar.substr(0, size))), "400 archive_unreadable") << size;
  }
  EXPECT_EQ(refusalOf(gzipped(tar.substr(0, std::size_t{512} * 9))), "400 archive_unreadable")
      << "cut between two blocks, no end";
}

TEST(ArchiveReader, RefusesAFlippedBit) {
  const auto archive = packed(kNormal);
  const auto names = namesIn(archive);
  std::size_t refused = 0;
  for (std::size_t at = 10; at < archive.size(); ++at) {  // the header before has bytes that mean nothing here
    auto flipped = archive;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    // A few bits mean nothing to gzip either: what it unpacks to has the right checksum.
    if (refusalOf(flipped).empty()) {
      EXPECT_EQ(namesIn(flipped), names);
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, archive.size() - 20);
}

TEST(ArchiveReader, TakesSeveralGzipMembersAndZerosBehindThem) {
  const auto tar = packedTar(kNormal);
  const auto halves = gzipped(tar.substr(0, 700)) + gzipped("") + gzipped(tar.substr(700));
  EXPECT_EQ(namesIn(halves).size(), 3U);
  EXPECT_EQ(namesIn(halves + std::string(1000, '\0')).size(), 3U);
}

TEST(ArchiveReader, RefusesWhatFollowsTheArchive) {
  const auto archive = packed(kNormal);
  EXPECT_EQ(refusalOf(archive + "x"), "400 archive_unreadable");
  EXPECT_EQ(refusalOf(archive + std::string(600, '\0') + "x"), "400 archive_unreadable");
  EXPECT_EQ(refusalOf(archive + "\x1f\x8b"), "400 archive_unreadable");
  EXPECT_EQ(refusalOf(archive + archive), "400 archive_unreadable") << "a second tar behind the first one";
  EXPECT_EQ(refusalOf(gzipped(packedTar(kNormal) + std::string(9000, '\0') + "x")), "400 archive_unreadable");
}

TEST(ArchiveReader, RefusesWhatIsNoGzipOrNoTar) {
  for (const auto& other :
       {std::string(), std::string("x"), std::string(5000, 'x'), packedTar(kNormal), gzipped(""), gzipped("x"),
        gzipped(std::string(5000, 'x')), gzipped(packed(kNormal)), packedZip(kNormal)})
    EXPECT_EQ(refusalOf(other), "400 archive_unreadable");
}

TEST(ArchiveReader, RefusesUnsafeNames) {
  for (const auto* name : {"../a", "a/../b", "a/..", "a..b", "/a", "\\a", "C:\\a", "c:a", "//a", "a\xff"})
    EXPECT_EQ(refusalOf(packed({{name, "x"}})), "400 archive_path_unsafe") << name;
  EXPECT_EQ(refusalOf(packed({{"../a", "", AE_IFDIR}})), "400 archive_path_unsafe");
}

TEST(ArchiveReader, KnowsLongNames) {
  const std::string long_name(3000, 'a');
  const auto file = rawEntry("short", '0', "x");
  EXPECT_THAT(namesIn(archiveOf(rawEntry("././@LongLink", 'L', long_name + '\0') + file)), ElementsAre(long_name));
  EXPECT_THAT(namesIn(archiveOf(rawEntry("pax", 'x', paxRecord("path", long_name)) + file)), ElementsAre(long_name));
  EXPECT_THAT(namesIn(archiveOf(rawEntry("pax", 'x', paxRecord("path", "\xe4\xbd\xa0")) + file)),
              ElementsAre("\xe4\xbd\xa0"));
  for (const auto& unsafe : {std::string(5000, 'a'), std::string("a/../b"), std::string("/a")}) {
    EXPECT_EQ(refusalOf(archiveOf(rawEntry("././@LongLink", 'L', unsafe + '\0') + file)), "400 archive_path_unsafe");
    EXPECT_EQ(refusalOf(archiveOf(rawEntry("pax", 'x', paxRecord("path", unsafe)) + file)), "400 archive_path_unsafe");
  }
  EXPECT_EQ(refusalOf(archiveOf(rawEntry("././@LongLink", 'L', std::string("a\xff") + '\0') + file)),
            "400 archive_path_unsafe");
  EXPECT_EQ(refusalOf(archiveOf(rawEntry("pax", 'x', paxRecord("path", "a\xff")) + file)), "400 archive_unreadable");
  EXPECT_EQ(refusalOf(archiveOf(rawEntry("pax", 'x', std::string(3 << 20, 'x')) + file)), "400 archive_unreadable");
}

TEST(ArchiveReader, RefusesWhatIsNoFile) {
  EXPECT_EQ(refusalOf(packed({{"a", "", AE_IFLNK, "b"}})), "400 archive_link_refused");
  EXPECT_EQ(refusalOf(packed({{"b", "x"}, {"a", "", AE_IFREG, "", "b"}})), "400 archive_link_refused");
  EXPECT_EQ(refusalOf(packed({{"a", "", AE_IFIFO}})), "400 archive_special_refused");
  EXPECT_EQ(refusalOf(packed({{"a", "", AE_IFCHR}})), "400 archive_special_refused");
  EXPECT_EQ(refusalOf(packed({{"a", "", AE_IFBLK}})), "400 archive_special_refused");
}

TEST(ArchiveReader, RefusesTwoFilesOfOneName) {
  EXPECT_EQ(refusalOf(packed({{"a", "x"}, {"a", "y"}})), "400 archive_repeated");
  EXPECT_EQ(refusalOf(packed({{"a", "x"}, {"./a", "y"}})), "400 archive_repeated");
  EXPECT_EQ(refusalOf(packed({{"d", "", AE_IFDIR}, {"d", "", AE_IFDIR}})), "") << "a folder may be named twice";
}

TEST(ArchiveReader, RefusesWhatIsTooLarge) {
  ArchiveLimits limits;
  limits.memberBytes = 2999;
  EXPECT_EQ(refusalOf(packed(kNormal), limits), "413 session_too_large");
  limits.memberBytes = 3000;
  EXPECT_EQ(refusalOf(packed(kNormal), limits), "");
  limits.allBytes = 4000;
  EXPECT_EQ(refusalOf(packed(kNormal), limits), "413 session_too_large");
  limits = {};
  limits.members = 2;
  EXPECT_EQ(refusalOf(packed(kNormal), limits), "400 archive_members");
  try {
    limits = {};
    limits.memberBytes = 20;
    namesIn(packed(kNormal), limits);
    FAIL();
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(
        problem.details(),
        R"({"file":"messages.jsonl","size_bytes":37,"limit_bytes":20,"suggestion":"Compact the session, or leave large files out of it."})");
  }
}

TEST(ArchiveReader, StopsAtABombBeforeItIsUnpacked) {
  // Its header says a gigabyte; its data are some kilobytes that unpack to it.
  auto tar = packedTar({{"bomb", "x"}});
  std::memcpy(tar.data() + 124, "10000000000", 11);
  setChecksum(tar);
  EXPECT_EQ(refusalOf(gzipped(tar)), "400 archive_member_size");
  ArchiveLimits limits;
  limits.allBytes = std::uint64_t{1} << 20;
  EXPECT_EQ(refusalOf(gzipped(packedTar({{"a", std::string(4 << 20, '\0')}})), limits), "413 session_too_large");
}

TEST(ArchiveReader, EndsWhereNobodyWaits) {
  const auto archive = packed(kNormal);
  int calls = 0;
  EXPECT_EQ(refusal([&] {
              ArchiveReader reader(bytesOf(archive), {}, [&] {
                if (++calls == 3) throw mortise::Problem(504, "timeout");
              });
              while (reader.next() != nullptr) {
              }
            }),
            "504 timeout");
}

TEST(ReadMember, TakesTheFileThatIsNearestToTheRoot) {
  const auto read = [](const std::vector<TestEntry>& entries) {
    return readMember(bytesOf(packed(entries)), "manifest.json", 100, kNever);
  };
  EXPECT_EQ(read({{"a/manifest.json", "1"}, {"manifest.json", "2"}}), "2");
  EXPECT_EQ(read({{"a/b/manifest.json", "1"}, {"a/manifest.json", "2"}, {"b/manifest.json", "3"}}), "2");
  EXPECT_EQ(read({{"xmanifest.json", "1"}}), std::nullopt);
  EXPECT_EQ(read({}), std::nullopt);
  EXPECT_EQ(refusal([&] { read({{"manifest.json", std::string(101, 'x')}}); }), "413 session_too_large");
}

std::vector<std::string> linesOf(const std::string& content) {
  std::vector<std::string> lines;
  withMember(bytesOf(packed({{"m", content}})), "m", kNever, [&](const ArchiveMember&, ArchiveReader& reader) {
    eachLine(reader, [&](MemberLine& line) {
      lines.push_back(std::to_string(line.number) + "@" + std::to_string(line.offset) + "+" +
                      std::to_string(line.size) + ":" + line.text.substr(0, 10));
      return true;
    });
  });
  return lines;
}

TEST(MemberLines, SayWhereTheyLie) {
  EXPECT_THAT(linesOf("ab\n\ncd\r\ne"), ElementsAre("0@0+2:ab", "1@3+0:", "2@4+2:cd", "3@8+1:e"));
  EXPECT_THAT(linesOf("ab\n"), ElementsAre("0@0+2:ab"));
  EXPECT_THAT(linesOf(""), ElementsAre());
}

TEST(MemberLines, LeaveOutTheTextOfALineThatIsTooLong) {
  const auto most = std::to_string(kMaxLine);
  EXPECT_THAT(linesOf(std::string(kMaxLine + 1, 'x') + "\ny"),
              ElementsAre("0@0+" + std::to_string(kMaxLine + 1) + ":", "1@" + std::to_string(kMaxLine + 2) + "+1:y"));
  EXPECT_THAT(linesOf(std::string(kMaxLine, 'x')), ElementsAre("0@0+" + most + ":xxxxxxxxxx"));
}

}  // namespace
}  // namespace session_sharing
