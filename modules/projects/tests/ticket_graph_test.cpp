// What depends on what: cycles, also those that two writers make at once, long chains, and many that wait for one.
#include "tickets/ticket_graph.hpp"

#include <gtest/gtest.h>
#include <mortise/problem.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tickets_testing.hpp"

namespace projects {
namespace {

using namespace std::chrono_literals;

class TicketDependencies : public TicketsOnDatabase {
 protected:
  std::string refusal(const std::string& id, const std::vector<std::string>& on) {
    try {
      depend(id, on);
      return "";
    } catch (const mortise::Problem& problem) {
      return problem.code();
    }
  }
  void fillTickets(std::int64_t count, const std::string& status) {
    database().fill("projects_tickets", count,
                    {{"id", "'tk_' || n"},
                     {"project_id", "'proj_1'"},
                     {"kind", "'task'"},
                     {"status", "'" + status + "'"},
                     {"priority", "'low'"},
                     {"title", "'Ticket'"},
                     {"description", "''"},
                     {"source", "'human'"},
                     {"created_by_user_id", "'ada'"},
                     {"lease_epoch", "0"},
                     {"context_refs", "'[]'"},
                     {"file_refs", "'[]'"},
                     {"related_sessions", "'[]'"},
                     {"acceptance_criteria", "'[]'"},
                     {"changed_files", "'[]'"},
                     {"knowledge_entry_ids", "'[]'"},
                     {"depends_on", "'[]'"},
                     {"comment_count", "0"},
                     {"actor_type", "'user'"},
                     {"created_at", "n"},
                     {"updated_at", "n"}});
  }
};
MORTISE_ON_EVERY_DATABASE(TicketDependencies);

TEST_P(TicketDependencies, MakeNoCycle) {
  for (const char* id : {"tk_1", "tk_2", "tk_3"}) add(id);
  auto other = ticket("tk_9");
  other.projectId = "proj_2";
  add(other);
  EXPECT_EQ(refusal("tk_1", {"tk_1"}), "ticket_depends_on_itself");
  EXPECT_EQ(refusal("tk_1", {"tk_9"}), "ticket_dependency_unknown");
  EXPECT_EQ(refusal("tk_1", {"tk_2", "nothing"}), "ticket_dependency_unknown");
  EXPECT_EQ(refusal("tk_1", {"tk_2"}), "");
  EXPECT_EQ(refusal("tk_2", {"tk_3"}), "");
  EXPECT_EQ(refusal("tk_3", {"tk_1"}), "ticket_depends_on_itself");
  EXPECT_EQ(graph_.dependents("tk_1"), std::vector<std::string>{});  // undone
  EXPECT_EQ(refusal("tk_1", {"tk_3"}), "");
  EXPECT_EQ(graph_.dependents("tk_2"), std::vector<std::string>{});  // replaced
  EXPECT_EQ(refusal("tk_3", {"tk_2"}), "ticket_depends_on_itself");
  EXPECT_EQ(refusal("tk_2", {}), "");
  EXPECT_EQ(refusal("tk_3", {"tk_2"}), "");
}

TEST_P(TicketDependencies, MakeNoCycleBetweenTwoWriters) {
  for (int round = 0; round < 20; ++round) {
    const auto a = "tk_a" + std::to_string(round), b = "tk_b" + std::to_string(round);
    add(a);
    add(b);
    std::atomic<int> refused = 0;
    std::thread one([&] { refused += refusal(a, {b}).empty() ? 0 : 1; });
    std::thread two([&] { refused += refusal(b, {a}).empty() ? 0 : 1; });
    one.join();
    two.join();
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(graph_.dependents(a).size() + graph_.dependents(b).size(), 1u);
  }
}

TEST_P(TicketDependencies, MayBeAChainOf10000) {
  constexpr std::int64_t kLong = 10'000;
  fillTickets(kLong, "open");
  // 1 <- 2 <- 3 ...
  database().fill("projects_ticket_dependencies", kLong - 1,
                  {{"ticket_id", "'tk_' || (n + 1)"}, {"depends_on_id", "'tk_' || n"}});
  database().analyze();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(refusal("tk_1", {"tk_" + std::to_string(kLong)}), "ticket_depends_on_itself");
  EXPECT_EQ(refusal("tk_" + std::to_string(kLong), {"tk_1"}), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST_P(TicketDependencies, AreNotWalkedForEver) {
  constexpr std::int64_t kTooLong = static_cast<std::int64_t>(TicketGraph::kMaxWalked) + 10;
  fillTickets(kTooLong, "open");
  database().fill("projects_ticket_dependencies", kTooLong - 1,
                  {{"ticket_id", "'tk_' || (n + 1)"}, {"depends_on_id", "'tk_' || n"}});
  add("tk_x");
  add("tk_y");
  depend("tk_y", {"tk_x"});
  EXPECT_EQ(refusal("tk_x", {"tk_" + std::to_string(kTooLong)}), "ticket_dependencies_deep");
}

TEST_P(TicketDependencies, AreLimitedInHowManyWaitForOne) {
  fillTickets(TicketGraph::kMaxDependents, "open");
  add("tk_done");
  add("tk_last");
  database().fill("projects_ticket_dependencies", TicketGraph::kMaxDependents,
                  {{"ticket_id", "'tk_' || n"}, {"depends_on_id", "'tk_done'"}});
  EXPECT_EQ(refusal("tk_last", {"tk_done"}), "ticket_dependents_full");
}

TEST_P(TicketDependencies, UnblockThoseThatWaitForNothingElse) {
  for (const char* id : {"tk_a", "tk_b"}) add(id);
  for (const char* id : {"tk_both", "tk_one", "tk_open"}) {
    auto one = ticket(id);
    one.status = std::string(id) == "tk_open" ? TicketStatus::open : TicketStatus::blocked;
    add(one);
  }
  depend("tk_both", {"tk_a", "tk_b"});
  depend("tk_one", {"tk_a"});
  depend("tk_open", {"tk_a"});
  EXPECT_EQ(graph_.waiting("proj_1", "tk_a").size(), 3u);
  db().execute("UPDATE projects_tickets SET status = 'done' WHERE id = 'tk_a'");
  EXPECT_EQ(graph_.unblock("proj_1", "tk_a", kTicketsBegin), std::vector<std::string>{"tk_one"});
  EXPECT_EQ(graph_.unblock("proj_1", "tk_a", kTicketsBegin), std::vector<std::string>{});
  EXPECT_EQ(statusOf("tk_both"), TicketStatus::blocked);
  EXPECT_EQ(statusOf("tk_open"), TicketStatus::open);
  db().execute("UPDATE projects_tickets SET status = 'done' WHERE id = 'tk_b'");
  EXPECT_EQ(graph_.unblock("proj_1", "tk_b", kTicketsBegin), std::vector<std::string>{"tk_both"});
}

}  // namespace
}  // namespace projects
