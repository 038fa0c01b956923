// The tables of tickets on both databases: every list against what a scan finds, the plans, moves and comments at once.
#include "tickets/ticket_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tickets/ticket_part.hpp"
#include "tickets_testing.hpp"

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr std::size_t kMuch = 1'000'000'000;

class Tickets : public TicketsOnDatabase {
 protected:
  // Every set of filters, of values that there are.
  static std::vector<TicketFilter> everyFilter() {
    std::vector<TicketFilter> out;
    for (int bits = 0; bits < 16; ++bits) {
      TicketFilter filter;
      if ((bits & 1) != 0) filter.assignedTo = "Watchmaker";
      if ((bits & 2) != 0) filter.status = TicketStatus::open;
      if ((bits & 4) != 0) filter.priority = TicketPriority::high;
      if ((bits & 8) != 0) filter.kind = TicketKind::task;
      out.push_back(filter);
    }
    return out;
  }
  // The newest of all.
  void fillOver(std::int64_t count) {
    database().fill("projects_tickets", count,
                    {{"id", "'tk_over' || n"},
                     {"project_id", "'proj_1'"},
                     {"kind", "'task'"},
                     {"status", "CASE WHEN n % 2 = 0 THEN 'done' ELSE 'cancelled' END"},
                     {"priority", "'medium'"},
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
                     {"created_at", "1800000000000000 + n"},
                     {"updated_at", "n"}});
  }
  static TicketStep step(TicketMove move, std::string_view caller = "ada") {
    TicketStep out;
    out.move = move;
    out.caller = caller;
    out.at = kTicketsBegin + 1h;
    return out;
  }
};
MORTISE_ON_EVERY_DATABASE(Tickets);

TEST_P(Tickets, AreKeptWhole) {
  auto made = ticket("tk_1");
  made.kind = TicketKind::issue;
  made.description = "It \"ticks\"\n";
  made.assignedTo = "Watchmaker";
  made.contextRefs = {"12", "a \"b\""};
  made.dependsOn = {"tk_0"};
  made.source = TicketSource::agent;
  made.createdBySessionId = "ses_1";
  add(made);
  const auto found = store_.find("proj_1", "tk_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, TicketKind::issue);
  EXPECT_EQ(found->description, made.description);
  EXPECT_EQ(found->contextRefs, made.contextRefs);
  EXPECT_EQ(found->dependsOn, made.dependsOn);
  EXPECT_EQ(found->leaseEpoch, 0);
  EXPECT_FALSE(store_.find("proj_2", "tk_1"));
  EXPECT_EQ(store_.agentCount("ada", "ses_1"), 1);
  EXPECT_EQ(store_.agentCount("bob", "ses_1"), 0);
  EXPECT_EQ(store_.assignedTo("proj_1", "watchMaker", 5), std::vector<std::string>{"tk_1"});
  EXPECT_TRUE(store_.assignedTo("proj_1", "Smith", 5).empty());
  EXPECT_TRUE(store_.assignedTo("proj_2", "Watchmaker", 5).empty());
}

TEST_P(Tickets, AreListedByEverySetOfFiltersAsAScanFindsThem) {
  std::mt19937 random(7);
  std::vector<Ticket> all;
  constexpr std::array kStatuses = {TicketStatus::open, TicketStatus::review, TicketStatus::closed};
  constexpr std::array kPriorities = {TicketPriority::high, TicketPriority::low};
  for (int i = 0; i < 300; ++i) {
    // Some at the same time.
    auto one = ticket("tk_" + std::to_string(1000 + i), i / 3);
    one.kind = random() % 3 == 0 ? TicketKind::issue : TicketKind::task;
    one.status = kStatuses[random() % 3];
    one.priority = kPriorities[random() % 2];
    if (random() % 2 == 0) one.assignedTo = random() % 2 == 0 ? "watchMaker" : "Smith";
    if (random() % 10 == 0) one.projectId = "proj_2";
    all.push_back(add(one));
  }
  std::reverse(all.begin(), all.end());
  std::stable_sort(all.begin(), all.end(), [](const Ticket& a, const Ticket& b) { return a.createdAt > b.createdAt; });
  for (const auto& filter : everyFilter()) {
    std::vector<std::string> expected;
    for (const auto& one : all) {
      if (one.projectId == "proj_1" && (!filter.assignedTo || one.assignedTo == "watchMaker") &&
          (!filter.status || one.status == *filter.status) && (!filter.priority || one.priority == *filter.priority) &&
          (!filter.kind || one.kind == *filter.kind))
        expected.push_back(one.id);
    }
    std::vector<std::string> got;
    std::optional<ListPlace> after;
    for (bool isEnd = false; !isEnd;) {
      const auto page = store_.list("proj_1", filter, after, 7, kMuch);
      ASSERT_LE(page.tickets.size(), 7u);
      for (const auto& one : page.tickets) got.push_back(one.id);
      ASSERT_TRUE(!page.next || !page.tickets.empty());
      isEnd = !page.next;
      after = page.next;
    }
    EXPECT_EQ(got, expected);
  }
}

TEST_P(Tickets, AreListedToTheEndWhileSomeMoveOn) {
  for (int i = 0; i < 30; ++i) add("tk_" + std::to_string(100 + i), i);
  // Between the places of a page and its tickets half of them move on.
  const auto moveOn = [](void* database, const mortise_testing_statement* statement) {
    const std::string_view sql(statement->sql.data, statement->sql.size);
    if (sql.find("projects_tickets.description") == std::string_view::npos) return;
    static_cast<mortise::testing::TestDatabase*>(database)->run(
        "UPDATE projects_tickets SET status = 'review' WHERE id >= 'tk_110'");
  };
  mortise_testing_v1.listen(moveOn, &database());
  TicketFilter filter;
  filter.status = TicketStatus::open;
  filter.kind = TicketKind::task;
  std::vector<std::string> got;
  std::optional<ListPlace> after;
  int pages = 0;
  do {
    const auto page = store_.list("proj_1", filter, after, 7, kMuch);
    for (const auto& one : page.tickets) got.push_back(one.id);
    after = page.next;
  } while (after && ++pages < 30);
  mortise_testing_v1.listen(nullptr, nullptr);
  ASSERT_EQ(got.size(), 10u);
  EXPECT_EQ(got.front(), "tk_109");
  EXPECT_EQ(got.back(), "tk_100");
}

TEST_P(Tickets, FillNoMoreThanSoManyBytes) {
  for (int i = 0; i < 10; ++i) {
    auto one = ticket("tk_" + std::to_string(i), i);
    one.description = std::string(10'000, 'x');
    add(one);
  }
  for (const auto& filter : {TicketFilter{}, TicketFilter{{}, TicketStatus::open, {}, TicketKind::task}}) {
    const auto page = store_.list("proj_1", filter, {}, 100, 35'000);
    EXPECT_EQ(page.tickets.size(), 3u);
    ASSERT_TRUE(page.next);
    EXPECT_EQ(page.next->id, page.tickets.back().id);
    EXPECT_EQ(store_.list("proj_1", filter, {}, 100, 1).tickets.size(), 1u);
  }
}

TEST_P(Tickets, AreFoundForAQueueHoweverManyAreOver) {
  run("INSERT INTO projects_work_queues (id, project_id, name, mode, selector, auto_adopt, max_adopt_per_wake, "
      "stop_condition, cadence_seconds, max_tickets_per_run, max_attempts_per_item, status, lease_epoch, "
      "created_by_user_id, pending, active, waiting, done, failed, created_at, updated_at) VALUES ('wq_1', 'proj_1', "
      "'q', 'triage', '{}', 1, 5, 'manual', 300, 1, 3, 'active', 0, 'ada', 0, 0, 0, 0, 0, 1, 1)");
  for (int i = 0; i < 4; ++i) add("tk_live" + std::to_string(i), i);
  fillOver(1000);
  run("INSERT INTO projects_work_queue_items (id, queue_id, position, ticket_id, item_status, attempts, created_at, "
      "updated_at) VALUES ('wqi_1', 'wq_1', 0, 'tk_live2', 'pending', 0, 1, 1)");
  using Ids = std::vector<std::string>;
  EXPECT_EQ(store_.unqueued("proj_1", {}, "wq_1", 10), (Ids{"tk_live3", "tk_live1", "tk_live0"}));
  EXPECT_EQ(store_.unqueued("proj_1", {}, "wq_1", 2), (Ids{"tk_live3", "tk_live1"}));
  EXPECT_EQ(store_.unqueued("proj_1", {}, "wq_2", 10).size(), 4u);
  EXPECT_EQ(store_.unqueued("proj_2", {}, "wq_1", 10), Ids{});
  TicketFilter filter;
  filter.status = TicketStatus::done;
  EXPECT_EQ(store_.unqueued("proj_1", filter, "wq_1", 10), Ids{});
  filter.status = TicketStatus::open;
  filter.priority = TicketPriority::high;
  EXPECT_EQ(store_.unqueued("proj_1", filter, "wq_1", 10), Ids{});
  filter.priority = TicketPriority::medium;
  EXPECT_EQ(store_.unqueued("proj_1", filter, "wq_1", 10).size(), 3u);
  const auto heads = store_.heads("proj_1", {"tk_live1", "tk_over7", "tk_none"});
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_TRUE(store_.heads("proj_2", {"tk_live1"}).empty());
}

TEST_P(Tickets, RememberWhichKeysWorkedOnThem) {
  add("tk_1");
  auto start = step(TicketMove::start);
  start.serviceKeyId = "key_1";
  ASSERT_TRUE(store_.move("proj_1", "tk_1", start));
  TicketCompletion completion;
  ASSERT_TRUE(store_.move("proj_1", "tk_1", step(TicketMove::complete), &completion));
  EXPECT_EQ(store_.find("proj_1", "tk_1")->workerKeyId, "key_1") << "a completion without a key leaves it";
  EXPECT_TRUE(store_.isAtWork("key_1", "org_1", "proj_1"));
  ASSERT_TRUE(store_.move("proj_1", "tk_1", step(TicketMove::reopen)));
  ASSERT_TRUE(store_.move("proj_1", "tk_1", start));
  auto complete = step(TicketMove::complete);
  complete.serviceKeyId = "key_2";
  ASSERT_TRUE(store_.move("proj_1", "tk_1", complete, &completion));
  for (const char* key : {"key_1", "key_2"}) {
    EXPECT_TRUE(store_.isAtWork(key, "org_1", "proj_1")) << key;
    EXPECT_FALSE(store_.isAtWork(key, "org_1", "proj_2")) << key;
  }
  ASSERT_TRUE(store_.move("proj_1", "tk_1", step(TicketMove::resolve)));
  EXPECT_FALSE(store_.isAtWork("key_1", "org_1", "proj_1"));
  EXPECT_FALSE(store_.isAtWork("key_2", "org_1", "proj_1"));
}

TEST_P(Tickets, AreToldTogether) {
  std::vector<std::string> ids;
  for (int i = 0; i < 150; ++i) {
    auto one = ticket("tk_" + std::to_string(1000 + i), i);
    one.contextRefs = {"1"};
    ids.push_back(add(one).id);
  }
  auto full = ticket("tk_full");
  for (std::size_t i = 0; i < TicketStore::kMaxReferences - 1; ++i) full.contextRefs.push_back("r" + std::to_string(i));
  ids.push_back(add(full).id);
  db().execute("UPDATE projects_tickets SET comment_count = :most WHERE id = 'tk_full'",
               {{"most", TicketStore::kMaxComments}});
  TicketComment comment;
  comment.authorUserId = "ada";
  comment.content = "Done";
  comment.createdAt = kTicketsBegin;
  store_.commentEach(comment, ids);
  store_.commentEach(comment, {ids.front()});
  store_.addReferences(ids, {"1", "7", "8"}, kTicketsBegin + 2h);
  store_.addReferences({ids.front()}, {"7"}, kTicketsBegin + 3h);
  const auto first = store_.comments(ids.front(), {}, {}, 10);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_LT(first[0].createdAt, first[1].createdAt);
  EXPECT_EQ(first[0].content, "Done");
  EXPECT_TRUE(store_.comments("tk_full", {}, {}, 10).empty());
  for (const auto& id : ids) {
    const auto found = store_.find("proj_1", id).value();
    if (id == "tk_full") {
      EXPECT_EQ(found.contextRefs.size(), TicketStore::kMaxReferences);
      EXPECT_EQ(found.contextRefs.back(), "1");
      continue;
    }
    EXPECT_EQ(store_.comments(id, {}, {}, 10).size(), id == ids.front() ? 2u : 1u);
    EXPECT_EQ(found.contextRefs, (std::vector<std::string>{"1", "7", "8"}));
    EXPECT_EQ(found.updatedAt, kTicketsBegin + 2h) << "a list that stays is not written";
  }
}

TEST_P(Tickets, ShowSoManyCommentsAndWhenTheLastWas) {
  add("tk_1");
  EXPECT_FALSE(store_.lastOfNext("tk_1", {}, 10));
  TicketComment comment;
  comment.authorUserId = "ada";
  comment.createdAt = kTicketsBegin;
  for (int i = 0; i < 4; ++i) store_.commentEach(comment, {"tk_1"});
  const auto all = store_.comments("tk_1", {}, {}, 10);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(store_.lastOfNext("tk_1", {}, 10), all[3].createdAt);
  EXPECT_EQ(store_.lastOfNext("tk_1", {}, 2), all[1].createdAt);
  EXPECT_EQ(store_.lastOfNext("tk_1", all[1].createdAt, 1), all[2].createdAt);
  EXPECT_FALSE(store_.lastOfNext("tk_1", all[3].createdAt, 1));
}

TEST_P(Tickets, AreFoundByTheirIdsWithoutStatisticsToo) {
  std::vector<std::string> ids;
  for (int i = 0; i < 64; ++i) ids.push_back("tk_" + std::to_string(i));
  const auto statements = database().record([&] {
    store_.findAll("proj_1", ids);
    store_.heads("proj_1", ids);
  });
  ASSERT_EQ(statements.size(), 2u);
  for (const auto& statement : statements) {
    const auto plan = mortise::testing::planOf(database(), statement);
    EXPECT_NE(plan.find(db().isSqlite() ? "(id=?)" : "projects_tickets_pkey"), std::string::npos) << plan;
  }
}

TEST_P(Tickets, ListAlongIndexesHoweverManyThereAre) {
  database().fill(
      "projects_tickets", kManyRows,
      {{"id", "'tk_' || n"},
       {"project_id", "'proj_' || (n % 2)"},
       {"kind", "CASE WHEN n % 50 = 0 THEN 'issue' ELSE 'task' END"},
       {"status",
        "CASE n % 5 WHEN 0 THEN 'open' WHEN 1 THEN 'review' WHEN 2 THEN 'done' WHEN 3 THEN "
        "'blocked' ELSE 'in_progress' END"},
       {"priority", "CASE n % 4 WHEN 0 THEN 'low' WHEN 1 THEN 'medium' WHEN 2 THEN 'high' ELSE 'critical' END"},
       {"title", "'Ticket ' || n"},
       {"description", "''"},
       {"assigned_to", "'persona' || (n % 100)"},
       {"assignee_key", "'persona' || (n % 100)"},
       {"source", "'human'"},
       {"created_by_user_id", "'user' || (n % 1000)"},
       {"lease_epoch", "0"},
       {"worker_key_id", "'key' || (n % 1000)"},
       {"resolver_key_id", "'key' || (n % 1000)"},
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
  database().fill("projects_ticket_comments", kManyRows,
                  {{"id", "'tc_' || n"},
                   {"ticket_id", "'tk_' || (1 + n % 1000)"},
                   {"author_user_id", "'ada'"},
                   {"content", "'Comment ' || n"},
                   {"verdict_trusted", "0"},
                   {"actor_type", "'user'"},
                   {"created_at", "n"}});
  database().fill("projects_ticket_dependencies", kManyRows - 1,
                  {{"ticket_id", "'tk_' || n"}, {"depends_on_id", "'tk_' || (n + 1)"}});
  database().fill("projects_projects", kManyRows,
                  {{"id", "'proj_' || n"},
                   {"name", "'Clock'"},
                   {"git_remote", "'acme/clock' || n"},
                   {"owner_id", "'ada'"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"auto_narrative", "0"},
                   {"kb_retention_days", "1"},
                   {"kb_max_context_words", "1"},
                   {"kb_section_page_limit", "1"},
                   {"compile_schedule", "'off'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  run("INSERT INTO projects_work_queues (id, project_id, name, mode, selector, auto_adopt, max_adopt_per_wake, "
      "stop_condition, cadence_seconds, max_tickets_per_run, max_attempts_per_item, status, lease_epoch, "
      "created_by_user_id, pending, active, waiting, done, failed, created_at, updated_at) VALUES ('wq_1', 'proj_1', "
      "'q', 'triage', '{}', 1, 5, 'manual', 300, 1, 3, 'active', 0, 'ada', 0, 0, 0, 0, 0, 1, 1)");
  database().fill("projects_work_queue_items", kManyRows,
                  {{"id", "'wqi_' || n"},
                   {"queue_id", "'wq_1'"},
                   {"position", "n"},
                   {"ticket_id", "'tk_' || n"},
                   {"item_status", "'pending'"},
                   {"attempts", "0"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    for (auto filter : everyFilter()) {
      if (filter.assignedTo) filter.assignedTo = "persona7";
      store_.list("proj_1", filter, {}, 100, kMuch);
      store_.list("proj_1", filter, ListPlace{mortise::timeOf(50'000), "tk_50000"}, 100, kMuch);
      store_.unqueued("proj_1", filter, "wq_1", 5);
    }
    const std::vector<std::string> some = {"tk_1", "tk_2", "tk_3"};
    TicketComment comment;
    comment.authorUserId = "ada";
    comment.createdAt = kTicketsBegin;
    store_.heads("proj_1", some);
    store_.findAll("proj_1", some);
    store_.commentEach(comment, some);
    store_.addReferences(some, {"7"}, kTicketsBegin);
    store_.reviewState("tk_7");
    store_.lastOfNext("tk_7", mortise::timeOf(50'000), 10);
    store_.findComment("tc_7");
    store_.isAtWork("key7", "org_1", "proj_1");
    store_.isAtWork("key7", "org_1", {});
    store_.lock("proj_1", "tk_7", {});
    store_.lock("proj_1", "tk_7", 0);
    comment.id = "tc_new";
    comment.ticketId = "tk_7";
    store_.comment(comment, {});
    comment.id = "tc_newer";
    store_.comment(comment, 1);
    store_.find("proj_1", "tk_7");
    store_.assignedTo("proj_1", "persona7", 20);
    db().transaction([&](mortise::Transaction& tx) {
      Persona persona;
      persona.nameKey = "persona7";
      TicketPart(db()).uses(tx, {"proj_1", "proj_2", "proj_3"}, persona);
    });
    store_.childCount("tk_50");
    store_.agentCount("user1", "ses_1");
    store_.comments("tk_7", {}, {}, 200);
    store_.comments("tk_7", mortise::timeOf(50'000), {}, 200);
    store_.comments("tk_7", mortise::timeOf(50'000), "tc_7", 200);
    store_.newestComments("tk_7", 10);
    store_.edits("tk_7");
    store_.titles({"tk_1", "tk_2"});
    std::vector<Ticket> issues = {ticket("tk_50")};
    issues.front().kind = TicketKind::issue;
    store_.fillChildren(issues);
    for (const auto move :
         {TicketMove::approve, TicketMove::dismiss, TicketMove::start, TicketMove::forceStart, TicketMove::block,
          TicketMove::unblock, TicketMove::resolve, TicketMove::reopen, TicketMove::close}) {
      for (const bool isReader : {false, true}) {
        auto one = step(move);
        one.isReader = isReader;
        store_.move("proj_1", "tk_5", one);
        one.leaseEpoch = 0;
        store_.move("proj_1", "tk_5", one);
      }
    }
    const TicketCompletion completion;
    store_.move("proj_1", "tk_5", step(TicketMove::complete), &completion);
    graph_.dependents("tk_7");
    graph_.waiting("proj_1", "tk_7");
    graph_.unblock("proj_1", "tk_7", kTicketsBegin);
  }));
  // A page costs the same whatever else there is: the time of one is not what 100,000 rows take.
  const auto start = std::chrono::steady_clock::now();
  for (const auto& filter : everyFilter()) store_.list("proj_1", filter, {}, 20, kMuch);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST_P(Tickets, MoveOnlyFromWhereTheMoveBegins) {
  add("tk_1");
  EXPECT_FALSE(store_.move("proj_1", "tk_1", step(TicketMove::block)));
  EXPECT_FALSE(store_.move("proj_2", "tk_1", step(TicketMove::start)));
  EXPECT_TRUE(store_.move("proj_1", "tk_1", step(TicketMove::start, "bob")));
  EXPECT_FALSE(store_.move("proj_1", "tk_1", step(TicketMove::start)));
  auto found = store_.find("proj_1", "tk_1");
  EXPECT_EQ(found->leaseEpoch, 1);
  EXPECT_EQ(found->startedByUserId, "bob");
  EXPECT_TRUE(found->isOf("bob"));
  EXPECT_TRUE(found->isOf("ada"));
  EXPECT_FALSE(found->isOf("eve"));

  TicketCompletion completion;
  completion.notes = "It ticks.";
  completion.changedFiles = {"clock.cpp"};
  completion.knowledgeEntryIds = {"7"};
  auto complete = step(TicketMove::complete, "bob");
  complete.leaseEpoch = 0;
  EXPECT_FALSE(store_.move("proj_1", "tk_1", complete, &completion));
  complete.leaseEpoch = 1;
  EXPECT_TRUE(store_.move("proj_1", "tk_1", complete, &completion));
  found = store_.find("proj_1", "tk_1");
  EXPECT_EQ(found->completionNotes, "It ticks.");
  EXPECT_EQ(found->changedFiles, std::vector<std::string>{"clock.cpp"});
  EXPECT_EQ(found->resolverUserId, "bob");

  // A reader who resolved it does not accept it, another one whose it is not neither.
  auto resolve = step(TicketMove::resolve, "bob");
  resolve.isReader = true;
  EXPECT_FALSE(store_.move("proj_1", "tk_1", resolve));
  resolve.caller = "ada";
  EXPECT_TRUE(store_.move("proj_1", "tk_1", resolve));
  EXPECT_EQ(store_.find("proj_1", "tk_1")->resolvedAt, resolve.at);
}

TEST_P(Tickets, AreStartedByOneOf64) {
  add("tk_1");
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&, i] {
      if (store_.move("proj_1", "tk_1", step(TicketMove::start, "user" + std::to_string(i)))) ++won;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(store_.find("proj_1", "tk_1")->leaseEpoch, 1);
}

TEST_P(Tickets, LockUnderTheLeaseThatIsNamed) {
  add("tk_1");
  EXPECT_TRUE(store_.lock("proj_1", "tk_1", {}));
  EXPECT_FALSE(store_.lock("proj_1", "tk_1", 1));
  EXPECT_TRUE(store_.lock("proj_1", "tk_1", 0));
  EXPECT_FALSE(store_.lock("proj_1", "tk_1", 0));
  EXPECT_EQ(store_.find("proj_1", "tk_1")->leaseEpoch, 1);
  EXPECT_FALSE(store_.lock("proj_2", "tk_1", {}));
}

TEST_P(Tickets, HaveCommentsNoTwoOfWhichHaveTheSameTime) {
  add("tk_1");
  constexpr int kWriters = 8, kEach = 10;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        TicketComment comment;
        comment.id = "tc_" + std::to_string(w) + "_" + std::to_string(i);
        comment.ticketId = "tk_1";
        comment.authorUserId = "ada";
        comment.content = "Hello";
        comment.createdAt = kTicketsBegin;
        EXPECT_TRUE(store_.comment(comment, {}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto all = store_.comments("tk_1", {}, {}, 500);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kWriters * kEach));
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].createdAt, all[i].createdAt);
  EXPECT_EQ(store_.comments("tk_1", all[9].createdAt, {}, 500).size(), all.size() - 10);
  EXPECT_EQ(store_.comments("tk_1", all[9].createdAt, all[9].id, 500).size(), all.size() - 10);
  EXPECT_EQ(store_.comments("tk_1", all[9].createdAt, "", 3).size(), 3u);
  EXPECT_EQ(store_.newestComments("tk_1", 1).at(0).id, all.back().id);

  TicketComment stale;
  stale.id = "tc_stale";
  stale.ticketId = "tk_1";
  stale.authorUserId = "ada";
  stale.content = "Late";
  EXPECT_FALSE(store_.comment(stale, 1));
  EXPECT_TRUE(store_.comment(stale, 0));
  db().execute("UPDATE projects_tickets SET comment_count = :most WHERE id = 'tk_1'",
               {{"most", TicketStore::kMaxComments}});
  stale.id = "tc_full";
  EXPECT_FALSE(store_.comment(stale, {}));
}

}  // namespace
}  // namespace projects
