#include "core/kernel/origin.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

TEST(Origin, SpellingsOfOneOriginAreOne) {
  for (const char* text : {"https://app.example", "https://app.example/", "HTTPS://App.EXAMPLE",
                           "https://app.example:443", "https://APP.example:443/", "https://app.example:0443"}) {
    EXPECT_EQ(normalOrigin(text), "https://app.example") << text;
  }
  EXPECT_EQ(normalOrigin("http://app.example:80"), "http://app.example");
  EXPECT_EQ(normalOrigin("http://app.example:443"), "http://app.example:443");
  EXPECT_EQ(normalOrigin("https://app.example:8443/"), "https://app.example:8443");
  EXPECT_EQ(normalOrigin("http://[0:0:0:0:0:0:0:1]:80"), "http://[::1]");
  EXPECT_EQ(normalOrigin("http://[2001:DB8::1]:8000"), "http://[2001:db8::1]:8000");
  EXPECT_EQ(normalOrigin("http://127.0.0.1:8000"), "http://127.0.0.1:8000");
  EXPECT_EQ(normalOrigin("http://localhost:3000"), "http://localhost:3000");
  EXPECT_EQ(normalOrigin("capacitor://localhost"), "capacitor://localhost");
  EXPECT_EQ(normalOrigin("https://xn--bcher-kva.example"), "https://xn--bcher-kva.example");
  EXPECT_EQ(normalOrigin("https://a_b.example"), "https://a_b.example");
}

TEST(Origin, WhatIsNoOriginIsSaidToBeNone) {
  for (const char* text : {"",
                           "*",
                           "null",
                           "app.example",
                           "https://",
                           "https:///",
                           "https://app.example/path",
                           "https://app.example//",
                           "https://app.example?x",
                           "https://app.example#x",
                           "https://user@app.example",
                           "https://*.app.example",
                           "https://app.example:",
                           "https://app.example:0",
                           "https://app.example:65536",
                           "https://app.example:x",
                           "https://app.example:443:443",
                           "https://app example",
                           " https://app.example",
                           "https://bücher.example",
                           "https://[::1",
                           "https://[::1]x",
                           "https://[nonsense]",
                           "https://::1",
                           "https://127.1",
                           "https://1.2.3.256",
                           "https://a..b",
                           "://app.example",
                           "1https://app.example",
                           "https:/app.example"}) {
    EXPECT_EQ(normalOrigin(text), std::nullopt) << text;
  }
}

TEST(Origin, APartOfAUrl) {
  EXPECT_EQ(originPart("https://app.example/a?b#c"), "https://app.example");
  EXPECT_EQ(originPart("https://app.example?b"), "https://app.example");
  EXPECT_EQ(originPart("https://app.example:1"), "https://app.example:1");
  EXPECT_EQ(originPart("about:blank"), "");
}

}  // namespace
}  // namespace mortise::kernel
