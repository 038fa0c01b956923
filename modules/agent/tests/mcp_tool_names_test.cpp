#include "mcp/tool_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace agent::mcp {
namespace {

using testing::MatchesRegex;

TEST(McpToolNames, HoldServerAndTool) {
  EXPECT_EQ(functionName("amap", "maps_weather"), "mcp_amap_maps_weather");
  EXPECT_EQ(functionName("mcp_amap", "maps-weather"), "mcp_amap_maps-weather");
  EXPECT_EQ(functionName("a.b", "x/y 天"), "mcp_a_b_x_y____");
}

TEST(McpToolNames, AreCutToWhatModelsTake) {
  const std::string tool(128, 't');
  const auto name = functionName("server", tool);
  EXPECT_EQ(name.size(), 64U);
  EXPECT_THAT(name, MatchesRegex("mcp_server_t+_[0-9a-f]{8}"));
  EXPECT_NE(name, functionName("server", tool + "u"));
  EXPECT_EQ(functionName("s", std::string(58, 't')).size(), 64U);
  EXPECT_EQ(functionName("s", std::string(58, 't')), "mcp_s_" + std::string(58, 't'));
}

TEST(McpToolNames, AreEachOfOneToolOnly) {
  ToolNames names;
  const auto first = names.add("a", "b_c");
  EXPECT_EQ(first, "mcp_a_b_c");
  EXPECT_EQ(names.add("a", "b_c"), first);
  const auto second = names.add("a_b", "c");
  EXPECT_THAT(second, MatchesRegex("mcp_a_b_c_[0-9a-f]{8}"));
  EXPECT_EQ(names.add("a_b", "c"), second);
  EXPECT_NE(names.add("a", "b.c"), names.add("a", "b c"));
  EXPECT_NE(names.add("mcp_a", "b_c"), first);
}

}  // namespace
}  // namespace agent::mcp
