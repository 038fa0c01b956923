// Both machines of tickets: every state of each, every move, against a table that was written from the contract.
#include "tickets/ticket_moves.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace projects {
namespace {

using Kind = TicketKind;
using Move = TicketMove;
using Status = TicketStatus;

const std::vector<Move> kMoves = {Move::approve, Move::dismiss,  Move::start,   Move::forceStart, Move::block,
                                  Move::unblock, Move::complete, Move::resolve, Move::reopen,     Move::close};
const std::vector<Status> kStatuses = {Status::suggested, Status::open, Status::inProgress, Status::blocked,
                                       Status::review,    Status::done, Status::cancelled,  Status::closed};

TEST(TicketMoves, AreLegalFromWhereTheContractSays) {
  const std::map<std::pair<Kind, Status>, std::map<Move, Status>> legal = {
      {{Kind::task, Status::suggested}, {{Move::approve, Status::open}, {Move::dismiss, Status::cancelled}}},
      {{Kind::task, Status::open},
       {{Move::start, Status::inProgress}, {Move::forceStart, Status::inProgress}, {Move::dismiss, Status::cancelled}}},
      {{Kind::task, Status::inProgress}, {{Move::block, Status::blocked}, {Move::complete, Status::review}}},
      {{Kind::task, Status::blocked}, {{Move::unblock, Status::inProgress}, {Move::forceStart, Status::inProgress}}},
      {{Kind::task, Status::review}, {{Move::resolve, Status::done}, {Move::reopen, Status::open}}},
      {{Kind::issue, Status::open},
       {{Move::start, Status::inProgress}, {Move::forceStart, Status::inProgress}, {Move::dismiss, Status::cancelled}}},
      {{Kind::issue, Status::inProgress},
       {{Move::close, Status::closed}, {Move::reopen, Status::open}, {Move::dismiss, Status::cancelled}}},
  };
  for (const auto kind : {Kind::task, Kind::issue}) {
    for (const auto status : kStatuses) {
      const auto from = legal.find({kind, status});
      for (const auto move : kMoves) {
        SCOPED_TRACE(std::string(mortise::detail::nameOf(kind)) + " " + std::string(mortise::detail::nameOf(status)) +
                     " move " + std::to_string(static_cast<int>(move)));
        const bool expected = from != legal.end() && from->second.count(move) > 0;
        EXPECT_EQ(isLegal(move, kind, status), expected);
        if (expected) {
          EXPECT_EQ(targetOf(move), from->second.at(move));
        }
      }
    }
  }
}

TEST(TicketMoves, AreRefusedWithTheStatusOfTheContract) {
  for (const auto move : kMoves) {
    const bool isConflict = move == Move::start || move == Move::forceStart || move == Move::resolve;
    EXPECT_EQ(refusalOf(move), isConflict ? 409 : 400);
  }
}

TEST(TicketMoves, OfReadersDependOnWhoseTheTicketIs) {
  Ticket own, resolved, both, other;
  own.createdByUserId = both.createdByUserId = "reader";
  resolved.createdByUserId = other.createdByUserId = "ada";
  resolved.resolverUserId = both.resolverUserId = "reader";
  struct Expected {
    Move move;
    bool own, resolved, both;
  };
  for (const auto& [move, mayOwn, mayResolved, mayBoth] : std::vector<Expected>{{Move::start, true, true, true},
                                                                                {Move::forceStart, true, true, true},
                                                                                {Move::complete, true, true, true},
                                                                                {Move::block, true, true, true},
                                                                                {Move::unblock, true, true, true},
                                                                                {Move::dismiss, true, false, true},
                                                                                {Move::reopen, true, false, true},
                                                                                {Move::resolve, true, false, false},
                                                                                {Move::approve, false, false, false},
                                                                                {Move::close, false, false, false}}) {
    SCOPED_TRACE(static_cast<int>(move));
    EXPECT_EQ(allows(readerRuleOf(move), own, "reader"), mayOwn);
    EXPECT_EQ(allows(readerRuleOf(move), resolved, "reader"), mayResolved);
    EXPECT_EQ(allows(readerRuleOf(move), both, "reader"), mayBoth);
    EXPECT_FALSE(allows(readerRuleOf(move), other, "reader"));
  }
}

}  // namespace
}  // namespace projects
