#include "../content_detector.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <thread>
#include <vector>

namespace files {
namespace {

using namespace std::string_view_literals;

constexpr auto kPng = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"sv;

TEST(ContentDetector, FindsTypesInTheContent) {
  const ContentDetector types;
  EXPECT_EQ(types.detect(kPng), "image/png");
  EXPECT_EQ(types.detect("%PDF-1.7\n1 0 obj\n"), "application/pdf");
  EXPECT_EQ(types.detect("hello, world\n"), "text/plain; charset=us-ascii");
  EXPECT_EQ(types.detect("größe\n"), "text/plain; charset=utf-8");
  EXPECT_EQ(types
                .detect("\x7f"
                        "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0"sv)
                .substr(0, 14),
            "application/x-");
  EXPECT_EQ(types.detect("\1\2\3\4\5\xff\xfe\xfd\0\0\1"sv), "application/octet-stream");
  EXPECT_EQ(types.detect(""), "application/octet-stream");
}

TEST(ContentDetector, LooksLessAtLongRunsOfWhiteSpace) {
  const auto little = [](const std::string& start) {
    const auto effort = ContentDetector::effortFor(start);
    EXPECT_EQ(effort.bytes == ContentDetector::kLookedAt, effort.expressions == 8192U);
    return effort.expressions < 8192U;
  };
  const std::string x(60000, 'x');
  for (const char blank : {'\n', ' ', '\t', '\r', '\v', '\f'}) {
    const auto run = [&](std::size_t length) { return std::string(length, blank); };
    EXPECT_TRUE(little(run(64 << 10)));
    EXPECT_TRUE(little(run(4000) + x)) << "less than half of what is looked at";
    EXPECT_TRUE(little(std::string(2192, 'x') + run(6000) + x)) << "not at its beginning";
    EXPECT_TRUE(little(run(900) + "x" + run(900) + "x" + run(900) + x)) << "several shorter ones";
    EXPECT_FALSE(little(run(1000) + x));
    EXPECT_FALSE(little(std::string(8192, 'x') + run(50000))) << "the expressions do not come so far";
  }
  EXPECT_TRUE(little(" \n\t\r" + std::string(3000, '\n') + " \t" + x)) << "of any kind";
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "    indented text\n\n\n";
  EXPECT_FALSE(little(lines));
  EXPECT_FALSE(little(""));
  const ContentDetector types;
  EXPECT_EQ(types.detect(std::string(6000, '\n') + "text"), "text/plain; charset=us-ascii");
  EXPECT_EQ(types.detect(std::string(6000, '\n') + "größe"), "text/plain; charset=utf-8");
}

TEST(ContentDetector, ServesThreadsInTurns) {
  const ContentDetector types;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 50; ++n)
        EXPECT_EQ(types.detect(i % 2 == 0 ? kPng : "%PDF-1.7\n"sv), i % 2 == 0 ? "image/png" : "application/pdf");
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace files
