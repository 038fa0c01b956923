#include <mortise/link_text.hpp>

#include <gtest/gtest.h>

#include <string>

namespace mortise {
namespace {

TEST(LinkText, FindsLinksInTheirManyForms) {
  for (const char* name : {"Visit http://evil.example/x",
                           "HTTPS://EVIL.EXAMPLE",
                           "ftp://a",
                           "//evil.example",
                           "www.evil",
                           "WWW.x",
                           "evil.com",
                           "Win at evil.com/prize now",
                           "a.b.co",
                           "you@evil.com",
                           "(evil.com)",
                           "evil.com.",
                           "EVIL.COM:80",
                           "xn--bcher-kva.example",
                           "bücher.example",
                           "пример.рф",
                           "例子.中国",
                           "例子。中国",
                           "evil\uFF0Ecom",
                           "evil\uFF61com",
                           "evil\u2024com",
                           "evil\uFE52com",
                           "ｅｖｉｌ．ｃｏｍ",
                           "ｈｔｔｐ：／／ｅｖｉｌ",
                           "ｗｗｗ．ｅｖｉｌ",
                           "evil.\u200Bcom",
                           "evil\u00AD.c\u200Dom",
                           "e\u202Evil.com",
                           "htt\u2060p://evil",
                           "mailto:x",
                           "tel:123",
                           "javascript:alert(1)",
                           "data:text/html,x",
                           "sms:+1",
                           "magnet:?xt",
                           "tel\uFE55"
                           "123",
                           "192.0.2.1",
                           "pay at 192.0.2.1/x",
                           "\\\\server\\share",
                           "localhost:8080/x",
                           "Node.js",
                           "Team:One"})
    EXPECT_TRUE(readsAsLink(name)) << name;
}

TEST(LinkText, LeavesNamesAlone) {
  for (const char* name : {"Analytical Engines",
                           "St. John's",
                           "J.R.R. Tolkien",
                           "Team: One",
                           "Web 2.0",
                           "Web2.0 联盟",
                           "v1.2.3",
                           "A/B",
                           "Yahoo!",
                           "and so on...",
                           "Foo, Inc.",
                           "U.S.A.",
                           "10:30 Club",
                           "株式会社 例",
                           "公司。",
                           "Ada & Grace",
                           "C:",
                           "x: y",
                           "1.5",
                           "www",
                           "a - b",
                           "Rock'n'Roll",
                           "100% Bio",
                           "",
                           ".",
                           ":",
                           "..",
                           "AC\\DC",
                           "3.14159"})
    EXPECT_FALSE(readsAsLink(name)) << name;
}

TEST(LinkText, AMailShowsNoNameThatReadsAsALink) {
  EXPECT_EQ(nameForMail("Engines", "engines"), "Engines");
  for (const char* name : {"evil.com", "", "two\nlines", "www.x"}) EXPECT_EQ(nameForMail(name, "engines"), "engines");
  EXPECT_EQ(nameForMail(std::string(255, 'x'), "engines"), std::string(100, 'x'));
  // What is cut off is not shown; what is left must not become an address by the cut.
  EXPECT_EQ(nameForMail(std::string(92, 'x') + " 192.0.2.34x", "engines"), std::string(92, 'x') + " 192.0.2");
  EXPECT_EQ(nameForMail(std::string(90, 'x') + " 192.0.2.1x", "engines"), "engines");
}

TEST(LinkText, AMailShowsNoAddressThatReadsAsAWebAddress) {
  for (const char* address : {"ada@example.org", "ada.lovelace@example.org", "o'hara+x@example.org", ""})
    EXPECT_EQ(addressForMail(address), address);
  for (const char* address :
       {"www.evil.com/x@example.org", "WWW.evil@example.org", "a/b@example.org", "www.x@example.org"})
    EXPECT_EQ(addressForMail(address), "") << address;
}

}  // namespace
}  // namespace mortise
