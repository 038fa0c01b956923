#include "core/base/formats.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mortise::text {
namespace {

TEST(Formats, AcceptAndRefuse) {
  for (const auto* good : {"a@b.co", " A.b+c@Example.Com ", "x@münchen.de", "o'brien@a-b.org", "info@bücher。example",
                           "info@bücher．example", "info@bücher｡example", "a@b。co", "\u3000a@b.co\u00a0"})
    EXPECT_TRUE(isEmail(good)) << good;
  for (const auto* bad :
       {"", "a", "a@b", "a@@b.co", "a@b@c.co", ".a@b.co", "a.@b.co", "a..b@c.co", "a b@c.co", "a@-b.co", "a@b..co",
        "a@b。。co", "a@b.co。", "a@。co", "a。b@c", "\"a\"@b.co", "a\r\nBcc:x@b.co"})
    EXPECT_FALSE(isEmail(bad)) << bad;
  EXPECT_FALSE(isEmail(std::string(65, 'a') + "@b.co"));
  for (const auto* good : {"https://a.example/x?y=1#z", "http://[::1]:80/", "mailto:a@b", "urn:x:y"})
    EXPECT_TRUE(isUri(good)) << good;
  for (const auto* bad :
       {"", "/x", "a b", "http:/x", "http://", "https:///x", "1http://x", "http://a/%zz", "http://a/ b", "javascript"})
    EXPECT_FALSE(isUri(bad)) << bad;
  for (const auto* good : {"2026-02-24T09:30:00Z", "2026-02-24T09:30:00.123456+08:00", "2024-02-29t00:00:60z"})
    EXPECT_TRUE(isDateTime(good)) << good;
  for (const auto* bad : {"2026-02-24", "2026-02-24T09:30:00", "2026-02-30T09:30:00Z", "2026-02-24T24:00:00Z",
                          "2026-02-24T09:30:00.Z", "2026-02-24T09:30:00+0800", "2026-02-24T09:30Z"})
    EXPECT_FALSE(isDateTime(bad)) << bad;
  EXPECT_TRUE(isDate("2024-02-29"));
  EXPECT_FALSE(isDate("2025-02-29"));
  EXPECT_FALSE(isDate("2025-2-01"));
}

}  // namespace
}  // namespace mortise::text
