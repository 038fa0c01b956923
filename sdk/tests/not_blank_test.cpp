#include <gtest/gtest.h>

#include <mortise/not_blank.hpp>

namespace mortise {
namespace {

TEST(NotBlank, TakesTheSpaceAroundATextAndRefusesWhatHasNothingElse) {
  EXPECT_EQ(notBlank(" a b\n", "body/name"), "a b");
  for (const auto* text : {"", " ", "\t\n", "\xC2\xA0"}) {
    try {
      notBlank(text, "body/name");
      ADD_FAILURE() << "taken: " << text;
    } catch (const Problem& problem) {
      EXPECT_EQ(problem.status(), 422);
      EXPECT_EQ(problem.code(), "validation_failed");
    }
  }
}

}  // namespace
}  // namespace mortise
