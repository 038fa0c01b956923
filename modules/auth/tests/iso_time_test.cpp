#include "../iso_time.hpp"

#include <gtest/gtest.h>
#include <mortise/time.hpp>

namespace auth {
namespace {

TEST(IsoTime, IsUtcWithMilliseconds) {
  EXPECT_EQ(isoTime(1771925400123456), "2026-02-24T09:30:00.123Z");
  EXPECT_EQ(isoTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(isoTime(-1), "1969-12-31T23:59:59.999Z");
}

TEST(IsoMicroTime, HasAllSixDigits) {
  EXPECT_EQ(mortise::isoTime(1771925400123456), "2026-02-24T09:30:00.123456Z");
  EXPECT_EQ(mortise::isoTime(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(mortise::isoTime(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(IsoOffsetTime, HasSixDigitsAndAnOffset) {
  EXPECT_EQ(mortise::isoOffset(1771925400123456), "2026-02-24T09:30:00.123456+00:00");
}

TEST(ParseIsoTime, ReadsWhatIsWritten) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1771925400123456}})
    EXPECT_EQ(parseIsoTime(mortise::isoTime(time)), time);
}

TEST(ParseIsoTime, KnowsOffsetsFractionsAndSmallLetters) {
  EXPECT_EQ(parseIsoTime("2026-02-24T10:30:00+01:00"), 1771925400000000);
  EXPECT_EQ(parseIsoTime("2026-02-24T04:00:00.5-05:30"), 1771925400500000);
  EXPECT_EQ(parseIsoTime("2026-02-24t09:30:00.1234567z"), 1771925400123456);
  EXPECT_EQ(parseIsoTime("2024-02-29 00:00:00Z"), 1709164800000000);
}

TEST(ParseIsoTime, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-02-24", "2026-02-24T09:30:00", "2026-02-30T09:30:00Z", "2026-02-24T24:30:00Z", "2026-02-24T09:60:00Z",
        "2026-02-24T09:30:00.Z", "2026-02-24T09:30:00Z ", "2026-02-24T09:30:00+1:00", "2026-13-24T09:30:00Z",
        "26-02-24T09:30:00Z", "2026-02-24T09:30:00+01:0x"})
    EXPECT_FALSE(parseIsoTime(text)) << text;
}

}  // namespace
}  // namespace auth
