#include "tickets/ticket_context.hpp"

#include <mortise/characters.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace projects {
namespace {

constexpr std::size_t kComments = 10;
constexpr std::size_t kChildren = 50;
constexpr std::size_t kClaims = 100;
constexpr std::size_t kCharactersOfToken = 4;
constexpr std::size_t kDefaultTokens = 8000;
constexpr std::string_view kCut = "\n\n[The rest does not fit.]";

struct ToolTokens {
  std::string_view tool;
  std::size_t tokens;
};
constexpr std::array kTools = {
    ToolTokens{"claude-code", 16000}, ToolTokens{"bedrock", 16000}, ToolTokens{"cursor", 4000},
    ToolTokens{"windsurf", 4000},     ToolTokens{"cline", 4000},    ToolTokens{"roo-code", 4000},
};

void line(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) out.append(part);
  out.push_back('\n');
}

void heading(std::string& out, std::string_view text) { line(out, {"\n## ", text}); }

// The numbers of entries among the references of a ticket.
std::vector<std::int64_t> entriesOf(const std::vector<std::string>& references) {
  std::vector<std::int64_t> out;
  for (const auto& reference : references) {
    std::int64_t number = 0;
    const auto* end = reference.data() + reference.size();
    const auto [at, error] = std::from_chars(reference.data(), end, number);
    if (error == std::errc() && at == end && number > 0 && out.size() < kClaims) out.push_back(number);
  }
  return out;
}

void relatives(std::string& out, const TicketBriefing& briefing) {
  if (briefing.parent)
    line(out, {"**Parent:** ", briefing.parent->id, " ", briefing.parent->title, " (",
               mortise::detail::nameOf(briefing.parent->status), ")"});
  if (briefing.children.empty()) return;
  heading(out, "Tasks (" + std::to_string(briefing.childCount) + ")");
  for (const auto& child : briefing.children)
    line(out, {"- ", child.id, " ", child.title, " (", mortise::detail::nameOf(child.status), ")"});
}

}  // namespace

TicketBriefing TicketBriefings::of(const Ticket& ticket) const {
  TicketBriefing out;
  out.ticket = ticket;
  if (ticket.parentTicketId) out.parent = tickets_.find(ticket.projectId, *ticket.parentTicketId);
  if (ticket.kind == TicketKind::issue) {
    std::vector<Ticket> self = {ticket};
    tickets_.fillChildren(self);
    auto ids = std::move(self.front().childTicketIds);
    out.childCount = ids.size();
    if (ids.size() > kChildren) ids.resize(kChildren);
    out.children = tickets_.findAll(ticket.projectId, ids);
    std::sort(out.children.begin(), out.children.end(), [](const Ticket& a, const Ticket& b) {
      return std::tie(a.createdAt, a.id) < std::tie(b.createdAt, b.id);
    });
  }
  for (auto& dependency : tickets_.findAll(ticket.projectId, ticket.dependsOn)) {
    if (dependency.status == TicketStatus::done && dependency.completionNotes)
      out.doneDependencies.push_back(std::move(dependency));
  }
  if (const auto entries = entriesOf(ticket.contextRefs); !entries.empty())
    out.claims = entries_.liveClaims(ticket.projectId, entries);
  out.comments = tickets_.newestComments(ticket.id, kComments);
  std::reverse(out.comments.begin(), out.comments.end());
  return out;
}

std::string personaText(const Persona& persona) {
  std::string out;
  line(out, {"# Persona: ", persona.name, " (", persona.role, ")"});
  if (!persona.content.empty()) out.append("\n").append(persona.content);
  return out;
}

std::string ticketText(const TicketBriefing& briefing) {
  const auto& ticket = briefing.ticket;
  std::string out;
  line(out, {"# Ticket: ", ticket.title});
  line(out, {"\n**Id:** ", ticket.id});
  line(out, {"**Kind:** ", mortise::detail::nameOf(ticket.kind)});
  line(out, {"**Priority:** ", mortise::detail::nameOf(ticket.priority)});
  line(out, {"**Status:** ", mortise::detail::nameOf(ticket.status)});
  relatives(out, briefing);
  if (!ticket.description.empty()) {
    heading(out, "Description");
    line(out, {ticket.description});
  }
  if (!ticket.acceptanceCriteria.empty()) {
    heading(out, "Acceptance criteria");
    for (const auto& criterion : ticket.acceptanceCriteria) line(out, {"- [ ] ", criterion});
  }
  if (!ticket.fileRefs.empty()) {
    heading(out, "Files");
    for (const auto& file : ticket.fileRefs) line(out, {"- ", file});
  }
  if (!briefing.claims.empty()) {
    heading(out, "What is known");
    for (const auto& claim : briefing.claims)
      line(out, {"- [", mortise::detail::nameOf(claim.type), "] ", claim.content});
  }
  for (const auto& dependency : briefing.doneDependencies) {
    heading(out, "Done before: " + dependency.title + " (" + dependency.id + ")");
    line(out, {*dependency.completionNotes});
  }
  if (briefing.comments.empty()) return out;
  out.append(kContextRule).append("## Comments\n");
  for (const auto& comment : briefing.comments) {
    line(out, {"\n**", comment.authorPersona ? std::string_view(*comment.authorPersona) : "user", "** (",
               mortise::isoTime(comment.createdAt, mortise::kIsoSeconds), "): ", comment.content});
  }
  return out;
}

std::size_t contextBudget(std::string_view tool) {
  const auto entry =
      std::find_if(kTools.begin(), kTools.end(), [&](const ToolTokens& each) { return each.tool == tool; });
  return (entry == kTools.end() ? kDefaultTokens : entry->tokens) * kCharactersOfToken;
}

std::string cutContext(std::string text, std::size_t characters) {
  if (text.size() <= characters) return text;  // no character has less than one byte
  std::size_t at = 0;
  std::size_t keep = 0;  // where the cut would be
  for (std::size_t count = 0; at < text.size(); ++count) {
    if (count == characters - std::min(characters, kCut.size())) keep = at;
    if (count == characters) {
      text.resize(keep);
      return text.append(kCut);
    }
    mortise::detail::nextCharacter(text, at);
  }
  return text;
}

}  // namespace projects
