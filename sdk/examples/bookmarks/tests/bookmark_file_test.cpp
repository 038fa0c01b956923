#include "bookmark_file.hpp"

#include <gtest/gtest.h>

namespace bookmarks {
namespace {

TEST(BookmarkFile, ReadsWhatItWrites) {
  std::string file;
  appendLine(file, {"https://a.example/", "A"});
  appendLine(file, {"http://b.example/?x=1", "B and \"more\""});
  const auto out = readLines(file);
  EXPECT_EQ(out.error, 0u);
  ASSERT_EQ(out.lines.size(), 2u);
  EXPECT_EQ(out.lines[1].url, "http://b.example/?x=1");
  EXPECT_EQ(out.lines[1].title, "B and \"more\"");
}

TEST(BookmarkFile, TakesEmptyLinesLineEndsOfWindowsAndAMissingLastOne) {
  const auto out = readLines("\r\nhttps://a.example/\tA\r\n\nhttps://b.example/\tB");
  EXPECT_EQ(out.error, 0u);
  ASSERT_EQ(out.lines.size(), 2u);
  EXPECT_EQ(out.lines[0].title, "A");
  EXPECT_EQ(out.lines[1].title, "B");
}

TEST(BookmarkFile, NamesTheFirstLineThatItCannotRead) {
  const std::string good = "https://a.example/\tA\n";
  EXPECT_EQ(readLines(good + "https://b.example/\n" + "nonsense").error, 2u);
  EXPECT_EQ(readLines(good + "\n" + "ftp://b.example/\tB").error, 3u);
  EXPECT_EQ(readLines("https://b.example/\t").error, 1u);
  EXPECT_EQ(readLines("https://b.example/\ta\tb").error, 1u);
  EXPECT_EQ(readLines("https://b.example/\t" + std::string(201, 'x')).error, 1u);
  EXPECT_EQ(readLines("https://" + std::string(2000, 'x') + "\tB").error, 1u);
}

}  // namespace
}  // namespace bookmarks
