#include "archives/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace session_sharing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SessionMetadata of(const std::string& manifest) {
  SessionMetadata metadata;
  EXPECT_TRUE(readManifest(manifest, metadata).has_value()) << manifest;
  return metadata;
}
SessionMetadata workspace(const std::string& text) {
  SessionMetadata metadata;
  readWorkspace(text, metadata);
  return metadata;
}
std::string title(const std::string& manifest) {
  SessionMetadata metadata;
  return readManifest(manifest, metadata).value_or(ManifestTitle{"no manifest"}).text;
}

TEST(Manifest, SaysNothingByDefault) {
  const auto metadata = of("{}");
  EXPECT_EQ(metadata.title, std::nullopt);
  EXPECT_EQ(metadata.sourceTool, "unknown");
  EXPECT_EQ(metadata.sourceToolVersion, std::nullopt);
  EXPECT_EQ(metadata.originalSessionId, std::nullopt);
  EXPECT_EQ(metadata.modelProvider, std::nullopt);
  EXPECT_EQ(metadata.modelId, std::nullopt);
  EXPECT_EQ(metadata.messageCount, 0);
  EXPECT_EQ(metadata.durationMs, std::nullopt);
  EXPECT_THAT(metadata.tags, IsEmpty());
  EXPECT_EQ(metadata.parentSessionId, std::nullopt);
  EXPECT_EQ(metadata.personaName, std::nullopt);
  EXPECT_EQ(metadata.ticketId, std::nullopt);
  EXPECT_EQ(metadata.retrievalAuditId, std::nullopt);
  EXPECT_EQ(metadata.rulesSource, std::nullopt);
  EXPECT_EQ(metadata.rulesVersion, std::nullopt);
  EXPECT_EQ(metadata.rulesHash, std::nullopt);
  EXPECT_EQ(metadata.instructionArtifacts, "[]");
}

TEST(Manifest, NamesTheTool) {
  const auto metadata = of(R"({"source":{"tool":" claude-code ","tool_version":"2.1","original_session_id":"abc-1"}})");
  EXPECT_EQ(metadata.sourceTool, "claude-code");
  EXPECT_EQ(metadata.sourceToolVersion, "2.1");
  EXPECT_EQ(metadata.originalSessionId, "abc-1");
  for (const auto* source :
       {R"({"source":{"tool":""}})", R"({"source":{"tool":7}})", R"({"source":[]})", R"({"source":null})"})
    EXPECT_EQ(of(source).sourceTool, "unknown") << source;
  EXPECT_EQ(of(R"({"source":{"tool":")" + std::string(60, 'a') + "\"}}").sourceTool, std::string(50, 'a'));
}

TEST(Manifest, NamesTheModelUnlessNoneAnswered) {
  const auto metadata = of(R"({"model":{"provider":"anthropic","model_id":"claude-sonnet-4"}})");
  EXPECT_EQ(metadata.modelProvider, "anthropic");
  EXPECT_EQ(metadata.modelId, "claude-sonnet-4");
  for (const auto* none : {"", " ", "synthetic", "<synthetic>"})
    EXPECT_EQ(of(std::string(R"({"model":{"model_id":")") + none + "\"}}").modelId, std::nullopt) << none;
}

TEST(Manifest, CountsAreTakenAsTheyAre) {
  const auto metadata = of(
      R"({"stats":{"message_count":12,"turn_count":3,"tool_use_count":4,"total_input_tokens":50000000000,"total_output_tokens":6.9,"duration_ms":777}})");
  EXPECT_EQ(metadata.messageCount, 12);
  EXPECT_EQ(metadata.turnCount, 3);
  EXPECT_EQ(metadata.toolUseCount, 4);
  EXPECT_EQ(metadata.totalInputTokens, 50000000000);
  EXPECT_EQ(metadata.totalOutputTokens, 6);
  EXPECT_EQ(metadata.durationMs, 777);
  for (const auto* none : {"-1", "\"7\"", "1e30", "99999999999999999999", "true", "null", "[]"})
    EXPECT_EQ(of(std::string(R"({"stats":{"message_count":)") + none + "}}").messageCount, 0) << none;
}

TEST(Manifest, ListsTags) {
  EXPECT_THAT(of(R"({"tags":["a"," b ","a","",7,null,"c\u0000d"]})").tags, ElementsAre("a", "b", "cd"));
  EXPECT_THAT(of(R"({"tags":"a"})").tags, IsEmpty());
  std::string many = R"({"tags":[)";
  for (int i = 0; i < 150; ++i) many += (i > 0 ? "," : "") + ("\"tag" + std::to_string(i) + "\"");
  EXPECT_EQ(of(many + "]}").tags.size(), 100U);
  EXPECT_THAT(of(R"({"tags":[")" + std::string(60, 'x') + "\"]}").tags, ElementsAre(std::string(50, 'x')));
}

TEST(Manifest, NamesTheParent) {
  EXPECT_EQ(of(R"({"parent_session_id":"ses_a","_resume_parent_id":"ses_b"})").parentSessionId, "ses_a");
  EXPECT_EQ(of(R"({"_resume_parent_id":"ses_b"})").parentSessionId, "ses_b");
  EXPECT_EQ(of(R"({"parent_session_id":null,"_resume_parent_id":"ses_b"})").parentSessionId, "ses_b");
}

TEST(Manifest, NamesPersonaTicketAndContext) {
  const auto metadata = of(R"({"persona_name":" atlas ","ticket_id":" tk_1 ","retrieval_audit_id":"ra_1"})");
  EXPECT_EQ(metadata.personaName, "atlas");
  EXPECT_EQ(metadata.ticketId, "tk_1");
  EXPECT_EQ(metadata.retrievalAuditId, "ra_1");
  EXPECT_EQ(of(R"({"persona_name":")" + std::string(60, 'p') + "\"}").personaName, std::string(50, 'p'));
  EXPECT_EQ(of(R"({"ticket_id":")" + std::string(70, 't') + "\"}").ticketId, std::string(64, 't'));
}

TEST(Manifest, TellsTheRules) {
  const auto metadata = of(
      R"({"instruction_provenance":{"rules_source":"managed","rules_version":7,"rules_hash":"sha256:abc","instruction_artifacts":[{"path":"CLAUDE.md"}]}})");
  EXPECT_EQ(metadata.rulesSource, "managed");
  EXPECT_EQ(metadata.rulesVersion, 7);
  EXPECT_EQ(metadata.rulesHash, "abc");
  EXPECT_EQ(metadata.instructionArtifacts, R"([{"path":"CLAUDE.md"}])");
  EXPECT_EQ(of(R"({"instruction_provenance":{"rules_hash":"abc"}})").rulesHash, "abc");
  EXPECT_EQ(of(R"({"instruction_provenance":{"rules_hash":"sha256:"}})").rulesHash, std::nullopt);
  EXPECT_EQ(of(R"({"instruction_provenance":{"instruction_artifacts":{"a":1}}})").instructionArtifacts, "[]");
  EXPECT_EQ(of(R"({"instruction_provenance":{"instruction_artifacts":[")" + std::string(70 << 10, 'x') + "\"]}}")
                .instructionArtifacts,
            "[]");
}

TEST(Manifest, DropsNulsAndRepairsCharacters) {
  EXPECT_EQ(title(R"({"title":"a\u0000b"})"), "ab");
  EXPECT_EQ(title("{\"title\":\"a\xff\"}"), "a\xef\xbf\xbd");
  EXPECT_EQ(of(R"({"source":{"tool":"\u0000"}})").sourceTool, "unknown");
}

TEST(Manifest, IsNoneWhereItIsNoObject) {
  for (const auto* other : {"", "[]", "7", "\"a\"", "{", "{}x", "{}{}", "\xff", "null"})
    EXPECT_EQ(title(other), "no manifest") << other;
  EXPECT_EQ(title(std::string(200, '[') + std::string(200, ']')), "no manifest");
  EXPECT_EQ(title(std::string("{}\0{}", 5)), "no manifest");
}

TEST(Manifest, IsNoneWhenItIsTooDeepOrHasTooMuch) {
  const auto nested = [](int depth) {
    return R"({"title":"t","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(title(nested(99)), "t");
  EXPECT_EQ(title(nested(100)), "no manifest");
  EXPECT_EQ(title(nested(1000000)), "no manifest");
  std::string wide = R"({"title":"t","x":[0)";
  for (int i = 0; i < 100000; ++i) wide += ",0";
  EXPECT_EQ(title(wide + "]}"), "no manifest");
}

TEST(Workspace, TellsRemoteBranchAndCommit) {
  const auto metadata =
      workspace(R"({"git":{"remote_url":"git@github.com:Acme/App.git","branch":"main","commit_sha":"0a1b"}})");
  EXPECT_EQ(metadata.gitRemote, "acme/app");
  EXPECT_EQ(metadata.gitBranch, "main");
  EXPECT_EQ(metadata.gitCommit, "0a1b");
  for (const auto* none :
       {"", "{}", R"({"git":null})", R"({"git":{"remote_url":""}})", R"({"git":{"remote_url":7}})", "nonsense"})
    EXPECT_EQ(workspace(none).gitRemote, std::nullopt) << none;
}

}  // namespace
}  // namespace session_sharing
