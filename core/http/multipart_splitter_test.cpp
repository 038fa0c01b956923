#include "core/http/multipart_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise::http {
namespace {

struct Collected final : MultipartSplitter::Sink {
  struct One {
    PartHead head;
    std::string data;
    bool ended = false;
  };
  std::vector<One> parts;

  Refusal beginPart(PartHead head) override {
    parts.push_back({std::move(head), "", false});
    return Refusal();
  }
  Refusal partData(std::string_view bytes) override {
    parts.back().data += bytes;
    return Refusal();
  }
  Refusal endPart() override {
    parts.back().ended = true;
    return Refusal();
  }
};

Refusal split(const std::vector<std::string_view>& pieces, Collected& into, std::size_t maxParts = 100) {
  MultipartSplitter splitter("XyZ", maxParts, into);
  for (const std::string_view piece : pieces) {
    if (Refusal refusal = splitter.feed(piece)) return refusal;
  }
  return splitter.finish();
}

const std::string kForm =
    "preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nH\xc3\xa9llo\r\n--XyZ \t\r\n"
    "content-disposition: form-data; name=up; filename=\"a \\\"b\\\".txt\"\r\nContent-Type: text/plain\r\n\r\n"
    "line\r\n--Xy not the end\r\n-\r\n\r\n--XyZ\r\n"
    "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XyZ\r\n"
    "Content-Disposition: form-data; name=\"n\"; filename*=UTF-8''na%C3%AFve.txt; "
    "filename=\"naive.txt\"\r\n\r\nZ\r\n--XyZ--\r\nepilogue";

void expectForm(const Collected& form) {
  ASSERT_EQ(form.parts.size(), 4u);
  EXPECT_EQ(form.parts[0].head.name, "title");
  EXPECT_FALSE(form.parts[0].head.isFile);
  EXPECT_EQ(form.parts[0].data, "H\xc3\xa9llo");
  EXPECT_EQ(form.parts[1].head.filename, "a \"b\".txt");
  EXPECT_EQ(form.parts[1].head.contentType, "text/plain");
  EXPECT_EQ(form.parts[1].data, "line\r\n--Xy not the end\r\n-\r\n");
  EXPECT_EQ(form.parts[2].data, "");
  EXPECT_EQ(form.parts[3].head.filename, "na\xc3\xafve.txt");
  EXPECT_EQ(form.parts[3].data, "Z");
  for (const Collected::One& part : form.parts) EXPECT_TRUE(part.ended);
}

TEST(MultipartSplitter, GivesTheSamePartsForEveryCut) {
  for (std::size_t cut = 0; cut <= kForm.size(); ++cut) {
    Collected form;
    const Refusal refusal = split({std::string_view(kForm).substr(0, cut), std::string_view(kForm).substr(cut)}, form);
    ASSERT_FALSE(refusal) << "cut at " << cut << ": " << refusal.detail;
    expectForm(form);
  }
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < kForm.size(); ++i) single.push_back(std::string_view(kForm).substr(i, 1));
  Collected form;
  ASSERT_FALSE(split(single, form));
  expectForm(form);
}

TEST(MultipartSplitter, AcceptsAPartWithoutABlankLineBeforeItsDelimiter) {
  const std::string body =
      "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n--XyZ\r\nContent-Disposition: form-data; "
      "name=b\r\n\r\n1\r\n--XyZ--";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Collected form;
    ASSERT_FALSE(split({std::string_view(body).substr(0, cut), std::string_view(body).substr(cut)}, form)) << cut;
    ASSERT_EQ(form.parts.size(), 2u) << cut;
    EXPECT_EQ(form.parts[0].data, "") << cut;
    EXPECT_EQ(form.parts[1].data, "1") << cut;
  }
}

TEST(MultipartSplitter, RefusesWhatIsNoForm) {
  const auto status = [](const std::string& body, std::size_t maxParts = 100) {
    Collected form;
    return split({body}, form, maxParts).status;
  };
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nv"), 400) << "cut off";
  EXPECT_EQ(status("--XyZgarbage\r\n"), 400);
  EXPECT_EQ(status("--XyZ\r\n\r\nv\r\n--XyZ--"), 400) << "no name";
  EXPECT_EQ(status("--XyZ\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--XyZ--"), 400);
  EXPECT_EQ(status("--XyZ\r\nContent-Disposition: form-data; name=a\r\nX: " + std::string(9000, 'a')), 400);
  EXPECT_EQ(status(kForm, 3), 413);
}

TEST(MultipartSplitter, FindsTheBoundary) {
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(MultipartSplitter::boundaryOf("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\""), "a b:c");
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/form-data"), "");
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/mixed; boundary=abc"), "");
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/form-data; boundary="), "");
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/form-data; boundary=" + std::string(71, 'a')), "");
  EXPECT_EQ(MultipartSplitter::boundaryOf("multipart/form-data; boundary=\"a\x01\""), "");
}

}  // namespace
}  // namespace mortise::http
