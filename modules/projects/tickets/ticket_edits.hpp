// What changed when a ticket was changed by hand: a row for each field, and the sentence that its comment says. Plain C++.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tickets/ticket.hpp"
#include "tickets/ticket_comment.hpp"

namespace projects {

// The fields that a person sets; an empty one stays as it is.
struct TicketChange {
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::optional<TicketPriority> priority;
  std::optional<std::string> assignedTo;  // an empty text: nobody any more
  std::optional<std::vector<std::string>> contextRefs;
  std::optional<std::vector<std::string>> fileRefs;
  std::optional<std::vector<std::string>> relatedSessions;
  std::optional<std::vector<std::string>> acceptanceCriteria;
  std::optional<std::vector<std::string>> dependsOn;

  bool isEmpty() const {
    return !title && !description && !priority && !assignedTo && !contextRefs && !fileRefs && !relatedSessions &&
           !acceptanceCriteria && !dependsOn;
  }
};

// Writes the change into the ticket. Returns a row for each field that has another value now, without id, editor, time
// and lease.
std::vector<TicketEdit> apply(const TicketChange& change, Ticket& ticket);

// For people: what each of these fields was and is, in short.
std::string editText(const std::vector<TicketEdit>& edits, bool isFenced);

// The first characters of a text; one that was cut says so at its end.
std::string shortened(const std::string& text, std::size_t characters);

// Without repeated ones, in their order.
std::vector<std::string> distinct(const std::vector<std::string>& texts);

}  // namespace projects
