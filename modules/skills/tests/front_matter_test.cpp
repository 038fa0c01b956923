#include "reading/front_matter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusals_testing.hpp"

namespace skills {
namespace {

std::string jsonOf(const std::string& matter) {
  const auto text = "---\n" + matter + "---\n# Body\n";
  const auto read = readFrontMatter(text);
  EXPECT_EQ(read.body, "# Body\n");
  EXPECT_TRUE(read.json);
  return read.fault ? "not yaml: " + read.fault->text() : *read.json;
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
    EXPECT_FALSE(read.fault) << none;
  }
}

TEST(FrontMatter, ThatIsNotYamlSaysWhereAndWhy) {
  const std::pair<const char*, const char*> rows[] = {
      {"just text\n", "line 2, column 1: it is no mapping"},
      {"- a\n- b\n", "line 2, column 1: it is no mapping"},
      {"name: x\ndescription: Use when: asked\n", "line 3, column 22: a colon and a space in a plain text"},
      {"description: Plans trips. Best for: long ones\n", "line 2, column 35: a colon and a space"},
      {"description: 规划行程: 长途\n", "line 2, column 18: a colon and a space"},
      {"name: x\n\tkey: y\n", "line 3, column 1: "},
      {"a:\n\tb: 1\n", "line 3, column 1: "},
      {"a: b\n  c: d\n", "line 3, column 4: "},
      {"a:\n    b: 1\n  c: 2\n", "line 4, column 3: "},
      {"a:\n  b: 1\n c: 2\n", "line 4, column 2: "},
      {"a: \"open\nb: 1\n", "line 3"},
      {"a: [1, 2\nb: 1\n", "line 3"},
      {"a: [1, 2}\n", "line 2, column 9: expected , or ]"},
      {"a: [b: c]\n", "line 2, column 6: a key inside [ ]"},
      {"a: {b: c: d}\n", "line 2, column 9: "},
      {"a: [1,,2]\n", "line 2, column 7: "},
      {"a: 'x' y\n", "line 2, column 8: something follows"},
      {"a: \"\\q\"\n", "line 2, column 5: an unknown escape"},
      {"a: \"\\u12\"\n", "line 2, column 5: "},
      {"a: \"\\uD800\"\n", "line 2, column 5: "},
      {"a: @x\n", "line 2, column 4: a plain text can't begin with @"},
      {"a: `x`\n", "line 2, column 4: "},
      {"a: %x\n", "line 2, column 4: "},
      {"? a\n: b\n", "line 2, column 1: "},
      {"a: - b\n", "line 2, column 4: "},
      {": b\n", "line 2, column 1: "},
      {"a: |x\n  t\n", "line 2, column 5: "},
      {"a: |\n    \n  t\n", "line 4, column 3: "},
      {"%YAML 1.2\n", "line 2, column 1: "},
      {"a: 1\n...\n", "line 3, column 1: "},
      {"a: \xFF\n", "line 2"},
  };
  for (const auto& [matter, where] : rows) {
    EXPECT_THAT(jsonOf(matter), testing::StartsWith(std::string("not yaml: ") + where)) << matter;
  }
}

// What a head without YAML still says: one in nine public skills has an unquoted colon in its description.
TEST(FrontMatter, ThatIsNotYamlIsReadLineByLine) {
  const Vector rows[] = {
      {"description: Plans trips. Best for: long ones\n", R"j({"description":"Plans trips. Best for: long ones"})j"},
      {"name: trips\ndescription: Use when: asked\nversion: 1.10\n",
       R"j({"name":"trips","description":"Use when: asked","version":1.10})j"},
      {"name: \"trips\"\ndescription: 'Plans: it''s good'\nlicense: see: LICENSE\n",
       R"j({"name":"trips","description":"Plans: it's good"})j"},
      {"name: x\ndescription: >\n  Folded\n  text\nlicense: a: b\n", R"j({"name":"x","description":"Folded text\n"})j"},
      {"name: x\ndescription: Plans: trips\n  of all kinds: far\n\n  and near\nversion: 2\n",
       R"j({"name":"x","description":"Plans: trips of all kinds: far and near","version":2})j"},
      {"name : x\nnames: y\nNAME: z\n name: w\nname:v\nmetadata: a: b\n", R"j({"name":"x"})j"},
      {"license: a: b\nname: first\nname: second\n", R"j({"name":"first"})j"},
      {"description: a: b\nname: &anchor x\n", R"j({"description":"a: b","name":"&anchor x"})j"},
      {"name: \"open\ndescription: a\n", R"j({"name":"\"open","description":"a"})j"},
      {"name:\ndescription:\nlicense: a: b\n", R"j({"name":null,"description":null})j"},
      {"name: x\n\tindented: y\nversion: 1\n  2\n", R"j({"name":"x","version":1})j"},
      {"- name: x\n", "{}"},
      {"just text\n", "{}"},
      {"name: \xFF\nversion: 3\n", R"j({"version":3})j"},
  };
  for (const auto& [matter, json] : rows) {
    const auto text = "---\n" + std::string(matter) + "---\n# Body\n";
    const auto read = readFrontMatter(text);
    ASSERT_TRUE(read.fault) << matter;
    EXPECT_EQ(read.json, json) << matter;
    EXPECT_EQ(read.body, "# Body\n");
    EXPECT_FALSE(read.fault->losesRules) << matter;
  }
  for (const auto* open : {"---\nname: x\n\n# Body\nversion: 7\n", "---\r\nname: x\r\n", "---\nname: x"}) {
    const auto read = readFrontMatter(open);
    ASSERT_TRUE(read.fault) << open;
    EXPECT_EQ(read.json, R"j({"name":"x"})j") << open;
    EXPECT_EQ(read.body, open);
    EXPECT_EQ(read.fault->text(), "line 1, column 1: the first line is ---, but no later line is");
    EXPECT_FALSE(read.fault->losesRules) << open;
  }
}

TEST(FrontMatter, ThatIsNotYamlAndMentionsRulesWouldLoseThem) {
  const auto loses = [](const std::string& matter) {
    const auto read = readFrontMatter("---\ndescription: a: b\n" + matter + "---\n# Body\n");
    EXPECT_TRUE(read.fault) << matter;
    return read.fault && read.fault->losesRules;
  };
  for (const auto* matter :
       {"tools: []\n", "tools:\n  - name: run\n", "policy: {risk_level: high}\n", "security:\n", "activation: {}\n",
        "runtime_type: mcp\n", "  tools: []\n", "\ttools: []\n", "\"tools\": []\n", "'policy' : x\n", "- tools: x\n",
        "? tools\n", "{name: x, tools: [a]}\n", "{ \"policy\":{}}\n", "a: {tools\n  : x}\n", "tools :\n",
        "x: [policy: y]\n"})
    EXPECT_TRUE(loses(matter)) << matter;
  for (const auto* matter :
       {"allowed-tools: Read\n", "my_tools: x\n", "x: use the tools: hammer\n", "toolset: x\n", "policy\n",
        "x: security, and policy\n", "x: a-tools: b\n", "# tools\n", "Tools: x\n", "tools2: x\n", ""})
    EXPECT_FALSE(loses(matter)) << matter;
  EXPECT_TRUE(readFrontMatter("---\nname: x\n\ntools: []\n# Body").fault->losesRules) << "where it ends nobody knows";
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
