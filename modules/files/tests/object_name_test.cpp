#include "../object_name.hpp"

#include <gtest/gtest.h>

namespace files {
namespace {

constexpr auto kAt = mortise::timeOf(1'771'925'400'123'456);  // 2026-02-24T09:30:00Z

TEST(ObjectName, IsMadeOfPrefixTimeAndName) {
  EXPECT_EQ(probeName("uploads", kAt, "5f0c1f5e", "a b.pdf"), "uploads/20260224T093000Z-5f0c1f5e-a b.pdf");
  EXPECT_EQ(probeName("/a\\b//", kAt, "5f0c1f5e", "c"), "a/b/20260224T093000Z-5f0c1f5e-c");
  EXPECT_EQ(probeName("", kAt, "5f0c1f5e", "c"), "20260224T093000Z-5f0c1f5e-c");
  EXPECT_EQ(smokeName(kAt, "5f0c1f5e"), "__healthcheck__/20260224T093000Z-5f0c1f5e.txt");
}

TEST(ObjectName, LosesSlashesAtItsStartAndItsBackslashes) {
  EXPECT_EQ(normalName("//a/b.txt"), "a/b.txt");
  EXPECT_EQ(normalName("\\a\\b.txt"), "a/b.txt");
  EXPECT_EQ(normalName("///"), "");
  EXPECT_EQ(normalName("a/../b"), "a/../b");  // the store refuses it
}

}  // namespace
}  // namespace files
