// A module written against the generated header of its contract, in a real kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mortise/testing/module_harness.hpp"

namespace {

using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using ::testing::HasSubstr;

class DeskModule : public ::testing::Test {
 protected:
  ModuleHarness harness_{"desk"};
  Client client_ = harness_.anonymous();
};

TEST_F(DeskModule, ReadsABodyIntoItsStructAndWritesOneBack) {
  const auto answer = client_.post(
      "/desk/tickets",
      R"({"title":"Ink","due_at":"2026-01-08T08:14:00Z","class":"supply","labels":[{"text":"a"},{"text":"b","colour":"red"}],)"
      R"("facts":{"x":[1,null]}})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body,
            R"({"id":"t1","title":"Ink","due_at":"2026-01-08T08:14:00Z","priority":3,"class":"supply",)"
            R"("author":{"name":"Ada"},"labels":[{"text":"a","colour":"grey"},{"text":"b","colour":"red"}],)"
            R"("facts":{"x":[1,null]},"links":["/desk/tickets/t1"]})");
}

TEST_F(DeskModule, LeavesOutWhatIsAbsentAndKeepsNull) {
  EXPECT_EQ(client_.post("/desk/tickets", R"({"title":"Ink","due_at":null,"priority":5})").body,
            R"({"id":"t1","title":"Ink","due_at":null,"priority":5,"author":{"name":"Ada"},"labels":[],)"
            R"("links":["/desk/tickets/t1"]})");
}

TEST_F(DeskModule, RefusesByTheContractBeforeTheHandler) {
  EXPECT_EQ(client_.post("/desk/tickets", R"({"title":"Ink"})").field, "body/due_at");
  EXPECT_EQ(client_.put("/desk/labels", R"([{"text":""}])").field, "body/0/text");
}

TEST_F(DeskModule, TellsAbsentNullAndValueApart) {
  EXPECT_EQ(client_.patch("/desk/tickets", R"({})").body, R"({"title":"absent","assignee":"absent"})");
  EXPECT_EQ(client_.patch("/desk/tickets", R"({"assignee":null})").body, R"({"title":"absent","assignee":"null"})");
  EXPECT_EQ(client_.patch("/desk/tickets", R"({"title":"a","assignee":"b"})").body, R"({"title":"a","assignee":"b"})");
}

TEST_F(DeskModule, TakesAListAndABodyThatMayBeLeftOut) {
  EXPECT_EQ(client_.put("/desk/labels", R"([{"text":"a"}])").body, R"([{"text":"a","colour":"grey"}])");
  EXPECT_EQ(client_.post("/desk/labels").body, R"({"text":"none"})");
  EXPECT_EQ(client_.post("/desk/labels", R"({"text":"a"})").body, R"({"text":"a"})");
}

TEST_F(DeskModule, SeesTheNodeOfALenientBody) {
  EXPECT_EQ(client_.post("/desk/notes", R"({"a":1})").body, R"({"sent":{"a":1}})");
  EXPECT_EQ(client_.post("/desk/notes", "no JSON").body, R"({"sent":{}})");
}

TEST_F(DeskModule, TakesAFileOfAForm) {
  const auto answer = client_.request(
      "POST", "/desk/files",
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n",
      {"Content-Type: multipart/form-data; boundary=b"});
  EXPECT_EQ(answer.body, R"({"size":5})") << answer.status;
}

TEST_F(DeskModule, AnswersByStreamAndLater) {
  EXPECT_THAT(client_.get("/desk/feed").body, HasSubstr("event: ticket"));
  EXPECT_EQ(client_.post("/desk/feed", R"({"text":"closing"})").body, R"("closing")");
}

}  // namespace
