// Tickets on a real database, for the tests of their stores.
#pragma once

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <vector>

#include "tickets/ticket_graph.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

constexpr auto kTicketsBegin = mortise::timeOf(1'700'000'000'000'000);

class TicketsOnDatabase : public mortise::testing::DatabaseTest {
 protected:
  TicketsOnDatabase() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Ticket ticket(const std::string& id, int second = 0) {
    Ticket out;
    out.id = id;
    out.projectId = "proj_1";
    out.title = "Ticket " + id;
    out.createdByUserId = "ada";
    out.createdAt = out.updatedAt = kTicketsBegin + std::chrono::seconds(second);
    return out;
  }
  Ticket add(const std::string& id, int second = 0) { return add(ticket(id, second)); }
  Ticket add(const Ticket& one) {
    store_.add(one);
    return one;
  }
  void depend(const std::string& id, const std::vector<std::string>& on, bool isNew = false) {
    db().transaction([&](mortise::Transaction& tx) {
      TicketGraph::lock(tx, "proj_1");
      graph_.in(tx).set("proj_1", id, on, isNew);
    });
  }
  TicketStatus statusOf(const std::string& id) const { return store_.find("proj_1", id)->status; }

  TicketStore store_{db()};
  TicketGraph graph_{db()};
};

}  // namespace projects
