#include "reading/context_blob.hpp"

#include <gtest/gtest.h>

#include "text/characters.hpp"

namespace skills {
namespace {

using Paths = std::vector<std::string>;

Bundle bundleOf(const std::vector<std::pair<std::string, std::string>>& files) {
  BundleBuilder builder;
  builder.add("SKILL.md", "# Skill\n");
  for (const auto& [path, bytes] : files) builder.add(path, bytes);
  return std::move(builder).finish();
}

TEST(References, AreTargetsOfLinksAndBarePaths) {
  EXPECT_EQ(referencesIn("See [guide](docs/guide.md) and references/api.yaml, ./assets/list.txt. Run scripts/x.py or "
                         "`scripts/data.json`; ![p](assets/a.png) [again](docs/guide.md)"),
            (Paths{"docs/guide.md", "references/api.yaml", "assets/list.txt", "scripts/data.json"}));
}

TEST(References, ArePlainPaths) {
  EXPECT_EQ(referencesIn("[a](a.md#part) [b](<b c.md> \"title\") [c](./x/../c.md 'title') [d](d%20e.MD) [e](e.md?v=1)"),
            (Paths{"b c.md", "c.md", "d e.MD"}));
}

TEST(References, NeverLeaveTheBundle) {
  EXPECT_EQ(
      referencesIn("[a](https://x.org/a.md) [b](//x.org/b.md) [c](/etc/c.md) [d](../d.md) [e](mailto:e.md) [f](#f.md) "
                   "https://x.org/references/g.md [h](\\h.md) [i](a/../../i.md)"),
      Paths{});
}

TEST(References, EndWithTheSentence) {
  EXPECT_EQ(referencesIn("Read references/a.md. Or (references/b.md), 见references/c.md。"),
            (Paths{"references/a.md", "references/b.md", "references/c.md"}));
}

TEST(References, AreFoundInLinearTime) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "](";
  EXPECT_EQ(referencesIn(text), Paths{});
  // Each of these bytes may end a path of a script without blanks.
  std::string bare;
  while (bare.size() < 4 << 20) bare += "references/" + std::string(1013, '\xC3');
  EXPECT_EQ(referencesIn(bare), Paths{});
}

TEST(Context, IsTheBodyAndWhatItRefersTo) {
  const auto blob =
      contextBlob("Body [a](a.md) [none](none.md) [bin](b.json)",
                  bundleOf({{"a.md", "Text of a"}, {"b.json", std::string("\0", 1)}, {"c.md", "not named"}}));
  EXPECT_EQ(blob.text, "Body [a](a.md) [none](none.md) [bin](b.json)\n\n## a.md\n\nText of a");
  EXPECT_EQ(blob.references, 1U);
}

TEST(Context, CutsLongFilesBetweenCharacters) {
  std::string chinese;
  for (int i = 0; i < 3000; ++i) chinese += "技";
  const auto blob = contextBlob("[a](a.md)", bundleOf({{"a.md", chinese}}));
  EXPECT_EQ(blob.references, 1U);
  EXPECT_NE(blob.text.find("技\n...[truncated]"), std::string::npos);
  EXPECT_EQ(charactersIn(blob.text), charactersIn("[a](a.md)\n\n## a.md\n\n") + kMaxReferenceCharacters);
}

TEST(Context, StopsBeforeItsLimit) {
  std::vector<std::pair<std::string, std::string>> files;
  std::string body;
  for (int i = 0; i < 10; ++i) {
    files.emplace_back("f" + std::to_string(i) + ".md", std::string(2000, 'x'));
    body += "[x](f" + std::to_string(i) + ".md)";
  }
  const auto blob = contextBlob(body, bundleOf(files));
  EXPECT_EQ(blob.references, 6U);
  EXPECT_LE(charactersIn(blob.text), kMaxContextCharacters);
}

TEST(Context, CutsABodyThatIsLongerByItself) {
  const auto blob = contextBlob(std::string(50000, 'b'), Bundle());
  EXPECT_EQ(charactersIn(blob.text), kMaxContextCharacters);
  EXPECT_EQ(blob.references, 0U);
}

}  // namespace
}  // namespace skills
