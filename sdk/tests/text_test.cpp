#include <gtest/gtest.h>

#include <mortise/text.hpp>

#include <string>

namespace mortise {
namespace {

TEST(Text, ThatIsEmptyIsNone) {
  EXPECT_EQ(orNull(""), std::nullopt);
  EXPECT_EQ(orNull(std::string()), std::nullopt);
  EXPECT_EQ(orNull(Text()), std::nullopt);
  EXPECT_EQ(orNull("x"), "x");
  EXPECT_EQ(orNull(Text("text")), "text");
  EXPECT_EQ(orNull(std::string("\0", 1)), std::string("\0", 1));
}

}  // namespace
}  // namespace mortise
