#include <gtest/gtest.h>

#include <mortise/uuid.hpp>
#include <regex>
#include <set>
#include <string>

namespace mortise {
namespace {

TEST(Uuid, IsRandomVersionFourInLowerCase) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = makeUuid();
    EXPECT_TRUE(std::regex_match(id, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
        << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace mortise
