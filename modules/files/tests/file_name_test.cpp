#include "../file_name.hpp"

#include <gtest/gtest.h>

namespace files {
namespace {

using namespace std::string_view_literals;

TEST(SafeName, KeepsWhatPeopleWrite) {
  for (const char* name : {"report.pdf", "año 2026 (final).txt", "报告.docx", ".profile", "a", "Makefile", "a.tar.gz"})
    EXPECT_EQ(safeName(name), name);
}

TEST(SafeName, CutsDirectoriesOfBothKinds) {
  EXPECT_EQ(safeName("../../etc/passwd"), "passwd");
  EXPECT_EQ(safeName("C:\\Users\\ada\\cv.doc"), "cv.doc");
  EXPECT_EQ(safeName("/a\\../b/c.txt"), "c.txt");
  EXPECT_EQ(safeName("..\\..\\"), "upload.bin");
}

TEST(SafeName, IsNeverEmptyOrADirectory) {
  for (const char* name : {"", ".", "..", "/", "a/", "   ", "a/.."}) EXPECT_EQ(safeName(name), "upload.bin") << name;
  EXPECT_EQ(safeName("  a b  "), "a b");
}

TEST(SafeName, ReplacesWhatWouldDeceiveOrBreakOut) {
  EXPECT_EQ(safeName("a\r\nSet-Cookie: x.txt"), "a__Set-Cookie: x.txt");
  EXPECT_EQ(safeName("a\0b.txt"sv), "a_b.txt");
  EXPECT_EQ(safeName("a\x7f\xc2\x85.txt"), "a__.txt");
  EXPECT_EQ(safeName("\xe2\x80\xaegpj.exe"), "_gpj.exe");  // right-to-left override
  EXPECT_EQ(safeName("a\xe2\x81\xa6z"), "a_z");            // isolate
}

TEST(SafeName, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(safeName("a\xff\xfe.txt"), "a__.txt");
  EXPECT_EQ(safeName("a\xc0\xaf.txt"), "a__.txt");       // an overlong slash
  EXPECT_EQ(safeName("\xe0\x80\xaf"), "___");            // another
  EXPECT_EQ(safeName("a\xed\xa0\x80.txt"), "a___.txt");  // a surrogate
  EXPECT_EQ(safeName("a\xf4\x90\x80\x80"), "a____");     // above U+10FFFF
  EXPECT_EQ(safeName("a\xe6\x8a"), "a__");               // cut off
  EXPECT_EQ(safeName("\xf0\x9f\x98\x80.png"), "\xf0\x9f\x98\x80.png");
}

TEST(SafeName, CutsBeforeTheExtensionAndBetweenCharacters) {
  EXPECT_EQ(safeName(std::string(300, 'a') + ".pdf"), std::string(251, 'a') + ".pdf");
  EXPECT_EQ(safeName(std::string(300, 'a')), std::string(255, 'a'));
  std::string chinese;
  for (int i = 0; i < 100; ++i) chinese += "报";
  const auto name = safeName(chinese + ".txt");
  EXPECT_EQ(name.size(), 3u * 83 + 4);
  EXPECT_TRUE(name.ends_with("报.txt"));
  EXPECT_EQ(safeName(std::string(254, 'a') + " b c"), std::string(254, 'a'));
  EXPECT_EQ(safeName("a." + std::string(300, 'b')), "a." + std::string(253, 'b'));
}

TEST(Extension, IsThePlainTailWithItsDot) {
  EXPECT_EQ(extensionOf("a.pdf"), ".pdf");
  EXPECT_EQ(extensionOf("a.tar.GZ"), ".GZ");
  EXPECT_EQ(extensionOf("a.c++"), ".c++");
  for (const char* name : {"a", ".profile", "a.", "a.b c", "a.报", "a.%2e", "a.12345678901234567", ""})
    EXPECT_EQ(extensionOf(name), "") << name;
  EXPECT_EQ(extensionOf("a.1234567890123456"), ".1234567890123456");
}

}  // namespace
}  // namespace files
