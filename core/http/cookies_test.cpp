#include "core/http/cookies.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mortise::http {
namespace {

TEST(Cookies, FindsACookieByItsExactName) {
  EXPECT_EQ(cookieFrom("a=1; session=abc.def; b=2", "session"), "abc.def");
  EXPECT_EQ(cookieFrom("session=abc", "session"), "abc");
  EXPECT_EQ(cookieFrom("xsession=1; session2=2; Session=3", "session"), "");
  EXPECT_EQ(cookieFrom("", "session"), "");
}

TEST(Cookies, LeavesOutSpacesAndQuotes) {
  EXPECT_EQ(cookieFrom("a=1;session=abc", "session"), "abc");
  EXPECT_EQ(cookieFrom("a=1 ;\t session = abc ;b=2", "session"), "abc");
  EXPECT_EQ(cookieFrom("session=\"abc\"", "session"), "abc");
  EXPECT_EQ(cookieFrom("session=\"abc", "session"), "\"abc");
  EXPECT_EQ(cookieFrom("session=a=b=", "session"), "a=b=");
}

TEST(Cookies, TakesTheFirstOfSeveral) {
  EXPECT_EQ(cookieFrom("session=first; session=second", "session"), "first");
  EXPECT_EQ(cookieFrom("session=; session=\"\"; session=third", "session"), "third");
  Fields fields;
  fields.add("Cookie", "a=1");
  fields.add("cookie", "session=here");
  fields.add("Cookie", "session=there");
  EXPECT_EQ(cookieFrom(fields, "session"), "here");
}

TEST(Cookies, PassesOverWhatIsNoCookie) {
  EXPECT_EQ(cookieFrom(";;; ; =; ==; novalue; =x; {\"a\":1}; session=abc", "session"), "abc");
  EXPECT_EQ(cookieFrom("session", "session"), "");
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = "session=; \"\t\xff"[random() % 13];
    const auto value = cookieFrom(text, "session");
    EXPECT_LE(value.size(), text.size());
    EXPECT_EQ(cookieFrom(text + "; session=abc", "session"), value.empty() ? "abc" : value) << text;
  }
}

}  // namespace
}  // namespace mortise::http
