#include "reading/manifest.hpp"

#include <gtest/gtest.h>

#include "reading/fallback_name.hpp"
#include "reading/manifest_reader.hpp"
#include "reading/skill_id.hpp"
#include "refusals_testing.hpp"

namespace skills {
namespace {

// "code field" of the refusal; empty when it is taken.
std::string refusedRequest(const std::string& json) {
  auto refusal = refusalOf([&] { return manifestFromRequest(json); });
  if (refusal.status == 0) return {};
  EXPECT_EQ(refusal.status, 422);
  return refusal.code + " " + refusal.params["field"];
}

TEST(Manifest, IsFilledWithDefaults) {
  const auto manifest = manifestFromFrontMatter("{}", "Fallback Name");
  EXPECT_EQ(manifest.name, "Fallback Name");
  EXPECT_EQ(manifest.slug, "fallback-name");
  EXPECT_EQ(manifest.description, "");
  EXPECT_EQ(manifest.version, "0.1.0");
  EXPECT_EQ(manifest.runtimeType, "native");
  EXPECT_TRUE(manifest.tools.empty());
}

TEST(Manifest, ReadsEveryKeyOfTheFrontMatter) {
  const auto manifest = manifestFromFrontMatter(
      R"({"name":" PDF tools ","description":"d","version":1.0,"runtime_type":"mcp","license":"MIT",
          "activation":{"keywords":["pdf","合并"]},"policy":{"risk_level":"medium"},"security":{"x":1},
          "tools":[{"name":"merge","description":"Merge","parameters":{"a":{"type":"string","minLength":1}},
                    "required":["a"],"entry":{"tool_name":"mcp_pdf_merge"},"policy":{"risk_level":"high","model_invocable":false}},
                   {"name":"split"}]})",
      "other");
  EXPECT_EQ(manifest.name, "PDF tools");
  EXPECT_EQ(manifest.slug, "pdf-tools");
  EXPECT_EQ(manifest.version, "1.0");
  EXPECT_EQ(manifest.runtimeType, "mcp");
  EXPECT_EQ(manifest.keywords, (std::vector<std::string>{"pdf", "合并"}));
  ASSERT_EQ(manifest.tools.size(), 2U);
  EXPECT_EQ(manifest.tools[0].parameters, R"({"a":{"type":"string","minLength":1}})");
  EXPECT_EQ(manifest.tools[0].required, R"(["a"])");
  EXPECT_EQ(manifest.riskLevelOf(manifest.tools[0]), "high");
  EXPECT_EQ(manifest.riskLevelOf(manifest.tools[1]), "medium");
  EXPECT_FALSE(manifest.isModelInvocable(manifest.tools[0]));
  EXPECT_TRUE(manifest.isModelInvocable(manifest.tools[1]));
}

TEST(Manifest, ToolsWinOverTheSkillInWhatModelsMayInvoke) {
  const auto manifest = manifestFromFrontMatter(
      R"({"policy":{"model_invocable":false},"tools":[{"name":"a"},{"name":"b","policy":{"model_invocable":true}}]})",
      "n");
  EXPECT_FALSE(manifest.isModelInvocable(manifest.tools[0]));
  EXPECT_TRUE(manifest.isModelInvocable(manifest.tools[1]));
  EXPECT_EQ(manifest.riskLevelOf(manifest.tools[0]), "low");
}

TEST(Manifest, OfTheDiskIsTheOneThatWasWritten) {
  const auto first = manifestFromFrontMatter(
      R"({"name":"n","slug":"Other One","tools":[{"name":"t","entry":{"command":"./run.sh"}}],"policy":{"risk_level":"high"}})",
      "f");
  EXPECT_EQ(first.slug, "other-one");
  const auto again = manifestFromDisk(manifestJson(first));
  EXPECT_EQ(manifestJson(again), manifestJson(first));
  EXPECT_EQ(again.tools.at(0).command, "./run.sh");
  EXPECT_EQ(again.riskLevelOf(again.tools.at(0)), "high");
}

TEST(Manifest, AnUnknownRuntimeTypeOfTheFrontMatterIsNative) {
  EXPECT_EQ(manifestFromFrontMatter(R"({"runtime_type":"wasm"})", "n").runtimeType, "native");
  EXPECT_EQ(manifestFromFrontMatter(R"({"runtime_type":7})", "n").runtimeType, "native");
  EXPECT_EQ(refusedRequest(R"({"name":"n","runtime_type":"wasm"})"), "skill_field_value manifest.runtime_type");
}

TEST(Manifest, OfARequestNeedsNameAndRuntimeType) {
  EXPECT_EQ(refusedRequest(R"({"runtime_type":"mcp"})"), "skill_field_missing manifest.name");
  EXPECT_EQ(refusedRequest(R"({"name":" ","runtime_type":"mcp"})"), "skill_field_missing manifest.name");
  EXPECT_EQ(refusedRequest(R"({"name":"n"})"), "skill_field_missing manifest.runtime_type");
  EXPECT_EQ(refusedRequest(R"({"name":"n","runtime_type":"a2a"})"), "");
}

TEST(Manifest, RefusesWhatIsOfAnotherTypeByItsField) {
  const auto with = [](const std::string& members) {
    return R"({"name":"n","runtime_type":"native",)" + members + "}";
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("description":[1])", "skill_field_type manifest.description"},
      {R"("version":{})", "skill_field_type manifest.version"},
      {R"("tools":"Read")", "skill_field_type manifest.tools"},
      {R"("tools":["Read"])", "skill_field_type manifest.tools[0]"},
      {R"("tools":[{}])", "skill_field_missing manifest.tools[0].name"},
      {R"("tools":[{"name":"a"},{"name":7}])", "skill_field_type manifest.tools[1].name"},
      {R"("tools":[{"name":"a"},{"name":"a"}])", "skill_field_twice manifest.tools[1].name"},
      {R"("tools":[{"name":"a","parameters":[]}])", "skill_field_type manifest.tools[0].parameters"},
      {R"("tools":[{"name":"a","required":{}}])", "skill_field_type manifest.tools[0].required"},
      {R"("tools":[{"name":"a","required":[1]}])", "skill_field_type manifest.tools[0].required[0]"},
      {R"("tools":[{"name":"a","entry":"x"}])", "skill_field_type manifest.tools[0].entry"},
      {R"("tools":[{"name":"a","entry":{"command":[]}}])", "skill_field_type manifest.tools[0].entry.command"},
      {R"("tools":[{"name":"a","policy":{"risk_level":"huge"}}])",
       "skill_field_value manifest.tools[0].policy.risk_level"},
      {R"("policy":{"model_invocable":"no"})", "skill_field_type manifest.policy.model_invocable"},
      {R"("activation":[])", "skill_field_type manifest.activation"},
      {R"("activation":{"keywords":"pdf"})", "skill_field_type manifest.activation.keywords"},
      {R"("activation":{"keywords":[1]})", "skill_field_type manifest.activation.keywords[0]"},
      {R"("security":"high")", "skill_field_type manifest.security"},
      {R"("description":"a\u0007b")", "skill_field_control manifest.description"},
      {R"("version":")" + std::string(65, '1') + "\"", "skill_field_too_long manifest.version"},
  };
  for (const auto& [members, expected] : cases) EXPECT_EQ(refusedRequest(with(members)), expected) << members;
}

TEST(Manifest, CountsCharactersNotBytes) {
  std::string chinese;
  for (int i = 0; i < 200; ++i) chinese += "技";
  EXPECT_EQ(refusedRequest(R"({"runtime_type":"native","name":")" + chinese + "\"}"), "");
  EXPECT_EQ(refusedRequest(R"({"runtime_type":"native","name":")" + chinese + "能\"}"),
            "skill_field_too_long manifest.name");
}

TEST(Manifest, RefusesDangerousCommandsWhateverTheRuntimeType) {
  for (const char* type : {"native", "mcp"}) {
    EXPECT_EQ(refusedRequest(std::string(R"({"name":"n","runtime_type":")") + type +
                             R"(","tools":[{"name":"a","entry":{"command":"RM  -RF /"}}]})"),
              "skill_command_blocked manifest.tools[0].entry.command");
  }
}

TEST(Manifest, RefusesOneThatIsTooLarge) {
  EXPECT_EQ(refusedRequest(R"({"name":"n","runtime_type":"native","x":")" + std::string(300000, 'x') + "\"}"),
            "skill_manifest_too_large ");
}

TEST(FallbackName, IsTheFirstHeadingElseTheLastSegment) {
  EXPECT_EQ(fallbackName("text\n## Two\n# One #\n", "local:/a/b"), "One");
  EXPECT_EQ(fallbackName("# 中文 技能\r\nrest", "x"), "中文 技能");
  EXPECT_EQ(fallbackName("```sh\n# not this\n```\n# This", "x"), "This");
  EXPECT_EQ(fallbackName("~~~\n# not this\n~~~\n# This", "x"), "This");
  EXPECT_EQ(fallbackName("~~~ sh\n```\n# not this\n```\n# nor this\n~~~\n# This", "x"), "This");
  EXPECT_EQ(fallbackName("```\n~~~\n# not this\n```\n# This", "x"), "This");
  EXPECT_EQ(fallbackName("~~~~\n~~~\n# not this\n~~~~~\n# This", "x"), "This") << "ended by as many, or more";
  EXPECT_EQ(fallbackName("~~~\r\n# not this\r\n~~~\r\n# This\r\n", "x"), "This");
  EXPECT_EQ(fallbackName("  ~~~\n# not this\n   ~~~  \n# This", "x"), "This");
  EXPECT_EQ(fallbackName("~~~\n~~~ sh\n# not this\n~~~\n# This", "x"), "This") << "nothing stands behind the end";
  EXPECT_EQ(fallbackName("~~~\n# not this", "a/b"), "b") << "a fence that is not closed goes on";
  EXPECT_EQ(fallbackName("~~ x\n# This", "x"), "This");
  EXPECT_EQ(fallbackName("    ~~~\n# This", "x"), "This") << "indented code is no fence";
  EXPECT_EQ(fallbackName("```a`b```\n# This", "x"), "This") << "code within a line";
  EXPECT_EQ(fallbackName("#nospace\n", "local:/srv/my-skill"), "my-skill");
  EXPECT_EQ(fallbackName("", "https://github.com/o/r/tree/main/skills/pdf/"), "pdf");
  EXPECT_EQ(fallbackName("# C#\n", "x"), "C#");
}

TEST(Slug, IsLowerCaseWithHyphens) {
  EXPECT_EQ(slugOf("My Cool_Skill! v2"), "my-cool-skill-v2");
  EXPECT_EQ(slugOf("--A--"), "a");
  EXPECT_EQ(slugOf(""), "skill");
  EXPECT_EQ(slugOf("技能a"), "a");
}

TEST(Slug, OfANameWithoutAsciiIsItsHash) {
  EXPECT_EQ(slugOf("技能"), "skill-53da139b");
  EXPECT_NE(slugOf("技能"), slugOf("技术"));
}

TEST(Slug, OfALongNameIsCutAndStaysUnique) {
  const std::string name(100, 'a');
  EXPECT_EQ(slugOf(name).size(), 64U);
  EXPECT_NE(slugOf(name + "b"), slugOf(name + "c"));
  EXPECT_EQ(slugOf(slugOf(name)), slugOf(name));
}

TEST(SkillId, IsTheSlugAndAHashOfTheSource) {
  // printf 'local:local:/srv/x' | sha1sum
  EXPECT_EQ(idOf("x", "local", "local:/srv/x"), "x--8f9481c9");
  EXPECT_TRUE(isSkillId(idOf(slugOf(std::string(300, 'z')), "github", "https://github.com/o/r/tree/m/p")));
}

TEST(SkillId, IsNothingThatLeadsElsewhere) {
  EXPECT_TRUE(isSkillId("a--01234567"));
  for (const char* text : {"", "a", "--01234567", "a--0123456", "a--0123456g", "A--01234567", "a-01234567",
                           "../a--01234567", "a/b--01234567", "a--01234567/", ".--01234567", "a--01234567\n"}) {
    EXPECT_FALSE(isSkillId(text)) << text;
  }
  EXPECT_FALSE(isSkillId(std::string(100, 'a') + "--01234567"));
}

}  // namespace
}  // namespace skills
