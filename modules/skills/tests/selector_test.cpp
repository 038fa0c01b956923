#include "catalog/selector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <numeric>
#include <optional>

#include "text/tokens.hpp"

namespace skills {
namespace {

using Tokens = std::vector<std::string>;

Tokens tokensOf(std::string_view text) {
  Tokens out;
  eachToken(text, [&](std::string_view token) { out.emplace_back(token); });
  return out;
}

Tokens distinct(std::string_view text) {
  auto out = tokensOf(text);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

struct Skills {
  explicit Skills(const std::vector<std::string>& texts) {
    for (const auto& text : texts) tokens.push_back(distinct(text));
    std::vector<const Tokens*> views;
    for (const auto& one : tokens) views.push_back(&one);
    selector.emplace(views);
    pool.resize(texts.size());
    std::iota(pool.begin(), pool.end(), 0);
  }
  // Places and scores: "2:3 0:1".
  std::string select(std::string_view message, std::size_t most = kMaxSelected) const {
    std::string out;
    for (const auto& choice : selector->select(message, pool, most))
      out += (out.empty() ? "" : " ") + std::to_string(choice.skill) + ":" + std::to_string(choice.score);
    return out;
  }
  std::vector<Tokens> tokens;
  std::optional<Selector> selector;
  std::vector<std::size_t> pool;
};

TEST(Tokens, AreWordsAndCjk) {
  EXPECT_EQ(tokensOf("Merge PDF2, please_do"), (Tokens{"merge", "pdf2", "please", "do"}));
  EXPECT_EQ(tokensOf("合并PDF"), (Tokens{"合", "并", "合并", "pdf"}));
  EXPECT_EQ(tokensOf("字"), (Tokens{"字"}));
  EXPECT_EQ(tokensOf("かな、한글"), (Tokens{"か", "な", "かな", "한", "글", "한글"}));
  EXPECT_EQ(tokensOf("été — \xff\xfe!"), (Tokens{"t"}));
  EXPECT_EQ(tokensOf(""), Tokens{});
}

TEST(Selector, PutsWhatSharesMoreFirst) {
  const Skills skills({"spreadsheets and tables", "merge pdf files", "pdf"});
  EXPECT_EQ(skills.select("Please MERGE these pdf files"), "1:3 2:1 0:0");
}

TEST(Selector, CountsATokenOnce) { EXPECT_EQ(Skills({"pdf pdf pdf"}).select("pdf PDF pdf pdf"), "0:1"); }

TEST(Selector, KeepsThePoolsOrderBetweenEqualScores) {
  Skills skills({"a", "a", "b", "a"});
  EXPECT_EQ(skills.select("a"), "0:1 1:1 3:1 2:0");
  skills.pool = {3, 2, 0};
  EXPECT_EQ(skills.select("a"), "3:1 0:1 2:0");
}

TEST(Selector, GivesTheFirstOnesForAnEmptyMessage) {
  const Skills skills(std::vector<std::string>(20, "x"));
  EXPECT_EQ(skills.select(""), "0:0 1:0 2:0 3:0 4:0 5:0 6:0 7:0 8:0 9:0 10:0 11:0");
  EXPECT_EQ(skills.select("!?"), skills.select(""));
  EXPECT_EQ(skills.select("x", 2), "0:1 1:1");
}

TEST(Selector, UnderstandsChinese) {
  const Skills skills({"处理电子表格", "合并 PDF 文件"});
  EXPECT_EQ(skills.select("请把这些文件合并"), "1:4 0:0");  // 文 件 合 并; the runs differ
  EXPECT_EQ(skills.select("请 合并 文件"), "1:6 0:0");
}

// Measured, not judged.
TEST(Selector, IsQuickAmongFiveHundredSkills) {
  std::vector<std::string> texts;
  for (int skill = 0; skill < 500; ++skill) {
    std::string text = "the skill of ";
    for (int word = 0; word < 800; ++word) text += "w" + std::to_string((skill * 131 + word * 17) % 9000) + " ";
    texts.push_back(text);
  }
  const Skills skills(texts);
  std::string message = "please use the skill";
  for (int word = 0; word < 40; ++word) message += " w" + std::to_string(word * 211 % 9000);
  constexpr int kRounds = 200;
  const auto began = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round)
    EXPECT_EQ(skills.selector->select(message, skills.pool).size(), kMaxSelected);
  const auto took = std::chrono::steady_clock::now() - began;
  std::cout << "500 skills, a message of 44 words: "
            << std::chrono::duration<double, std::micro>(took).count() / kRounds << " us\n";
}

}  // namespace
}  // namespace skills
