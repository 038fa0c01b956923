#include "../iso_time.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(IsoTime, IsUtcWithMilliseconds) {
  EXPECT_EQ(isoTime(1771925400123456), "2026-02-24T09:30:00.123Z");
  EXPECT_EQ(isoTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(isoTime(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace auth
