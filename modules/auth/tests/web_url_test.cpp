#include "../web_url.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

struct Case {
  const char* name;
  std::string given;
  std::string origin;  // empty: refused
};

class UrlText : public ::testing::TestWithParam<Case> {};

TEST_P(UrlText, HasAnOriginOrIsRefused) {
  const auto url = WebUrl::parse(GetParam().given);
  EXPECT_EQ(url ? url->origin() : "", GetParam().origin);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, UrlText,
    ::testing::Values(Case{"Plain", "https://app.example.com/confirm", "https://app.example.com"},
                      Case{"UpperCase", "HTTPS://App.Example.COM", "https://app.example.com"},
                      Case{"DefaultPortLeftOut", "https://a.example:443/x", "https://a.example"},
                      Case{"OtherPortKept", "http://a.example:8080", "http://a.example:8080"},
                      Case{"DefaultPortOfTheOtherScheme", "http://a.example:443", "http://a.example:443"},
                      Case{"Ipv6", "http://[::1]:3000/", "http://[::1]:3000"}, Case{"Relative", "/confirm", ""},
                      Case{"NoScheme", "app.example.com/confirm", ""}, Case{"SchemeRelative", "//app.example.com", ""},
                      Case{"Javascript", "javascript:alert(1)", ""}, Case{"Ftp", "ftp://a.example/", ""},
                      Case{"OneSlash", "https:/a.example", ""}, Case{"ThreeSlashes", "https:///a.example", ""},
                      Case{"NoHost", "https://", ""}, Case{"OnlyPort", "https://:80/", ""},
                      Case{"UserInfo", "https://user:pw@a.example/", ""},
                      Case{"UserInfoTrick", "https://app.example.com@evil.example/", ""},
                      Case{"EmptyUserInfo", "https://@a.example/", ""},
                      Case{"BackslashTrick", "https://app.example.com\\@evil.example/", ""},
                      Case{"SpaceInside", "https://a.example/a b", ""},
                      Case{"LineBreak", "https://a.example/\r\nX: y", ""},
                      Case{"AtSignInPath", "https://a.example/@me", "https://a.example"},
                      Case{"PortNotANumber", "https://a.example:x/", ""},
                      Case{"Longest", "https://a.example/" + std::string(2048 - 18, 'x'), "https://a.example"},
                      Case{"TooLong", "https://a.example/" + std::string(2049 - 18, 'x'), ""}),
    [](const auto& instance) { return instance.param.name; });

TEST(WebUrl, GetsAQueryParameterInFrontOfTheFragment) {
  const auto with = [](const char* url) { return WebUrl::parse(url)->withQuery("email", "a+b@example.com"); };
  EXPECT_EQ(with("https://a.example"), "https://a.example?email=a%2Bb%40example.com");
  EXPECT_EQ(with("https://a.example/x?y=1"), "https://a.example/x?y=1&email=a%2Bb%40example.com");
  EXPECT_EQ(with("https://a.example/x?"), "https://a.example/x?email=a%2Bb%40example.com");
  EXPECT_EQ(with("https://a.example/x#top"), "https://a.example/x?email=a%2Bb%40example.com#top");
  EXPECT_EQ(with("https://a.example/x?y=1#a?b"), "https://a.example/x?y=1&email=a%2Bb%40example.com#a?b");
}

TEST(RedirectRule, AllowsOnlyListedOrigins) {
  const RedirectRule rule({"https://app.example.com", "http://localhost:3000/ignored"}, "https://site.example");
  EXPECT_TRUE(rule.allows(*WebUrl::parse("https://app.example.com/anything?x=1")));
  EXPECT_TRUE(rule.allows(*WebUrl::parse("http://localhost:3000/")));
  EXPECT_FALSE(rule.allows(*WebUrl::parse("http://app.example.com/")));
  EXPECT_FALSE(rule.allows(*WebUrl::parse("https://app.example.com.evil.example/")));
  EXPECT_FALSE(rule.allows(*WebUrl::parse("https://site.example/")));
}

TEST(RedirectRule, FallsBackToTheSite) {
  EXPECT_TRUE(RedirectRule({}, "https://site.example/app").allows(*WebUrl::parse("https://site.example/other")));
  EXPECT_FALSE(RedirectRule({}, "").allows(*WebUrl::parse("https://site.example/other")));
}

TEST(RedirectRule, NamesTheEntryThatIsNoUrl) {
  try {
    const RedirectRule rule({"app.example.com"}, "");
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "auth.redirect_origins: \"app.example.com\" is not an http or https URL; write it like "
                 "https://app.example.com");
  }
}

}  // namespace
}  // namespace auth
