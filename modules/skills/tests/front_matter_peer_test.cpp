// The front matter reader beside yaml-cpp, which the build has anyway: the same JSON for documents inside the subset.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>
#include <mortise/json.hpp>

#include <random>
#include <regex>
#include <string>
#include <vector>

#include "reading/front_matter.hpp"

namespace skills {
namespace {

// yaml-cpp leaves the meaning of plain scalars to its callers; this is the core schema once more, as YAML 1.2 writes
// it.
std::string scalarJson(const YAML::Node& node) {
  const auto text = node.Scalar();
  if (node.Tag() == "!") return mortise::json::quoted(text);  // quoted, or a block
  if (std::regex_match(text, std::regex("null|Null|NULL|~|"))) return "null";
  if (std::regex_match(text, std::regex("true|True|TRUE"))) return "true";
  if (std::regex_match(text, std::regex("false|False|FALSE"))) return "false";
  if (std::regex_match(text, std::regex("[-+]?[0-9]+"))) return std::to_string(std::stoll(text));
  if (std::regex_match(text, std::regex("[-+]?[0-9]+\\.[0-9]+"))) return text[0] == '+' ? text.substr(1) : text;
  return mortise::json::quoted(text);
}

std::string json(const YAML::Node& node) {
  std::string out;
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalarJson(node);
    case YAML::NodeType::Sequence:
      for (const auto& item : node) out += (out.empty() ? "" : ",") + json(item);
      return "[" + out + "]";
    case YAML::NodeType::Map:
      for (const auto& item : node) {
        out += (out.empty() ? "" : ",") + mortise::json::quoted(item.first.Scalar()) + ":" + json(item.second);
      }
      return "{" + out + "}";
    default:
      return "null";
  }
}

void expectSame(const std::string& matter) {
  const auto text = "---\n" + matter + "---\n";
  const auto ours = readFrontMatter(text);
  ASSERT_FALSE(ours.fault) << ours.fault->text() << "\n" << matter;
  ASSERT_TRUE(ours.json) << matter;
  std::string theirs;
  try {
    theirs = json(YAML::Load(matter));
  } catch (const YAML::Exception& error) {
    FAIL() << "yaml-cpp: " << error.what() << "\n" << matter;
  }
  EXPECT_EQ(*ours.json, theirs) << matter;
}

// Writes random documents of the subset, each value in one of the ways that YAML has for it.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  std::string document() {
    std::string out;
    mapping(out, 0, 1);
    return out;
  }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  std::string word() {
    static const std::vector<std::string> kWords{
        "skill", "Bash(git:*)", "http://a/b#c", "天气",       "off", "true", "12",     "-3",
        "1.50",  "~",           "null",         "a-b",        "x:y", "no",   "v1.2.3", "it's",
        "-dash", "?what",       "99%",          "say \"hi\"", "é",   "a#b",  "0.5"};
    return kWords[pick(kWords.size())];
  }
  std::string plainText() {
    std::string text = word();
    for (auto more = pick(4); more > 0; --more) text += " " + word();
    return text;
  }
  std::string quotedText() {
    const std::string inner = "a: b # c, [d] {e} &f *g " + std::to_string(pick(100));
    if (pick(2) == 0) return "'" + inner + " it''s'";
    return "\"" + inner + " \\\"q\\\" \\n \\u4e2d\\x41\"";
  }
  std::string flow(int level) {
    const auto kind = pick(level > 2 ? 2 : 4);
    if (kind == 0) return quotedText();
    if (kind == 1) return "f" + std::to_string(pick(100)) + " w";
    std::string out;
    for (std::size_t i = pick(4); i > 0; --i) {
      out += out.empty() ? "" : pick(2) == 0 ? ", " : ",\n       ";
      if (kind == 2) out += "k" + std::to_string(i) + ": ";
      out += flow(level + 1);
    }
    return kind == 2 ? "{" + out + "}" : "[" + out + "]";
  }
  std::string comment() { return pick(5) == 0 ? " # a comment: with [marks]" : ""; }

  void block(std::string& out, int indent) {
    // Not ">+": there yaml-cpp 0.7 drops one of the line breaks at the end, which YAML 1.2 (8.1.1.2) keeps.
    out += std::vector<std::string>{"|", "|-", "|+", ">", ">-"}[pick(5)] + "\n";
    const std::string space(static_cast<std::size_t>(indent) + 1 + pick(3), ' ');
    out += space + "first " + word() + "\n";
    for (auto lines = pick(5); lines > 0; --lines) {
      const auto kind = pick(4);
      if (kind == 0) out += "\n";
      if (kind == 1) out += space + "  more " + word() + "\n";
      if (kind > 1) out += space + "# text " + plainText() + "\n";
    }
  }

  // Behind "key:" or "-", of what stands in column `indent`.
  void value(std::string& out, int indent, int level) {
    const std::string deeper(static_cast<std::size_t>(indent) + 1 + pick(3), ' ');
    switch (pick(level > 5 ? 6 : 9)) {
      case 0:
        out += " " + quotedText() + comment() + "\n";
        return;
      case 1:
        out += " " + flow(0) + comment() + "\n";
        return;
      case 2:
        out += " ";
        block(out, indent);
        return;
      case 3:
        out += comment() + "\n";
        return;
      case 4:
        out += " " + plainText() + "\n" + deeper + "goes on " + word() + "\n" +
               (pick(2) == 0 ? "\n" + deeper + "and on\n" : "");
        return;
      case 5:
        out += " " + plainText() + comment() + "\n";
        return;
      case 6:
        out += comment() + "\n";
        mapping(out, static_cast<int>(deeper.size()), level + 1);
        return;
      default:
        out += comment() + "\n";
        sequence(out, static_cast<int>(deeper.size()), level + 1);
    }
  }

  void mapping(std::string& out, int indent, int level, bool firstIndented = true) {
    const std::string space(static_cast<std::size_t>(indent), ' ');
    const auto count = 1 + pick(4);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 || firstIndented) out += space;
      const auto name = "key" + std::to_string(i);
      out += (pick(6) == 0 ? "\"" + name + "\"" : name) + ":";
      value(out, indent, level);
      if (pick(8) == 0) out += "\n";
    }
  }

  void sequence(std::string& out, int indent, int level) {
    const std::string space(static_cast<std::size_t>(indent), ' ');
    for (auto count = 1 + pick(3); count > 0; --count) {
      out += space + "-";
      if (level <= 5 && pick(4) == 0) {
        out += " ";
        mapping(out, indent + 2, level + 1, false);
      } else {
        value(out, indent, level);
      }
    }
  }

  std::mt19937 random_;
};

TEST(FrontMatterBesideYamlCpp, IsTheSameForWrittenDocuments) {
  for (const auto* matter :
       {"name: pdf\ndescription: >\n  Folded\n  over\n\n  lines\n", "a:\n- 1\n- - 2\n  - 3\n- b: 4\n  c: 5\nd: 6\n",
        "a: |\n  x\n\n\nb: |+\n  x\n\n\nc: |-\n  x\n", "a: >\n  x\n   y\n  z\n\n  w\n", "a: \"x\n\n  y\\\n  z\"\n",
        "a: {b: [1, {c: d}], e: }\n", "a: 'x'\n", "a:   b   # c\n", "\n\n# c\na: b\n\n", "a: [ ]\nb: { }\n",
        "a: b#c\n"}) {
    expectSame(matter);
  }
}

TEST(FrontMatterBesideYamlCpp, IsTheSameForSixHundredMadeDocuments) {
  int same = 0;
  for (unsigned seed = 0; seed < 600 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    auto matter = Writer(seed).document();
    if (matter.size() > 15000) continue;
    expectSame(matter);
    ++same;
  }
  EXPECT_GT(same, 500);
}

}  // namespace
}  // namespace skills
