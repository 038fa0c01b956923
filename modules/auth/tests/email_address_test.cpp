#include "../email_address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace auth {
namespace {

struct Case {
  const char* name;
  std::string given;
  std::string stored;  // empty: refused
};

class AddressText : public ::testing::TestWithParam<Case> {};

TEST_P(AddressText, IsStoredInOneFormOrRefused) {
  const auto address = EmailAddress::parse(GetParam().given);
  EXPECT_EQ(address ? address->text() : "", GetParam().stored);
}

const std::string kLabel63(63, 'a'), kLocal64(64, 'l');

INSTANTIATE_TEST_SUITE_P(
    Rules, AddressText,
    ::testing::Values(Case{"Plain", "user@example.com", "user@example.com"},
                      Case{"LowerCasedWhole", "User.Name@EXAMPLE.Com", "user.name@example.com"},
                      Case{"Trimmed", " \t user@example.com\r\n", "user@example.com"},
                      Case{"TrimmedOfNoBreakSpaces", "\u202f\u2007user@example.com\u205f\ufeff", "user@example.com"},
                      Case{"TrimmedOfIdeographicSpace", "\u3000user@example.com\u00a0", "user@example.com"},
                      Case{"PlusTag", "user+tag@example.com", "user+tag@example.com"},
                      Case{"AllAtomCharacters", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
                      Case{"DotsInside", "a.b.c@example.com", "a.b.c@example.com"},
                      Case{"LeadingDot", ".a@example.com", ""}, Case{"TrailingDot", "a.@example.com", ""},
                      Case{"DoubleDot", "a..b@example.com", ""}, Case{"QuotedForm", "\"a b\"@example.com", ""},
                      Case{"SpaceInside", "a b@example.com", ""}, Case{"TwoSigns", "a@b@example.com", ""},
                      Case{"NoSign", "example.com", ""}, Case{"NoLocalPart", "@example.com", ""},
                      Case{"NoDomain", "a@", ""}, Case{"OneLabel", "a@localhost", ""},
                      Case{"EmptyLabel", "a@example..com", ""}, Case{"TrailingDotOfDomain", "a@example.com.", ""},
                      Case{"HyphenFirst", "a@-example.com", ""}, Case{"HyphenLast", "a@example-.com", ""},
                      Case{"Underscore", "a@ex_ample.com", ""}, Case{"AddressLiteral", "a@[127.0.0.1]", ""},
                      Case{"LocalOf64", kLocal64 + "@example.com", kLocal64 + "@example.com"},
                      Case{"LocalOf65", "l" + kLocal64 + "@example.com", ""},
                      Case{"LabelOf63", "a@" + kLabel63 + ".com", "a@" + kLabel63 + ".com"},
                      Case{"LabelOf64", "a@a" + kLabel63 + ".com", ""},
                      Case{"Whole254", "a@" + kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(60, 'b'),
                           "a@" + kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(60, 'b')},
                      Case{"Whole255", "a@" + kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(61, 'b'),
                           ""},
                      Case{"LineBreakInside", "a\r\nBcc: x@example.com", ""},
                      Case{"NulInside", std::string("a\0b@example.com", 15), ""},
                      Case{"LocalPartBeyondAscii", "b\u00fccher@example.com", ""}, Case{"Empty", "", ""},
                      Case{"OnlySpace", "   ", ""}),
    [](const auto& instance) { return instance.param.name; });

// Vectors of RFC 3492 section 7.1 and of UTS 46 (non-transitional).
INSTANTIATE_TEST_SUITE_P(
    Idn, AddressText,
    ::testing::Values(Case{"German", "a@b\u00fccher.example", "a@xn--bcher-kva.example"},
                      Case{"UpperCaseU", "a@B\u00dcCHER.example", "a@xn--bcher-kva.example"},
                      Case{"DecomposedForm", "a@bu\u0308cher.example", "a@xn--bcher-kva.example"},
                      Case{"SharpSKept", "a@fa\u00df.example", "a@xn--fa-hia.example"},
                      Case{"Chinese", "a@\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587.example",
                           "a@xn--ihqwcrb4cv8a8dqg056pqjye.example"},
                      Case{"Russian",
                           "a@"
                           "\u043f\u043e\u0447\u0435\u043c\u0443\u0436\u0435\u043e\u043d\u0438\u043d\u0435\u0433\u043e"
                           "\u0432\u043e\u0440\u044f\u0442\u043f\u043e\u0440\u0443\u0441\u0441\u043a\u0438.example",
                           "a@xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.example"},
                      Case{"IdeographicFullStop", "a@b\u00fccher\u3002example", "a@xn--bcher-kva.example"},
                      Case{"FullWidthFullStop", "a@b\u00fccher\uff0eexample", "a@xn--bcher-kva.example"},
                      Case{"HalfWidthFullStop", "a@b\u00fccher\uff61example", "a@xn--bcher-kva.example"},
                      Case{"FullStopsBetweenAsciiLabels", "a@mail\u3002example\uff0ecom", "a@mail.example.com"},
                      Case{"FullWidthLetters", "a@\uff45xample\u3002com", "a@example.com"},
                      Case{"FullStopAtTheEnd", "a@b\u00fccher.example\u3002", ""},
                      Case{"FullStopsInARow", "a@b\u00fccher\u3002\u3002example", ""},
                      Case{"FullStopInTheLocalPart", "a\u3002b@example.com", ""},
                      Case{"OneDotLeaderIsNone", "a@b\u00fccher\u2024example", ""},
                      Case{"ALabelStays", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
                      Case{"BidiOverrideRefused", "a@b\u202ecd.example", ""},
                      Case{"FullWidthSlashRefused", "a@ex\uff0fample.com", ""}),
    [](const auto& instance) { return instance.param.name; });

TEST(Address, TellsItsLocalPart) { EXPECT_EQ(EmailAddress::parse("Jo.Doe@example.com")->localPart(), "jo.doe"); }

}  // namespace
}  // namespace auth
