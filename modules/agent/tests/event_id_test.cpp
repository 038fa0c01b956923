#include "conversations/event_id.hpp"

#include <gtest/gtest.h>

namespace agent {
namespace {

TEST(EventId, ReadsWhatItWrites) {
  const EventId id{1767860000123, 2 * EventId::kStep};
  EXPECT_EQ(id.text(), "1767860000123-2097152");
  EXPECT_EQ(EventId::parse(id.text()), id);
  EXPECT_EQ(EventId::parse("0-0"), EventId{});
}

TEST(EventId, RefusesWhatIsNone) {
  for (const auto* text : {"", "-", "1", "1-", "-1", "1--1", "+1-1", "1-+1", " 1-1", "1-1 ", "1-1-1", "a-1", "1-0x1",
                           "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11", "111111111111111111-1", "1-111111111111111111"})
    EXPECT_EQ(EventId::parse(text), std::nullopt) << text;
}

TEST(EventId, OrdersByTimeThenNumber) {
  EXPECT_LT((EventId{5, 9}), (EventId{6, 0}));
  EXPECT_LT((EventId{5, 9}), (EventId{5, 10}));
}

TEST(EventId, PutsPartialMessagesBetweenTheEventTheyFollowAndTheNext) {
  const EventId event{5, EventId::kStep};
  EXPECT_LT(event, event.partial(1));
  EXPECT_LT(event.partial(1), event.partial(2));
  EXPECT_LT(event.partial(EventId::kStep - 1), (EventId{5, 2 * EventId::kStep}));
  EXPECT_EQ(event.partial(7).stored(), event);
  EXPECT_EQ(event.partial(7).partial(8), event.partial(8));
}

}  // namespace
}  // namespace agent
