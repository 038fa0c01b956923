#include "moved/new_places.hpp"

#include <gtest/gtest.h>

namespace skills {
namespace {

TEST(Moved, NamesThePathOfVersion2) {
  EXPECT_EQ(movedAppConfig(""), "/v2/skills");
  EXPECT_EQ(movedAppConfig("install"), "/v2/skills/install");
  EXPECT_EQ(movedAppConfig("pdf--01234567/enabled"), "/v2/skills/pdf--01234567/enabled");
  EXPECT_EQ(movedAppConfig("pdf--01234567/delete"), "/v2/skills/pdf--01234567");
  EXPECT_EQ(movedAppConfig("a/b/enabled"), "/v2/skills");
  EXPECT_EQ(movedAppConfig("/enabled"), "/v2/skills");
  EXPECT_EQ(movedUserTools(""), "/v2/user/tools/skills");
  EXPECT_EQ(movedUserTools("x/enabled"), "/v2/user/tools/skills/x/enabled");
  EXPECT_EQ(movedUserTools("x/other"), "/v2/user/tools/skills");
}

}  // namespace
}  // namespace skills
