#include "../content_type.hpp"

#include <gtest/gtest.h>

#include <string>

namespace files {
namespace {

TEST(ContentType, MayStandInAHeaderField) {
  for (const char* good : {"text/plain", "Text/HTML; charset=utf-8", "application/vnd.ms-excel.sheet+xml"})
    EXPECT_TRUE(isContentType(good)) << good;
  for (const char* bad : {"", "text", "text/", "/plain", "a b/c", "text/pl\rain", "text/plain; a=\x01", "text/plaïn"})
    EXPECT_FALSE(isContentType(bad)) << bad;
  EXPECT_FALSE(isContentType("text/plain; a=" + std::string(300, 'b')));
}

TEST(TypePattern, IsATypeOrAWholeFamily) {
  for (const char* good : {"image/*", "application/pdf", "*/*", "IMAGE/PNG"}) EXPECT_TRUE(isTypePattern(good)) << good;
  for (const char* bad : {"", "*", "image", "image/", "image/p*", "*/png", "image/png; q=1", "image/**", "a b/c"})
    EXPECT_FALSE(isTypePattern(bad)) << bad;
}

TEST(TypePattern, DecidesByTypeAlone) {
  EXPECT_TRUE(isAllowed("image/png", {}));
  EXPECT_TRUE(isAllowed("image/png", {"text/plain", "Image/*"}));
  EXPECT_TRUE(isAllowed("text/plain; charset=utf-8", {"text/plain"}));
  EXPECT_TRUE(isAllowed("x/y", {"*/*"}));
  EXPECT_FALSE(isAllowed("image/png", {"text/*", "image/jpeg"}));
  EXPECT_FALSE(isAllowed("imagex/png", {"image/*"}));
}

}  // namespace
}  // namespace files
