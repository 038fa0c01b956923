// What an agent is told when it starts on a ticket, as Markdown. TicketBriefings reads it, the functions write it.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry_store.hpp"
#include "personas/persona.hpp"
#include "tickets/ticket.hpp"
#include "tickets/ticket_comment.hpp"
#include "tickets/ticket_graph.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

struct TicketBriefing {
  Ticket ticket;
  std::optional<Ticket> parent;
  std::vector<Ticket> children;
  std::size_t childCount = 0;  // `children` are the first of them
  std::vector<Entry> claims;   // that live, of those which the ticket refers to
  std::vector<Ticket> doneDependencies;
  std::vector<TicketComment> comments;  // oldest first
};

// [worker]; throws db::Error.
class TicketBriefings {
 public:
  explicit TicketBriefings(mortise::Db db) : tickets_(db), entries_(db) {}

  TicketBriefing of(const Ticket& ticket) const;

 private:
  TicketStore tickets_;
  EntryStore entries_;
};

// The part about the persona, and the one about the ticket with its comments, without the cut.
std::string personaText(const Persona& persona);
std::string ticketText(const TicketBriefing& briefing);
// What stands between two parts.
inline constexpr std::string_view kContextRule = "\n\n---\n\n";

// How many characters a tool has room for: four for each token.
std::size_t contextBudget(std::string_view tool);
// At most so many characters of it; a text that was cut says so at its end.
std::string cutContext(std::string text, std::size_t characters);

}  // namespace projects
