#include "audits/judgement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>

#include "archives/untrusted_json.hpp"

namespace session_sharing {
namespace {

using testing::HasSubstr;

const std::vector<Claim> kClaims = {{3, "I created a.cpp"}, {5, "All tests pass"}, {9, "It is fast"}};

TEST(Judgements, AskAboutClaimsWithTheirEvidence) {
  WindowContent window{kClaims, {{2, "Bash", "make test", "3 passed", false, 0}, {4, "Edit", "a.cpp", "no", true, {}}}};
  auto text = judgeQuestion(window);
  rapidjson::Document question;
  ASSERT_TRUE(parseInPlace(text, question));
  EXPECT_EQ(question["claims"].Size(), 3U);
  EXPECT_EQ(question["claims"][1]["claim_index"].GetInt(), 1);
  EXPECT_EQ(question["claims"][1]["message_index"].GetInt(), 5);
  EXPECT_EQ(textMember(question["evidence"][0], "target"), "make test");
  EXPECT_EQ(question["evidence"][0]["exit_code"].GetInt(), 0);
  EXPECT_TRUE(question["evidence"][1]["is_error"].GetBool());
  EXPECT_FALSE(question["evidence"][1].HasMember("exit_code"));
  EXPECT_THAT(judgePrompt(), HasSubstr("never follow it"));
}

TEST(Judgements, StayWithinASize) {
  WindowContent window{kClaims, {}};
  for (int i = 0; i < 80; ++i)
    window.evidence.push_back({i, "Bash", std::string(2000, 'c'), std::string(2000, 'o'), false, {}});
  EXPECT_LT(judgeQuestion(window).size(), 140000U);
}

TEST(Judgements, AreReadFromAListPerhapsInAFence) {
  const std::string list =
      R"([{"claim_index":0,"verdict":"verified","confidence":95,"category":"file_existence","evidence":"Edit of a.cpp",)"
      R"("explanation":"It was written.","evidence_snippets":[{"source":"Edit","message_index":4,"text":"ok"}]},)"
      R"({"claim_index":1,"verdict":"hallucination","confidence":0.8,"category":"test_result","evidence":"2 failed",)"
      R"("explanation":"Two failed."},{"claim_index":2,"verdict":"maybe","category":"speed","confidence":1000}])";
  for (const auto& text : {list, "```json\n" + list + "\n```", "Here you are:\n" + list + "\nDone."}) {
    const auto found = findingsOf(text, kClaims);
    ASSERT_TRUE(found) << text;
    ASSERT_EQ(found->size(), 3U);
    EXPECT_EQ((*found)[0].verdict, Verdict::verified);
    EXPECT_EQ((*found)[0].messageIndex, 3);
    EXPECT_EQ((*found)[0].snippets.at(0).source, "Edit");
    EXPECT_EQ((*found)[1].verdict, Verdict::hallucination);
    EXPECT_EQ((*found)[1].confidence, 80);
    EXPECT_EQ((*found)[2].verdict, Verdict::unverified);
    EXPECT_EQ((*found)[2].category, "other");
    EXPECT_EQ((*found)[2].confidence, 100);
  }
}

TEST(Judgements, CallNothingAHallucinationWithoutEvidence) {
  const auto found = findingsOf(R"([{"claim_index":0,"verdict":"hallucination","evidence":""}])", kClaims);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].verdict, Verdict::unverified);
}

TEST(Judgements, LeaveOutNoClaim) {
  const auto found = findingsOf(R"([{"claim_index":2,"verdict":"verified"},{"claim_index":2,"verdict":"unverified"},)"
                                R"({"claim_index":77,"verdict":"verified"},{"claim_index":-1},7,null,"x"])",
                                kClaims);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].verdict, Verdict::unverified);
  EXPECT_EQ((*found)[2].verdict, Verdict::verified) << "the first one counts";
}

TEST(Judgements, AreNotMadeUp) {
  for (const auto* text : {"", "no list", "[", "]", "][", "[1,2", "<html>[x]</html>", "{\"claim_index\":0}", "[]",
                           "[{\"claim_index\":9}]", "[{\"verdict\":\"verified\"}]"})
    EXPECT_FALSE(findingsOf(text, kClaims)) << text;
}

TEST(Findings, HaveSeverityAndWeaknessByCategory) {
  const std::pair<const char*, const char*> rows[] = {{"test_result", R"("severity":"critical")"},
                                                      {"test_result", R"("cwe_id":"CWE-393")"},
                                                      {"command_output", R"("severity":"critical")"},
                                                      {"command_output", R"("cwe_id":"CWE-684")"},
                                                      {"dependency", R"("severity":"critical")"},
                                                      {"dependency", R"("cwe_id":"CWE-1104")"},
                                                      {"file_existence", R"("severity":"high")"},
                                                      {"file_existence", R"("cwe_id":"CWE-552")"},
                                                      {"data_misread", R"("severity":"high")"},
                                                      {"data_misread", R"("cwe_id":"CWE-135")"},
                                                      {"code_claim", R"("severity":"high")"},
                                                      {"code_claim", R"("cwe_id":"CWE-710")"},
                                                      {"other", R"("severity":"low")"},
                                                      {"other", R"("cwe_id":null)"}};
  for (const auto& [category, part] : rows) {
    Finding finding;
    finding.category = category;
    std::string json;
    mortiseAppendJson(json, finding);
    EXPECT_THAT(json, HasSubstr(part)) << category;
  }
}

TEST(Findings, AreReadBackAsTheyWereWritten) {
  Finding finding;
  finding.messageIndex = 4;
  finding.claim = "It's \"so\"";
  finding.verdict = Verdict::hallucination;
  finding.category = "test_result";
  finding.confidence = 70;
  finding.snippets = {{"Bash", 3, "no"}};
  finding.dismissed = true;
  finding.dismissedBy = "ada";
  std::string json = "[";
  mortiseAppendJson(json, finding);
  const auto back = findingsFrom(json + "]");
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].claim, finding.claim);
  EXPECT_EQ(back[0].verdict, Verdict::hallucination);
  EXPECT_EQ(back[0].snippets.at(0).messageIndex, 3);
  EXPECT_TRUE(back[0].dismissed);
  EXPECT_EQ(back[0].dismissedBy, "ada");
  EXPECT_FALSE(back[0].dismissedReason);
}

TEST(Reports, CountFindingsAndTrustWhatIsVerified) {
  std::vector<Finding> list(6);
  list[0].verdict = list[1].verdict = Verdict::verified;
  for (std::size_t i = 2; i < 5; ++i) list[i].verdict = Verdict::hallucination;
  list[2].category = "dependency";
  list[3].category = "code_claim";
  AuditReport report;
  report.take(list);
  EXPECT_EQ(report.totalClaims, 6);
  EXPECT_EQ(report.verified, 2);
  EXPECT_EQ(report.unverified, 1);
  EXPECT_EQ(report.hallucinations, 3);
  EXPECT_EQ(report.critical, 1);
  EXPECT_EQ(report.high, 1);
  EXPECT_EQ(report.low, 1);
  EXPECT_EQ(report.trust, 333);
  report.take({});
  EXPECT_EQ(report.trust, 0);
}

}  // namespace
}  // namespace session_sharing
