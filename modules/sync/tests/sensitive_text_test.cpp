#include "dlp/sensitive_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dlp/sensitive_kinds.hpp"

namespace session_sharing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Examples are put together from pieces, so that no scanner of sources takes them for real ones.
std::string hex(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += "0123456789abcdef"[(i * 7 + i / 16) % 16];
  return out;
}
std::string letters(std::size_t size) {
  static const std::string kAlphabet = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8cX0fRuLoi";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += kAlphabet[(i * 5 + i / 36) % kAlphabet.size()];
  return out;
}
std::string upper(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(i * 11 + 3) % 32];
  return out;
}

struct Example {
  std::string right;  // holds one
  std::string wrong;  // looks like it
};

const std::map<std::string, Example>& examples() {
  static const std::map<std::string, Example> kExamples{
      {"private_key",
       {"-----BEGIN RSA PRIVATE "
        "KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow\n-----END RSA PRIVATE "
        "KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIEow\n-----END PUBLIC KEY-----"}},
      {"aws_access_key_id",
       {"id=AK"
        "IA" +
            upper(16),
        "AK"
        "IA" +
            upper(8)}},
      {"aws_secret_access_key", {"aws_secret_access_key = " + letters(40), "aws_region = " + letters(40)}},
      {"github_token",
       {"gh"
        "p_" +
            letters(36),
        "ghp_short"}},
      {"github_fine_grained_token",
       {"github_"
        "pat_" +
            letters(22) + "_" + letters(59),
        "github_pat_" + letters(10)}},
      {"gitlab_token",
       {"gl"
        "pat-" +
            letters(20),
        "glpat-short"}},
      {"slack_token",
       {"xo"
        "xb-123456789012-" +
            letters(24),
        "xoxb-12"}},
      {"slack_webhook",
       {"https://hooks.slack."
        "com/services/T000/B000/" +
            letters(24),
        "https://hooks.slack.com/help"}},
      {"stripe_key",
       {"sk_"
        "live_" +
            letters(24),
        "pk_live_" + letters(24)}},
      {"stripe_webhook_secret",
       {"wh"
        "sec_" +
            letters(32),
        "whsec_short"}},
      {"anthropic_api_key",
       {"sk-"
        "ant-api03-" +
            letters(90),
        "sk-ant-"}},
      {"openai_api_key",
       {"sk-"
        "proj-" +
            letters(60),
        "sk-learn and sk-proj"}},
      {"openrouter_api_key",
       {"sk-"
        "or-v1-" +
            hex(64),
        "sk-or-v1-" + hex(10)}},
      {"google_api_key",
       {"AI"
        "za" +
            letters(35),
        "AIza" + letters(10)}},
      {"google_oauth_client_secret",
       {"GOC"
        "SPX-" +
            letters(28),
        "GOCSPX-" + letters(5)}},
      {"google_oauth_token",
       {"ya"
        "29." +
            letters(60),
        "ya29.short"}},
      {"huggingface_token",
       {"h"
        "f_" +
            letters(34),
        "hf_hub_download"}},
      {"replicate_api_token",
       {"r"
        "8_" +
            letters(37),
        "r8_" + letters(9)}},
      {"session_sharing_key",
       {"sk_"
        "sfs_" +
            hex(32),
        "sk_sfs_legacy"}},
      {"npm_token",
       {"np"
        "m_" +
            letters(36),
        "npm_config_registry"}},
      {"pypi_token",
       {"py"
        "pi-AgEIcHlwaS5vcmc" +
            letters(70),
        "pypi-attestations"}},
      {"rubygems_key",
       {"ruby"
        "gems_" +
            hex(48),
        "rubygems_version"}},
      {"docker_token",
       {"dc"
        "kr_pat_" +
            letters(27),
        "dckr_pat_x"}},
      {"digitalocean_token",
       {"do"
        "p_v1_" +
            hex(64),
        "dop_v1_" + hex(20)}},
      {"azure_storage_key",
       {"Account"
        "Key=" +
            letters(86) + "==",
        "AccountKey=" + letters(20) + "=="}},
      {"azure_client_secret",
       {"ab1"
        "8Q~" +
            letters(34),
        "abc8Q~" + letters(5)}},
      {"databricks_token",
       {"da"
        "pi" +
            hex(32),
        "dapi" + hex(12)}},
      {"vault_token",
       {"hv"
        "s." +
            letters(24),
        "hvs.short"}},
      {"terraform_token",
       {letters(14) +
            ".atlas"
            "v1." +
            letters(60),
        letters(14) + ".atlasv1.x"}},
      {"heroku_key",
       {"HR"
        "KU-" +
            letters(40),
        "HRKU-x"}},
      {"sendgrid_key",
       {"S"
        "G." +
            letters(22) + "." + letters(43),
        "SG." + letters(10) + "." + letters(10)}},
      {"mailgun_key",
       {"ke"
        "y-" +
            hex(32),
        "key-" + hex(10)}},
      {"mailchimp_key",
       {hex(32) + "-u"
                  "s12",
        hex(32) + "-eu1"}},
      {"twilio_key",
       {"S"
        "K" +
            hex(32),
        "SK" + hex(20)}},
      {"telegram_bot_token",
       {"123456789:"
        "AA" +
            letters(33),
        "123456789:AA" + letters(9)}},
      {"discord_bot_token",
       {"M" + letters(23) + "." + letters(6) + "." + letters(27), "Module.submodule.function_name"}},
      {"discord_webhook",
       {"https://discord."
        "com/api/webhooks/123456789012345678/" +
            letters(68),
        "https://discord.com/api/webhooks/help"}},
      {"shopify_token",
       {"shp"
        "at_" +
            hex(32),
        "shpat_" + hex(8)}},
      {"square_token",
       {"sq0"
        "atp-" +
            letters(22),
        "sq0atp-x"}},
      {"linear_key",
       {"lin_"
        "api_" +
            letters(40),
        "lin_api_x"}},
      {"notion_token",
       {"nt"
        "n_" +
            letters(46),
        "ntn_x"}},
      {"figma_token",
       {"fi"
        "gd_" +
            letters(40),
        "figd_x"}},
      {"grafana_token",
       {"gl"
        "sa_" +
            letters(32) + "_" + hex(8),
        "glsa_" + letters(8)}},
      {"newrelic_key",
       {"NR"
        "AK-" +
            upper(27),
        "NRAK-" + upper(5)}},
      {"sentry_token",
       {"sn"
        "trys_" +
            letters(60),
        "sntrys_x"}},
      {"postman_key",
       {"PM"
        "AK-" +
            hex(24) + "-" + hex(34),
        "PMAK-" + hex(24)}},
      {"atlassian_token",
       {"ATATT3x"
        "FfGF0" +
            letters(100),
        "ATATT3xFfGF0"}},
      {"dropbox_token",
       {"s"
        "l." +
            letters(135),
        "sl.short"}},
      {"json_web_token",
       {"ey"
        "J" +
            letters(20) +
            ".ey"
            "J" +
            letters(30) + "." + letters(30),
        "eyJ" + letters(20) + ".x"}},
      {"authorization_header", {"Authorization: Bearer " + letters(24), "Authorization: Bearer <token>"}},
      {"url_password",
       {"postgres://app:"
        "s3cr3tpw@db.example.org/x",
        "postgres://app:${PASSWORD}@db/x"}},
      {"assigned_secret",
       {"password = \""
        "k7Gh2!pQz9\"",
        "password = os.environ[\"DB_PASSWORD\"]"}},
      {"us_social_security_number", {"123-45-6789", "000-45-6789 and 123-00-6789 and 912-34-5678"}},
      {"us_social_security_number_named", {"SSN: 123456789", "SSN: 666456789"}},
      {"medical_record_number", {"MRN: 00123456", "MRN: pending"}},
      {"us_medicare_number", {"1EG4-TE5-MK73", "1EG4-TE5-MK7"}},
      {"health_plan_number", {"Member ID: XYZ123456789", "Member ID: none"}},
      {"us_provider_number", {"NPI 1234567893", "NPI 1234567890"}},
      {"us_drug_enforcement_number", {"DEA: AB1234563", "DEA: AB1234567"}},
      {"date_of_birth", {"DOB: 04/12/1967", "released on 04/12/1967"}},
      {"diagnosis_code", {"ICD-10: E11.9", "see section E11.9"}},
      {"patient_name", {"Patient: Mary Ann Smith", "patient: improved overnight"}},
  };
  return kExamples;
}

const SensitiveTextMatcher& all() {
  static const SensitiveTextMatcher kMatcher{MatcherSettings{true, true, {}, {}}};
  return kMatcher;
}
std::vector<std::string> kindsIn(const SensitiveTextMatcher& matcher, std::string_view text) {
  std::vector<std::string> names;
  for (const auto& place : matcher.find(text)) names.push_back(place.kind->name);
  return names;
}

TEST(SensitiveKinds, HaveATrueAndAFalseExampleEach) {
  std::set<std::string> names;
  for (const auto rules : {secretRules(), phiRules()}) {
    for (const auto& rule : rules) names.insert(rule.name);
  }
  EXPECT_GE(secretRules().size(), 25U);
  for (const auto& name : names) {
    const auto example = examples().find(name);
    ASSERT_NE(example, examples().end()) << name << " has no examples";
    for (const std::string& around :
         {std::string("%"), std::string("see \"%\" there"), std::string("a\\n%\\nb"), std::string("x=%;")}) {
      auto text = around;
      text.replace(text.find('%'), 1, example->second.right);
      EXPECT_THAT(kindsIn(all(), text), ::testing::Contains(name)) << text;
      text = around;
      text.replace(text.find('%'), 1, example->second.wrong);
      EXPECT_THAT(kindsIn(all(), text), ::testing::Not(::testing::Contains(name))) << text;
    }
  }
  EXPECT_EQ(names.size(), examples().size());
}

TEST(SensitiveText, IsFoundInItsCategoriesAlone) {
  const auto text = "SSN: 123-45-6789 " + examples().at("github_token").right;
  EXPECT_THAT(kindsIn(SensitiveTextMatcher({true, false, {}, {}}), text), ElementsAre("github_token"));
  EXPECT_THAT(kindsIn(SensitiveTextMatcher({false, true, {}, {}}), text), SizeIs(1));
  EXPECT_THAT(kindsIn(SensitiveTextMatcher({false, false, {}, {}}), text), IsEmpty());
  EXPECT_THAT(kindsIn(SensitiveTextMatcher::ofSecrets(), text), ElementsAre("github_token"));
}

TEST(SensitiveText, IsMarkedAndNeverFoundAgain) {
  for (const auto& [name, example] : examples()) {
    const auto places = all().find(example.right);
    ASSERT_THAT(places, ::testing::Not(IsEmpty())) << name;
    const auto marked = SensitiveTextMatcher::redacted(example.right, places);
    EXPECT_THAT(marked, HasSubstr("[REDACTED:"));
    EXPECT_THAT(kindsIn(all(), marked), IsEmpty()) << marked;
  }
  EXPECT_THAT(kindsIn(all(), "password = \"[REDACTED:assigned_secret]\""), IsEmpty());
  // What calls itself a mark and is none is searched like any text.
  EXPECT_THAT(kindsIn(all(), "[REDACTED:" + examples().at("github_token").right + "]"), ElementsAre("github_token"));
  EXPECT_EQ(SensitiveTextMatcher::ofSecrets().replaced("use " + examples().at("npm_token").right + "!", "[redacted]"),
            "use [redacted]!");
}

TEST(SensitiveText, MayBeToldByTheKeyOfAValue) {
  MatchEffort effort;
  const auto named = [&](std::string_view key, std::string_view value) {
    return all().findValue(key, value, effort).size();
  };
  EXPECT_EQ(named("password", "k7Gh2!pQz9"), 1U);
  EXPECT_EQ(named("apiKey", "k7Gh2pQz9x"), 1U);
  EXPECT_EQ(named("ssn", "123456789"), 1U);
  EXPECT_EQ(named("date_of_birth", "1967-12-04"), 1U);
  EXPECT_EQ(named("title", "k7Gh2!pQz9"), 0U);
  EXPECT_EQ(named("password", "[REDACTED:assigned_secret]"), 0U);
  EXPECT_EQ(named("password", "<your password>"), 0U);
  const auto places = all().findValue("password", "k7Gh2!pQz9", effort);
  ASSERT_THAT(places, SizeIs(1));
  EXPECT_EQ(places[0].begin, 0U);
  EXPECT_EQ(places[0].end, 10U);
}

TEST(SensitiveText, IsFoundInJsonWithinATextOfJson) {
  EXPECT_THAT(kindsIn(all(), R"({\"password\": \"k7Gh2!pQz9\"})"), ElementsAre("assigned_secret"));
  EXPECT_THAT(kindsIn(all(), R"({\\\"Authorization\\\": \\\"Bearer a1B2c3D4e5F6g7H8\\\"})"),
              ElementsAre("authorization_header"));
  const std::string text = R"({\"token\": \"k7Gh2pQz9x\", \"n\": 1})";
  EXPECT_EQ(SensitiveTextMatcher::redacted(text, all().find(text)),
            R"({\"token\": \"[REDACTED:assigned_secret]\", \"n\": 1})");
}

TEST(SensitiveText, ThatLapsOverIsOnePlace) {
  const auto text = "password=" + examples().at("github_token").right;
  const auto places = all().find(text);
  ASSERT_THAT(places, SizeIs(1));
  EXPECT_EQ(places[0].kind->name, "github_token") << "the gravest";
  EXPECT_EQ(SensitiveTextMatcher::redacted(text, places), "password=[REDACTED:github_token]");
}

TEST(SensitiveText, OfTheAllowListIsPassedOver) {
  const auto key = examples().at("aws_access_key_id").right;
  EXPECT_THAT(kindsIn(SensitiveTextMatcher({true, false, {}, {key.substr(3)}}), key), IsEmpty());
  EXPECT_THAT(kindsIn(SensitiveTextMatcher({true, false, {}, {"nothing of it"}}), key), SizeIs(1));
}

TEST(CustomPatterns, AreSearchedBesideTheOthers) {
  const SensitiveTextMatcher matcher(
      {true, false, {{"employee", "EMP-[0-9]{6}", "custom", "low"}, {"code", "code (\\w+)", "custom", "high"}}, {}});
  EXPECT_THAT(kindsIn(matcher, "EMP-123456 has code abc"), ElementsAre("employee", "code"));
  const auto text = std::string("the code abc");
  EXPECT_EQ(SensitiveTextMatcher::redacted(text, matcher.find(text)), "the code [REDACTED:code]");
  EXPECT_THAT(kindsIn(matcher, "code [REDACTED:employee]"), IsEmpty());
}

TEST(CustomPatterns, HaveBounds) {
  const auto fault = [](const std::string& regex, const std::string& name = "x") {
    return customPatternFault({name, regex, "custom", "high"});
  };
  EXPECT_EQ(fault("EMP-[0-9]{6}"), "");
  EXPECT_THAT(fault("(unclosed"), HasSubstr("invalid regex"));
  EXPECT_THAT(fault("(?=ahead)"), HasSubstr("invalid regex"));
  EXPECT_THAT(fault("(a)\\1"), HasSubstr("invalid regex"));
  EXPECT_THAT(fault("((a{100}){100}){100}"), HasSubstr("invalid regex"));
  EXPECT_THAT(fault("(\\pL{500}\\pN{500}){2}"), HasSubstr("invalid regex"));
  EXPECT_THAT(fault("a*"), HasSubstr("everywhere"));
  EXPECT_THAT(fault(""), HasSubstr("1 to 500"));
  EXPECT_THAT(fault(std::string(501, 'a')), HasSubstr("1 to 500"));
  EXPECT_THAT(fault("a", ""), HasSubstr("1 to 64"));
  EXPECT_THAT(fault("a", "x]"), HasSubstr("letters"));
}

TEST(CustomPatterns, CanNotHangASearch) {
  // Each match looks to the end of the text for the z that is not there.
  const SensitiveTextMatcher slow({false, false, {{"slow", "a(?:.*z)?", "custom", "high"}}, {}});
  MatchEffort effort;
  EXPECT_THROW(slow.find(std::string(1 << 20, 'a'), effort), TooMuchEffort);
  const SensitiveTextMatcher nested({false, false, {{"nested", "(?:(?:a+)+)+b", "custom", "high"}}, {}});
  effort = {};
  EXPECT_THAT(nested.find(std::string(1 << 20, 'a'), effort), IsEmpty());
  effort = {};
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "EMP-123456 and much else that stands between two of them; ";
  const SensitiveTextMatcher plain({false, false, {{"employee", "EMP-[0-9]{6}", "custom", "low"}}, {}});
  EXPECT_THAT(plain.find(many, effort), SizeIs(5000));
}

}  // namespace
}  // namespace session_sharing
