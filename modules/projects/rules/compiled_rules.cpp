#include "rules/compiled_rules.hpp"

#include <mortise/characters.hpp>
#include <mortise/digest.hpp>
#include <mortise/names.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "knowledge/context_document.hpp"
#include "knowledge/parsed_json.hpp"

namespace projects {
namespace {

constexpr std::size_t kBytesOfToken = 4;
constexpr std::size_t kShownHash = 16;  // digits of it in the mark
constexpr std::string_view kCursor = "cursor";

std::size_t bytesOf(std::int64_t tokens) {
  return static_cast<std::size_t>(std::max<std::int64_t>(tokens, 0)) * kBytesOfToken;
}

// The text without comments; one that does not end reaches to the end.
std::string withoutComments(std::string_view text) {
  constexpr std::string_view kOpen = "<!--", kClose = "-->";
  std::string out;
  while (!text.empty()) {
    const auto open = text.find(kOpen);
    out.append(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto close = text.find(kClose, open + kOpen.size());
    if (close == std::string_view::npos) break;
    text.remove_prefix(close + kClose.size());
  }
  return std::string(mortise::withoutSpaceAround(out));
}

// Its first lines, as many as have at most `room` bytes.
std::string_view wholeLines(std::string_view text, std::size_t room) {
  if (text.size() <= room) return text;
  const auto end = text.substr(0, room + 1).rfind('\n');
  return end == std::string_view::npos ? std::string_view() : mortise::withoutSpaceAround(text.substr(0, end));
}

std::string lineOf(const RulesFact& fact) {
  return "- " + factText(fact.content) + " _(" + std::string(mortise::detail::nameOf(fact.type)) + ")_\n";
}

// What only this tool is told.
std::string extraOf(const rapidjson::Document* overrides, std::string_view tool) {
  if (overrides == nullptr || !overrides->IsObject()) return {};
  const auto own = overrides->FindMember(rapidjson::Value(tool.data(), static_cast<rapidjson::SizeType>(tool.size())));
  if (own == overrides->MemberEnd() || !own->value.IsObject()) return {};
  const auto extra = own->value.FindMember("extra");
  if (extra == own->value.MemberEnd() || !extra->value.IsString()) return {};
  return std::string(
      mortise::withoutSpaceAround({extra->value.GetString(), std::size_t{extra->value.GetStringLength()}}));
}

std::string bodyOf(const ProjectRules& rules, const RulesSources& sources, std::string_view tool,
                   std::string_view extra) {
  std::string body;
  const auto part = [&](std::string_view heading) {
    if (!body.empty()) body += '\n';
    body.append("## ").append(heading).append("\n\n");
  };
  if (const auto text = mortise::withoutSpaceAround(rules.staticRules); !text.empty()) {
    part("Rules of the project");
    body.append(text).append("\n");
  }
  if (!extra.empty()) {
    part("Rules for " + std::string(tool));
    body.append(extra).append("\n");
  }
  if (!sources.facts.empty()) {
    part("What the project knows");
    for (const auto& fact : sources.facts) body.append(lineOf(fact));
  }
  if (!sources.sections.empty()) {
    part("Context of the project");
    bool isFirst = true;
    for (const auto& section : sources.sections) {
      body.append(isFirst ? "### " : "\n### ")
          .append(section.title)
          .append("\n\n")
          .append(section.content)
          .append("\n");
      isFirst = false;
    }
  }
  return body;
}

}  // namespace

const std::vector<RulesTool>& rulesTools() {
  static const std::vector<RulesTool> tools = {{"claude-code", "CLAUDE.md"},
                                               {"codex", "codex.md"},
                                               {kCursor, ".cursorrules"},
                                               {"copilot", ".github/copilot-instructions.md"},
                                               {"gemini", "GEMINI.md"}};
  return tools;
}

bool isRulesTool(std::string_view name) {
  const auto& tools = rulesTools();
  return std::any_of(tools.begin(), tools.end(), [&](const RulesTool& tool) { return tool.name == name; });
}

RulesSources withinBudgets(const ProjectRules& rules, const std::vector<RulesFact>& facts,
                           const std::vector<RulesSection>& sections) {
  RulesSources out;
  if (rules.includeKnowledge) {
    auto room = bytesOf(rules.knowledgeMaxTokens);
    for (const auto& fact : facts) {
      const auto size = lineOf(fact).size();
      if (size > room) continue;
      room -= size;
      out.facts.push_back(fact);
    }
  }
  if (!rules.includeContext) return out;
  auto room = bytesOf(rules.contextMaxTokens);
  for (const auto& name : rules.contextSections) {
    const auto slug = sectionSlug(name);
    const auto section =
        std::find_if(sections.begin(), sections.end(), [&](const RulesSection& one) { return one.slug == slug; });
    if (section == sections.end()) continue;
    const auto text = withoutComments(section->content);
    const auto lines = wholeLines(text, room);
    if (lines.empty()) continue;
    room -= lines.size();
    out.sections.push_back({section->slug, section->title, std::string(lines)});
  }
  return out;
}

std::vector<CompiledOutput> compiledRules(const ProjectRules& rules, const RulesSources& sources,
                                          const std::vector<std::string>& tools) {
  const auto overrides = parsedJson(rules.toolOverrides);
  std::vector<CompiledOutput> out;
  for (const auto& name : tools) {
    const auto& all = rulesTools();
    const auto tool = std::find_if(all.begin(), all.end(), [&](const RulesTool& one) { return one.name == name; });
    const auto isSame = [&](const CompiledOutput& one) { return one.tool == name; };
    if (tool == all.end() || std::any_of(out.begin(), out.end(), isSame)) continue;
    CompiledOutput output;
    output.tool = tool->name;
    output.filename = tool->filename;
    output.body = bodyOf(rules, sources, tool->name, extraOf(overrides ? &*overrides : nullptr, tool->name));
    output.hash = mortise::sha256Hex(output.body);
    out.push_back(std::move(output));
  }
  return out;
}

void setVersion(std::vector<CompiledOutput>& outputs, std::int64_t version) {
  for (auto& output : outputs) {
    // Clients look for this in the first 512 bytes, and leave files without it alone.
    const auto mark =
        "sessionfs-managed: version=" + std::to_string(version) + " hash=" + output.hash.substr(0, kShownHash);
    constexpr std::string_view kHint =
        "Made of the project's rules; what is changed here by hand is lost when they are compiled again.";
    if (output.tool == kCursor) {
      output.content = "# " + mark + "\n# ";
      output.content.append(kHint).append("\n\n");
    } else {
      output.content = "<!--\n" + mark + "\n";
      output.content.append(kHint).append("\n-->\n\n");
    }
    output.content.append(output.body);
    output.tokenCount =
        static_cast<std::int64_t>((mortise::characterCount(output.content) + kBytesOfToken - 1) / kBytesOfToken);
  }
}

std::string aggregateHash(const std::vector<CompiledOutput>& outputs) {
  std::vector<std::string> lines;
  for (const auto& output : outputs) lines.push_back(output.tool + ":" + output.hash + "\n");
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const auto& line : lines) all.append(line);
  return mortise::sha256Hex(all);
}

}  // namespace projects
