// Messages by page out of blocks: against a plain list of all, and from files that are damaged.
#include "library/message_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "library/message_page.hpp"

namespace session_sharing {
namespace {

struct File {
  std::string bytes;
  std::uint64_t read = 0;  // bytes that were asked for

  MessageBlocks open() {
    return {bytes.size(), [this](std::uint64_t offset, char* buffer, std::size_t size) -> std::size_t {
              if (offset >= bytes.size()) return 0;
              // In small pieces, as a disk may.
              size = std::min({size, bytes.size() - offset, std::size_t{100'000}});
              std::memcpy(buffer, bytes.data() + offset, size);
              read += size;
              return size;
            }};
  }
};

struct Line {
  std::string text;
  bool isShown = false;
  bool isMessage = false;
};

File fileOf(const std::vector<Line>& lines) {
  File file;
  MessageBlocksWriter writer([&](std::string_view piece) { file.bytes.append(piece); });
  std::int64_t number = 0;
  for (const auto& line : lines) writer.add(number++, line.text);
  writer.finish();
  return file;
}

std::string message(std::size_t number, std::size_t size) {
  return R"({"role":"user","n":)" + std::to_string(number) + R"(,"content":")" + std::string(size, 'x') + "\"}";
}

// Messages of all sizes, some hidden, some no messages at all.
std::vector<Line> someLines(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Line> lines;
  for (std::size_t i = 0; i < count; ++i) {
    switch (random() % 8) {
      case 0:
        lines.push_back({R"({"role":"user","content":""})", false, true});
        break;
      case 1:
        lines.push_back({random() % 2 == 0 ? "" : "broken", false, false});
        break;
      case 2:
        lines.push_back({message(i, 1 + random() % 50'000), true, true});
        break;
      default:
        lines.push_back({message(i, 1 + random() % 100), true, true});
    }
  }
  return lines;
}

TEST(MessageBlocks, GiveEveryPageInBothOrders) {
  for (const std::size_t count : {0, 1, 7, 3000}) {
    const auto lines = someLines(count, 7);
    auto file = fileOf(lines);
    const auto blocks = file.open();
    std::vector<std::pair<std::int64_t, std::string>> shown;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].isShown) shown.emplace_back(i, lines[i].text);
    }
    ASSERT_EQ(blocks.shown(), std::ssize(shown));
    for (const bool newest : {false, true}) {
      for (const std::int64_t size : {1, 3, 50, 100}) {
        if (size == 1 && count > 100) continue;
        std::vector<std::pair<std::int64_t, std::string>> read;
        MessageQuery query{1, size, newest, std::nullopt};
        for (;; ++query.page) {
          const auto page = pageOf(blocks, query);
          EXPECT_EQ(page.total, std::ssize(shown));
          EXPECT_EQ(page.page, query.page);
          EXPECT_FALSE(page.target);
          for (const auto& each : page.messages) read.emplace_back(each.line, each.text);
          EXPECT_EQ(page.hasMore, std::ssize(read) < page.total);
          if (!page.hasMore) break;
        }
        if (newest) std::reverse(read.begin(), read.end());
        EXPECT_EQ(read, shown) << count << " lines in pages of " << size;
        query.page += 5;
        EXPECT_TRUE(pageOf(blocks, query).messages.empty());
        EXPECT_FALSE(pageOf(blocks, query).hasMore);
      }
    }
  }
}

TEST(MessageBlocks, FindThePageOfALine) {
  const auto lines = someLines(2000, 11);
  auto file = fileOf(lines);
  const auto blocks = file.open();
  for (std::int64_t line = 0; line < std::ssize(lines) + 3; line += 7) {
    const auto at = static_cast<std::size_t>(line);
    for (const bool newest : {false, true}) {
      const auto page = pageOf(blocks, {3, 20, newest, line});
      ASSERT_TRUE(page.target);
      EXPECT_EQ(page.target->line, line);
      const bool isMessage = at < lines.size() && lines[at].isMessage;
      const std::string status = !isMessage ? "missing" : lines[at].isShown ? "found" : "hidden";
      EXPECT_EQ(page.target->status, status) << line;
      if (!isMessage) {
        EXPECT_EQ(page.page, 3);
        EXPECT_FALSE(page.target->anchor);
        continue;
      }
      auto anchor = line;
      while (anchor >= 0 && !lines[static_cast<std::size_t>(anchor)].isShown) --anchor;
      if (anchor < 0)
        anchor =
            std::find_if(lines.begin(), lines.end(), [](const Line& each) { return each.isShown; }) - lines.begin();
      EXPECT_EQ(page.target->anchor, anchor) << line;
      EXPECT_TRUE(std::any_of(page.messages.begin(), page.messages.end(),
                              [&](const auto& each) { return each.line == anchor; }));
    }
  }
}

TEST(MessageBlocks, FindNothingWhereNothingIsShown) {
  auto file = fileOf({{R"({"content":""})", false, true}});
  const auto blocks = file.open();
  const auto page = pageOf(blocks, {1, 20, false, 0});
  EXPECT_STREQ(page.target->status, "hidden");
  EXPECT_FALSE(page.target->anchor);
  EXPECT_EQ(page.total, 0);
}

TEST(MessageBlocks, ReadFewBytesForAPageOfMany) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < 200'000; ++i) lines.push_back({message(i, 300 + i % 97)});
  auto file = fileOf(lines);
  const auto blocks = file.open();
  file.read = 0;
  const auto page = pageOf(blocks, {4000, 50, false, std::nullopt});
  EXPECT_EQ(page.messages.front().text, lines[3999 * 50].text);
  EXPECT_EQ(page.total, 200'000);
  EXPECT_LT(file.read, file.bytes.size() / 50);
}

TEST(MessageBlocks, KeepMessagesThatAreLargerThanABlock) {
  std::vector<Line> lines;
  for (const std::size_t size : {10, 8 << 20, 10, 3 << 20}) lines.push_back({message(lines.size(), size)});
  auto file = fileOf(lines);
  const auto blocks = file.open();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto read = blocks.read(static_cast<std::int64_t>(i), 1);
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read.front().text, lines[i].text);
  }
}

TEST(MessageBlocks, SayWhenTheirFileIsDamaged) {
  const auto lines = someLines(300, 3);
  const auto whole = fileOf(lines);
  const auto readAll = [](File file) {
    const auto blocks = file.open();
    return blocks.read(0, blocks.shown()).size();
  };
  ASSERT_GT(readAll(whole), 100U);
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, std::size_t{47}, whole.bytes.size() - 1}) {
    File cut{whole.bytes.substr(0, size)};
    EXPECT_THROW(readAll(cut), BlocksDamaged) << size;
  }
  // Each byte changed: an answer or BlocksDamaged, nothing else.
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    File file = whole;
    file.bytes[random() % file.bytes.size()] ^= static_cast<char>(1 + random() % 255);
    try {
      auto blocks = file.open();
      blocks.read(0, blocks.shown());
      blocks.find(100);
    } catch (const BlocksDamaged&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace session_sharing
