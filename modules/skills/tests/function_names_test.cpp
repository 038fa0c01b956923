#include "catalog/function_names.hpp"

#include <gtest/gtest.h>

namespace skills {
namespace {

TEST(FunctionName, HasOnlyWordCharacters) {
  EXPECT_EQ(functionName("pdf-tools", "Merge Files!"), "skill_pdf_tools_merge_files_");
  EXPECT_EQ(functionName("a", "b_2"), "skill_a_b_2");
}

TEST(FunctionName, IsCutAndStaysUnique) {
  const auto one = functionName("s", std::string(100, 'x') + "1");
  const auto two = functionName("s", std::string(100, 'x') + "2");
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(one.substr(0, 10), "skill_s_xx");
  EXPECT_EQ(one[55], '_');
  EXPECT_NE(one, two);
}

TEST(FunctionNames, NumberWhatIsTaken) {
  FunctionNames names;
  EXPECT_EQ(names.unique("skill_a_b"), "skill_a_b");
  EXPECT_EQ(names.unique("skill_a_b"), "skill_a_b_1");
  EXPECT_EQ(names.unique("skill_a_b"), "skill_a_b_2");
  const std::string longest(64, 'x');
  EXPECT_EQ(names.unique(longest), longest);
  const auto second = names.unique(longest);
  EXPECT_EQ(second.size(), 64U);
  EXPECT_NE(second, longest);
}

}  // namespace
}  // namespace skills
