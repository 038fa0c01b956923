// The two machines that tickets go through: which move is legal from where, and for whom. Plain C++; the store makes the
// conditions of its statements out of the same table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tickets/ticket.hpp"

namespace projects {

enum class TicketMove : std::uint8_t {
  approve,
  dismiss,
  start,
  forceStart,
  block,
  unblock,
  complete,
  resolve,
  reopen,
  close
};

// What somebody who only shares a captured session of the project may do with a move. Everybody else may do all of them,
// but for close, which is for administrators of the project.
enum class ReaderRule : std::uint8_t { never, own, ownOrResolved, ownButNotResolved };

bool isLegal(TicketMove move, TicketKind kind, TicketStatus from);
TicketStatus targetOf(TicketMove move);
// The status of the refusal when the ticket is not where the move begins.
int refusalOf(TicketMove move);

ReaderRule readerRuleOf(TicketMove move);
bool allows(ReaderRule rule, const Ticket& ticket, std::string_view userId);

// The same as conditions of SQL over the columns kind and status, and over created_by_user_id, resolver_user_id and the
// parameter :caller.
std::string legalCondition(TicketMove move);
std::string readerCondition(ReaderRule rule);

}  // namespace projects
