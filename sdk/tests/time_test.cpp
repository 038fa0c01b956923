#include "mortise/time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace mortise {
namespace {

constexpr Time kTime = timeOf(1771925400123456);

TEST(IsoTime, IsUtcWithAsManyDigitsAsItsForm) {
  EXPECT_EQ(isoTime(kTime, kIsoMillis), "2026-02-24T09:30:00.123Z");
  EXPECT_EQ(isoTime(timeOf(0), kIsoMillis), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(isoTime(timeOf(-1), kIsoMillis), "1969-12-31T23:59:59.999Z");
}

TEST(IsoTime, HasAllSixDigitsWithoutAForm) {
  EXPECT_EQ(isoTime(1771925400123456), "2026-02-24T09:30:00.123456Z");
  EXPECT_EQ(isoTime(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(isoTime(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(isoTime(kTime), "2026-02-24T09:30:00.123456Z");
}

TEST(IsoTime, KnowsTheCalendarFromTheYear0To9999) {
  const auto at = [](std::int64_t seconds) { return isoTime(timeOf(seconds * 1000000), kIsoSeconds); };
  EXPECT_EQ(at(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(at(4107542399), "2100-02-28T23:59:59Z");
  EXPECT_EQ(at(4107542400), "2100-03-01T00:00:00Z");
  EXPECT_EQ(at(-62167219200), "0000-01-01T00:00:00Z");
  EXPECT_EQ(at(253402300799), "9999-12-31T23:59:59Z");
  EXPECT_EQ(isoTime(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(isoTime(std::numeric_limits<std::int64_t>::min()), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(isoTime(1771925400123456, 1), "2026-02-24T09:30:00.1Z");
  EXPECT_EQ(isoTime(1771925400123456, 9), "2026-02-24T09:30:00.123456Z");
}

TEST(IsoOffsetTime, HasSixDigitsAndAnOffset) {
  EXPECT_EQ(isoOffset(1771925400123456), "2026-02-24T09:30:00.123456+00:00");
  EXPECT_EQ(isoTime(kTime, kIsoOffset), "2026-02-24T09:30:00.123456+00:00");
}

TEST(ParseTime, ReadsWhatIsWritten) {
  for (const auto time : {timeOf(0), timeOf(-1), kTime}) EXPECT_EQ(parseTime(isoTime(time)), time);
}

TEST(ParseTime, KnowsOffsetsFractionsAndSmallLetters) {
  EXPECT_EQ(parseTime("2026-02-24T10:30:00+01:00"), timeOf(1771925400000000));
  EXPECT_EQ(parseTime("2026-02-24T04:00:00.5-05:30"), timeOf(1771925400500000));
  EXPECT_EQ(parseTime("2026-02-24t09:30:00.1234567z"), kTime);
  EXPECT_EQ(parseTime("2024-02-29 00:00:00Z"), timeOf(1709164800000000));
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-02-24", "2026-02-24T09:30:00", "2026-02-30T09:30:00Z", "2026-02-24T24:30:00Z", "2026-02-24T09:60:00Z",
        "2026-02-24T09:30:00.Z", "2026-02-24T09:30:00Z ", "2026-02-24T09:30:00+1:00", "2026-13-24T09:30:00Z",
        "26-02-24T09:30:00Z", "2026-02-24T09:30:00+01:0x"})
    EXPECT_FALSE(parseTime(text)) << text;
}

}  // namespace
}  // namespace mortise
