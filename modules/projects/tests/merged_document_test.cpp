#include "registry/merged_document.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "registry/new_document.hpp"

namespace projects {
namespace {

const std::string kInto = "# Shop\n\n## Overview\n\nA shop.\n";

// The section that `from` becomes, without its heading.
std::string sectionOf(const std::string& from) {
  const std::string start = kInto + "\n## Merged from Till\n";
  const auto merged = mergedDocument(kInto, "Till", from);
  EXPECT_TRUE(merged.starts_with(start)) << merged;
  return merged.substr(std::min(start.size(), merged.size()));
}

TEST(MergedDocument, HeadingsLieBelowTheirSection) {
  EXPECT_EQ(sectionOf("# Till\n\n## Overview\n\nA till.\n### Parts\n###### Deep\n"),
            "\n### Overview\n\nA till.\n#### Parts\n###### Deep\n");
  EXPECT_EQ(sectionOf("  ## Indented\n#\tTab\n###"), "### Indented\n###\tTab\n####\n");
}

TEST(MergedDocument, OnlyTheTitleGoes) {
  EXPECT_EQ(sectionOf("\n# Till\n# Second\ntext\n"), "\n### Second\ntext\n");
  EXPECT_EQ(sectionOf("text\n# No title\n"), "text\n### No title\n");
}

TEST(MergedDocument, WhatOnlyBeginsLikeAHeadingStays) {
  EXPECT_EQ(sectionOf("#tag\n####### seven\n    # code\n"), "#tag\n####### seven\n    # code\n");
}

TEST(MergedDocument, CodeStaysAsItIs) {
  for (const std::string code : {"```sh\n# comment\n## more\n```\n", "~~~\n# comment\n```\n# comment\n~~~\n",
                                 "````\n```\n# comment\n```\n# comment\n````\n", "  ```\n# comment\n  ```\n",
                                 "```\n# comment\n``` no end\n# comment\n"})
    EXPECT_EQ(sectionOf("text\n" + code), "text\n" + code);
  EXPECT_EQ(sectionOf("text\n``` a ` code span\n# Heading\n"), "text\n``` a ` code span\n### Heading\n");
  EXPECT_EQ(sectionOf("text\n```\n```\r\n# Heading\n"), "text\n```\n```\r\n### Heading\n");
}

TEST(MergedDocument, ADocumentWithoutAWordAddsNothingAndGivesWay) {
  EXPECT_EQ(mergedDocument(kInto, "Till", kNewDocument), kInto);
  EXPECT_EQ(mergedDocument(kNewDocument, "Till", kInto), kInto);
  EXPECT_EQ(mergedDocument("a", "Till", "b"), "a\n\n## Merged from Till\nb\n");
}

}  // namespace
}  // namespace projects
