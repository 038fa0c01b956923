#include "core/http/vary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise::http {
namespace {

std::vector<std::string> varied(const std::vector<std::string>& before, std::string_view name) {
  Fields fields;
  for (const auto& value : before) fields.add("vary", value);
  addVary(fields, name);
  std::vector<std::string> after;
  for (const Field& field : fields.all()) after.push_back(field.value);
  return after;
}

using Values = std::vector<std::string>;

TEST(Vary, AddsANameOnce) {
  EXPECT_EQ(varied({}, "Origin"), Values{"Origin"});
  EXPECT_EQ(varied({""}, "Origin"), Values{"Origin"});
  EXPECT_EQ(varied({"Accept"}, "Origin"), Values{"Accept, Origin"});
  EXPECT_EQ(varied({"Accept,ORIGIN"}, "Origin"), Values{"Accept,ORIGIN"});
  EXPECT_EQ(varied({"X-Origin"}, "Origin"), Values{"X-Origin, Origin"});
  EXPECT_EQ(varied({"*"}, "Origin"), Values{"*"});
}

TEST(Vary, KeepsTheNamesOfAllFields) {
  EXPECT_EQ(varied({"Accept", "Cookie, Range"}, "Origin"), Values{"Accept, Cookie, Range, Origin"});
  EXPECT_EQ(varied({"Accept", "", "Cookie"}, "Origin"), Values{"Accept, Cookie, Origin"});
  EXPECT_EQ(varied({"Accept", "origin"}, "Origin"), (Values{"Accept", "origin"}));
  EXPECT_EQ(varied({"Accept", "*"}, "Origin"), (Values{"Accept", "*"}));
}

}  // namespace
}  // namespace mortise::http
