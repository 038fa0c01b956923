#include "core/kernel/content_disposition.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

TEST(ContentDisposition, APlainNameStaysPlainWhereTheFamilyTakesIt) {
  EXPECT_EQ(attachmentDisposition("report 1.pdf"), "attachment; filename=\"report 1.pdf\"");
  EXPECT_EQ(attachmentDisposition("größe.txt"),
            "attachment; filename=\"gr____e.txt\"; filename*=utf-8''gr%C3%B6%C3%9Fe.txt");
}

TEST(ContentDisposition, TheExtendedFormEncodesAllButAttributeCharacters) {
  EXPECT_EQ(attachmentDisposition("a!#$&+-.^_`|~Z9", NameForm::extendedOnly),
            "attachment; filename*=utf-8''a!#$&+-.^_`|~Z9");
  EXPECT_EQ(attachmentDisposition("a b'(c)*\"d\"%;,=@/\\?.txt", NameForm::extendedOnly),
            "attachment; filename*=utf-8''a%20b%27%28c%29%2A%22d%22%25%3B%2C%3D%40%2F%5C%3F.txt");
  EXPECT_EQ(attachmentDisposition("报告.pdf", NameForm::extendedOnly),
            "attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A.pdf");
}

TEST(ContentDisposition, NothingOfANameBreaksOutOfTheField) {
  EXPECT_EQ(attachmentDisposition("a\r\nX: y", NameForm::extendedOnly), "attachment; filename*=utf-8''a%0D%0AX%3A%20y");
  EXPECT_EQ(attachmentDisposition("a\r\nX: y").find_first_of("\r\n"), std::string::npos);
}

}  // namespace
}  // namespace mortise::kernel
