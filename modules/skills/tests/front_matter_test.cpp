#include "reading/front_matter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusals_testing.hpp"

namespace skills {
namespace {

std::string jsonOf(const std::string& matter) {
  const auto text = "---\n" + matter + "---\n# Body\n";
  const auto read = readFrontMatter(text);
  EXPECT_EQ(read.body, read.json ? "# Body\n" : text);
  EXPECT_EQ(read.complaint.empty(), read.json.has_value()) << read.complaint;
  return read.json.value_or("not yaml: " + read.complaint);
}

struct Vector {
  const char *matter, *json;
};

void expectAll(const std::vector<Vector>& vectors) {
  for (const auto& [matter, json] : vectors) EXPECT_EQ(jsonOf(matter), json) << matter;
}

TEST(FrontMatter, OfTheShapesThatSkillsHave) {
  expectAll({
      {"name: pdf\ndescription: Fill in forms. Use it when a PDF comes up.\nlicense: Proprietary. LICENSE.txt has it\n",
       R"j({"name":"pdf","description":"Fill in forms. Use it when a PDF comes up.","license":"Proprietary. LICENSE.txt has it"})j"},
      {"name: git-helper\nallowed-tools: Read, Grep, Bash(git:*)\n",
       R"j({"name":"git-helper","allowed-tools":"Read, Grep, Bash(git:*)"})j"},
      {"allowed-tools:\n  - Read\n  - Bash(git log:*)\n", R"j({"allowed-tools":["Read","Bash(git log:*)"]})j"},
      {"allowed-tools:\n- Read\n- Write\nname: x\n", R"j({"allowed-tools":["Read","Write"],"name":"x"})j"},
      {"allowed-tools: [Read, Write , 'Bash(git: *)']\n", R"j({"allowed-tools":["Read","Write","Bash(git: *)"]})j"},
      {"allowed-tools: [\n  Read,\n  Write, # both\n]\n", R"j({"allowed-tools":["Read","Write"]})j"},
      {"metadata:\n  author: ada\n  version: \"1.0\"\n  tags: {lang: en, stable: true}\n",
       R"j({"metadata":{"author":"ada","version":"1.0","tags":{"lang":"en","stable":true}}})j"},
      {"name: 天气查询\ndescription: 查询任意城市的天气：今天、明天\n",
       R"j({"name":"天气查询","description":"查询任意城市的天气：今天、明天"})j"},
      {"description: >\n  Folded over\n  two lines.\n\n  A second paragraph.\nname: x\n",
       R"j({"description":"Folded over two lines.\nA second paragraph.\n","name":"x"})j"},
      {"description: >-\n  Folded\n  text\n    kept as it is\n  again\n",
       R"j({"description":"Folded text\n  kept as it is\nagain"})j"},
      {"description: |\n  Literal\n\n    indented\n  # no comment\nname: x\n",
       R"j({"description":"Literal\n\n  indented\n# no comment\n","name":"x"})j"},
      {"a: |+\n  text\n\nb: |-\n  text\n\nc: |2\n   text\n", R"j({"a":"text\n\n","b":"text","c":" text\n"})j"},
      {"description: Plain text that goes\n  on here\n\n  and here\nname: x\n",
       R"j({"description":"Plain text that goes on here\nand here","name":"x"})j"},
      {"description: \"Use this: always # really\"\nshort: 'it''s: \"so\"'\n",
       R"j({"description":"Use this: always # really","short":"it's: \"so\""})j"},
      {"a: \"one\n  two\n\n  three \\\n  four\"\nb: 'x\n  y'\n", R"j({"a":"one two\nthree four","b":"x y"})j"},
      {"a: \"\\u4e2d\\x41\\U0001F600\\uD83D\\uDE00\\t\\\\ \\/\"\n", "{\"a\":\"中A😀😀\\t\\\\ /\"}"},
      {"# a comment\n\nname: x # another\n  # a third\nurl: http://example.com/#top\n",
       R"j({"name":"x","url":"http://example.com/#top"})j"},
      {"tools:\n  - name: run\n    description: Runs it\n    parameters:\n      city: {type: string}\n    required: "
       "[city]\n"
       "    entry:\n      command: python3 scripts/run.py\n  -\n    name: other\n  - - nested\n    - list\n",
       R"j({"tools":[{"name":"run","description":"Runs it","parameters":{"city":{"type":"string"}},"required":["city"],)j"
       R"j("entry":{"command":"python3 scripts/run.py"}},{"name":"other"},["nested","list"]]})j"},
      {"policy: {risk_level: high, model_invocable: false}\nsecurity: {}\ntools: []\n",
       R"j({"policy":{"risk_level":"high","model_invocable":false},"security":{},"tools":[]})j"},
      {"\"quoted key\": 1\n'single': 2\nkey with spaces : 3\n", R"j({"quoted key":1,"single":2,"key with spaces":3})j"},
      {"", "{}"},
      {"# only a comment\n\n", "{}"},
      {"name:\ndescription: \n", R"j({"name":null,"description":null})j"},
      {"{name: x, tools: []} # all\n", R"j({"name":"x","tools":[]})j"},
  });
}

TEST(FrontMatter, KeepsWhatYaml11WouldTakeForABoolean) {
  expectAll({{"mode: off\na: no\nb: yes\nc: on\nd: y\n", R"j({"mode":"off","a":"no","b":"yes","c":"on","d":"y"})j"},
             {"a: true\nb: False\nc: TRUE\nd: tRue\n", R"j({"a":true,"b":false,"c":true,"d":"tRue"})j"},
             {"a: null\nb: ~\nc: Null\nd: nil\n", R"j({"a":null,"b":null,"c":null,"d":"nil"})j"},
             {"a: 12\nb: -7\nc: +3\nd: 007\ne: 0x1F\nf: 0o17\ng: 1_000\n",
              R"j({"a":12,"b":-7,"c":3,"d":7,"e":31,"f":15,"g":"1_000"})j"},
             {"a: 1.10\nb: .5\nc: 2.\nd: 1e3\ne: -1.5E-2\nf: 1.2.3\n",
              R"j({"a":1.10,"b":0.5,"c":2,"d":1e3,"e":-1.5e-2,"f":"1.2.3"})j"},
             {"a: 0e1035\nb: 1e200\nc: 1e-201\n", R"j({"a":"0e1035","b":1e200,"c":"1e-201"})j"},
             {"a: .inf\nb: .nan\nc: 99999999999999999999\nd: 1e999\ne: 0x\nf: '12'\ng: \"true\"\n",
              R"j({"a":".inf","b":".nan","c":"99999999999999999999","d":"1e999","e":"0x","f":"12","g":"true"})j"}});
}

TEST(FrontMatter, IsFoundBetweenItsFences) {
  const auto bom = readFrontMatter("\xEF\xBB\xBF---\nname: x\n---\nbody");
  EXPECT_EQ(bom.json, R"j({"name":"x"})j");
  EXPECT_EQ(bom.body, "body");
  const auto windows = readFrontMatter("---\r\nname: x\r\ntext: |\r\n  a\r\n  b\r\n---\r\nbody\r\n");
  EXPECT_EQ(windows.json, R"j({"name":"x","text":"a\nb\n"})j");
  EXPECT_EQ(windows.body, "body\r\n");
  const auto rule = readFrontMatter("---\nname: x\n---  \nbody\n---\nmore");
  EXPECT_EQ(rule.json, R"j({"name":"x"})j");
  EXPECT_EQ(rule.body, "body\n---\nmore");
  EXPECT_EQ(readFrontMatter("---\nname: x\n---").body, "");
  for (const auto* none :
       {"", "# Title\n---\nname: x\n---\n", "----\nname: x\n----\n", " ---\nname: x\n---\n", "--- # x\n---\n"}) {
    const auto read = readFrontMatter(none);
    EXPECT_FALSE(read.json) << none;
    EXPECT_EQ(read.body, none);
    EXPECT_EQ(read.complaint, "");
  }
  const auto open = readFrontMatter("---\nname: x\n");
  EXPECT_FALSE(open.json);
  EXPECT_EQ(open.body, "---\nname: x\n");
  EXPECT_EQ(open.complaint, "the first line is ---, but no other line is");
}

TEST(FrontMatter, ThatIsNotYamlIsNoneAndSaysWhere) {
  const std::pair<const char*, const char*> rows[] = {
      {"just text\n", "line 2"},
      {"- a\n- b\n", "line 2"},
      {"name: x\ndescription: Use when: asked\n", "line 3"},
      {"name: x\n\tkey: y\n", "line 3"},
      {"a:\n\tb: 1\n", "line 3"},
      {"a: b\n  c: d\n", "line 3"},
      {"a:\n    b: 1\n  c: 2\n", "line 4"},
      {"a:\n  b: 1\n c: 2\n", "line 4"},
      {"a: \"open\nb: 1\n", "line 3"},
      {"a: [1, 2\nb: 1\n", "line 3"},
      {"a: [1, 2}\n", "line 2"},
      {"a: [b: c]\n", "line 2"},
      {"a: {b: c: d}\n", "line 2"},
      {"a: [1,,2]\n", "line 2"},
      {"a: 'x' y\n", "line 2"},
      {"a: \"\\q\"\n", "line 2"},
      {"a: \"\\u12\"\n", "line 2"},
      {"a: \"\\uD800\"\n", "line 2"},
      {"a: @x\n", "line 2"},
      {"a: `x`\n", "line 2"},
      {"a: %x\n", "line 2"},
      {"? a\n: b\n", "line 2"},
      {"a: - b\n", "line 2"},
      {": b\n", "line 2"},
      {"a: |x\n  t\n", "line 2"},
      {"a: |\n    \n  t\n", "line 4"},
      {"%YAML 1.2\n", "line 2"},
      {"a: 1\n...\n", "line 3"},
      {"a: \xFF\n", "line 2"},
  };
  for (const auto& [matter, where] : rows) {
    EXPECT_THAT(jsonOf(matter), testing::StartsWith(std::string("not yaml: ") + where)) << matter;
  }
}

TEST(FrontMatter, RefusesOnPurposeWithLineAndRule) {
  std::string deep = "a: ", many = "a: [";
  for (int i = 0; i < 12; ++i) deep += '[';
  for (int i = 0; i < 12; ++i) deep += ']';
  for (int i = 0; i < 1000; ++i) many += "1,";
  std::string dashes = "a:\n  ";
  for (int i = 0; i < 5000; ++i) dashes += "- ";
  struct Row {
    std::string matter;
    const char *code, *line;
  };
  for (const auto& row :
       {Row{"a: &x 1\n", "skill_front_matter_anchor", "2"}, Row{"b: 1\na: *x\n", "skill_front_matter_alias", "3"},
        Row{"a: !!python/object x\n", "skill_front_matter_tag", "2"},
        Row{"a: [1, !t 2]\n", "skill_front_matter_tag", "2"}, Row{"&x a: 1\n", "skill_front_matter_anchor", "2"},
        Row{"a:\n  - *x\n", "skill_front_matter_alias", "3"}, Row{"a: {<<: {b: 1}}\n", "skill_front_matter_merge", "2"},
        Row{"<<: 1\n", "skill_front_matter_merge", "2"},
        Row{"a: 1\n\nb: 2\na: 3\n", "skill_front_matter_key_twice", "5"},
        Row{"a: {b: 1, \"b\": 2}\n", "skill_front_matter_key_twice", "2"},
        Row{deep + "\n", "skill_front_matter_levels", "2"}, Row{dashes + "x\n", "skill_front_matter_levels", "3"},
        Row{many + "]\n", "skill_front_matter_values", "2"}, Row{"a: x\x01y\n", "skill_front_matter_control", "2"},
        Row{"a: 1\r\nb: \x7f\r\n", "skill_front_matter_control", "3"},
        Row{"a: \"\\0\"\n", "skill_front_matter_control", "2"},
        Row{"a: \"\\x1b[2J\"\n", "skill_front_matter_control", "2"}}) {
    const auto refused = refusalOf([&] { return readFrontMatter("---\n" + row.matter + "---\n").json; });
    EXPECT_EQ(refused.code, row.code) << row.matter;
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.params.count("line") == 1 ? refused.params.at("line") : "", row.line) << row.matter;
  }
  const auto longest = "a: " + std::string((16 << 10) - 4, 'x') + "\n";
  EXPECT_TRUE(readFrontMatter("---\n" + longest + "---\n").json);
  EXPECT_EQ(refusalOf([&] { return readFrontMatter("---\nb" + longest + "---\n").json; }).code,
            "skill_front_matter_too_long");
}

}  // namespace
}  // namespace skills
