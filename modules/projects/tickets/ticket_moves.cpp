#include "tickets/ticket_moves.hpp"

#include <algorithm>
#include <array>

namespace projects {
namespace {

using Kind = TicketKind;
using Move = TicketMove;
using Status = TicketStatus;

struct Step {
  Move move;
  Kind kind;
  Status from;
};

constexpr std::array kSteps = {
    Step{Move::approve, Kind::task, Status::suggested},   Step{Move::dismiss, Kind::task, Status::suggested},
    Step{Move::dismiss, Kind::task, Status::open},        Step{Move::dismiss, Kind::issue, Status::open},
    Step{Move::dismiss, Kind::issue, Status::inProgress}, Step{Move::start, Kind::task, Status::open},
    Step{Move::start, Kind::issue, Status::open},         Step{Move::forceStart, Kind::task, Status::open},
    Step{Move::forceStart, Kind::task, Status::blocked},  Step{Move::forceStart, Kind::issue, Status::open},
    Step{Move::block, Kind::task, Status::inProgress},    Step{Move::unblock, Kind::task, Status::blocked},
    Step{Move::complete, Kind::task, Status::inProgress}, Step{Move::resolve, Kind::task, Status::review},
    Step{Move::reopen, Kind::task, Status::review},       Step{Move::reopen, Kind::issue, Status::inProgress},
    Step{Move::close, Kind::issue, Status::inProgress},
};

}  // namespace

bool isLegal(Move move, Kind kind, Status from) {
  return std::any_of(kSteps.begin(), kSteps.end(),
                     [&](const Step& step) { return step.move == move && step.kind == kind && step.from == from; });
}

Status targetOf(Move move) {
  switch (move) {
    case Move::approve:
    case Move::reopen:
      return Status::open;
    case Move::dismiss:
      return Status::cancelled;
    case Move::start:
    case Move::forceStart:
    case Move::unblock:
      return Status::inProgress;
    case Move::block:
      return Status::blocked;
    case Move::complete:
      return Status::review;
    case Move::resolve:
      return Status::done;
    case Move::close:
      return Status::closed;
  }
  return Status::cancelled;
}

int refusalOf(Move move) {
  return move == Move::start || move == Move::forceStart || move == Move::resolve ? 409 : 400;
}

ReaderRule readerRuleOf(Move move) {
  switch (move) {
    case Move::start:
    case Move::forceStart:
    case Move::complete:
    case Move::block:
    case Move::unblock:
      return ReaderRule::ownOrResolved;
    case Move::dismiss:
    case Move::reopen:
      return ReaderRule::own;
    case Move::resolve:
      return ReaderRule::ownButNotResolved;
    case Move::approve:
    case Move::close:
      break;
  }
  return ReaderRule::never;
}

bool allows(ReaderRule rule, const Ticket& ticket, std::string_view userId) {
  const bool isOwn = ticket.createdByUserId == userId;
  const bool isResolver = ticket.resolverUserId == userId;
  switch (rule) {
    case ReaderRule::own:
      return isOwn;
    case ReaderRule::ownOrResolved:
      return isOwn || isResolver;
    case ReaderRule::ownButNotResolved:
      return isOwn && !isResolver;
    case ReaderRule::never:
      break;
  }
  return false;
}

std::string legalCondition(Move move) {
  std::string out = "(";
  for (const auto& step : kSteps) {
    if (step.move != move) continue;
    if (out.size() > 1) out.append(" OR ");
    out.append("(kind = '").append(mortise::detail::nameOf(step.kind));
    out.append("' AND status = '").append(mortise::detail::nameOf(step.from)).append("')");
  }
  return out.append(")");
}

std::string readerCondition(ReaderRule rule) {
  switch (rule) {
    case ReaderRule::own:
      return "created_by_user_id = :caller";
    case ReaderRule::ownOrResolved:
      return "(created_by_user_id = :caller OR resolver_user_id = :caller)";
    case ReaderRule::ownButNotResolved:
      return "created_by_user_id = :caller AND (resolver_user_id IS NULL OR resolver_user_id <> :caller)";
    case ReaderRule::never:
      break;
  }
  return "1 = 0";
}

}  // namespace projects
