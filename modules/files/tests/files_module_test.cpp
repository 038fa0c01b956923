// The module in a real kernel: what a client may do with files. More is tested on both databases in tests/e2e/files_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/module_harness.hpp>

#include <string>
#include <thread>
#include <vector>

namespace {

using mortise::testing::Answer;
using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using ::testing::HasSubstr;

class FilesModule : public ::testing::Test {
 protected:
  static Answer upload(const Client& client, const std::string& parts) {
    return client.request("POST", "/api/files", parts + "--x--\r\n", {"Content-Type: multipart/form-data; boundary=x"});
  }
  static std::string part(const std::string& name, const std::string& content) {
    return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"a.txt\"\r\n\r\n" + content +
           "\r\n";
  }
  // The member `name` of the flat object in `answer`, a text.
  static std::string member(const Answer& answer, const std::string& name) {
    const auto at = answer.body.find("\"" + name + "\":\"") + name.size() + 4;
    return answer.body.substr(at, answer.body.find('"', at) - at);
  }
  static std::string stored(const Client& client, const std::string& content) {
    return "/api/files/" + member(upload(client, part("file", content)), "id");
  }

  ModuleHarness harness_{"files"};
  Client ada_ = harness_.as(std::vector<std::string>{"files.read", "files.write"});
  Client bob_ = harness_.as(std::vector<std::string>{"files.read", "files.write"});
  Client admin_ = harness_.admin();
};

TEST_F(FilesModule, KeepsAFileForItsOwner) {
  const auto info = upload(ada_, part("file", "hello"));
  EXPECT_EQ(info.status, 200) << info.body;
  EXPECT_THAT(info.body, HasSubstr(R"("filename":"a.txt","filepath":"http)"));
  EXPECT_THAT(info.body, HasSubstr(R"("extension":".txt","mime_type":"","size":5,"user_id":")" + ada_.userId() + "\""));
  const auto path = "/api/files/" + member(info, "id");
  EXPECT_EQ(ada_.get(path).body, info.body);
  for (const auto& address : {path + "/download", "/files/" + member(info, "key")}) {
    EXPECT_EQ(ada_.get(address).body, "hello");
    EXPECT_EQ(ada_.get(address).headers.at("content-type"), "text/plain; charset=us-ascii");
    EXPECT_EQ(bob_.get(address).status, 403);
    EXPECT_EQ(admin_.get(address).body, "hello");
  }
  EXPECT_EQ(bob_.del(path).status, 403);
  EXPECT_EQ(ada_.del(path).status, 200);
  EXPECT_EQ(ada_.get(path).status, 404);
}

TEST_F(FilesModule, TakesOnePartNamedFile) {
  EXPECT_EQ(upload(ada_, part("other", "x")).field, "body/file");
  EXPECT_EQ(upload(ada_, part("file", "x") + part("file", "y")).field, "body/file");
  EXPECT_EQ(upload(ada_, part("other", "x") + part("file", "y")).status, 200);
}

TEST_F(FilesModule, AuditsOneOfTwoDeletionsAtOnce) {
  for (int round = 0; round < 10; ++round) {
    const auto path = stored(ada_, "theirs " + std::to_string(round));
    std::vector<int> statuses(4);
    std::vector<std::thread> threads;
    for (auto& status : statuses) threads.emplace_back([&] { status = admin_.del(path).status; });
    for (auto& thread : threads) thread.join();
    EXPECT_THAT(statuses, ::testing::UnorderedElementsAre(200, 404, 404, 404));
    const auto trail = admin_.get("/api/v1/admin/audit-log?target=file:" + path.substr(path.rfind('/') + 1));
    EXPECT_EQ(trail.status, 200) << trail.body;
    const auto at = trail.body.find("files.deleted");
    EXPECT_NE(at, std::string::npos) << trail.body;
    EXPECT_EQ(trail.body.find("files.deleted", at + 1), std::string::npos) << trail.body;
  }
}

}  // namespace
