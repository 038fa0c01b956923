// A transaction over several services, as a module uses it: through the C++ face over the real tables.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/plugin/transaction_testing.hpp"
#include "mortise/abi/cache.h"
#include "mortise/audit.hpp"
#include "mortise/blobs.hpp"
#include "mortise/db.hpp"
#include "mortise/events.hpp"
#include "mortise/identity.hpp"
#include "mortise/jobs.hpp"
#include "mortise/mail.hpp"
#include "mortise/orgs.hpp"

namespace mortise::inline sdk1 {
namespace {

using plugin::testing::TransactionServer;
using Backend = TransactionServer::Backend;

// Written like a module's stores.
class Notes {
 public:
  explicit Notes(Db db) : db_(db) {}
  Notes in(const Transaction& tx) const { return Notes(db_.in(tx)); }
  void add(std::string_view id) const { db_.execute("INSERT INTO notes_notes (id) VALUES (:id)", {{"id", id}}); }
  std::int64_t count() const { return db_.queryOne<std::int64_t>("SELECT count(*) FROM notes_notes").value(); }
  void rename(std::string_view from, std::string_view to) const {
    db_.transaction([&](Transaction& tx) {
      if (tx.execute("UPDATE notes_notes SET id = :to WHERE id = :from", {{"to", to}, {"from", from}}) == 0)
        throw Problem(404, "note_not_found");
    });
  }

 private:
  Db db_;
};

class TransactionTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (!TransactionServer::has(GetParam())) GTEST_SKIP() << "PostgreSQL is not installed";
    server_.emplace(GetParam());
    host_.emplace(server_->notes());
  }
  Db db() { return host_->need<Db>(); }

  std::optional<TransactionServer> server_;
  std::optional<Host> host_;
};

INSTANTIATE_TEST_SUITE_P(Both, TransactionTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

TEST_P(TransactionTest, TheCommitKeepsEverythingAndEffectsFollowIt) {
  const auto founder = server_->user("ada"), member = server_->user("bob");
  const Orgs orgs = host_->need<Orgs>();
  const Blobs blobs = host_->need<Blobs>();
  const auto org = orgs.create({.name = "Org", .slug = "org", .tier = "team", .founderId = founder});
  const auto blob = blobs.put("bytes");
  const auto revision = server_->identityRevision();
  const Notes notes{db()};
  db().transaction([&](Transaction& tx) {
    host_->need<Mail>().send({.to = "a@example.org", .subject = "Hello", .text = "Hello"});
    host_->need<Events>().publish("notes.changed", "{}");
    EXPECT_TRUE(blobs.remove(blob.key));
    notes.in(tx).add("n1");
    orgs.in(tx).addMember(org.id, member, "member");
    host_->need<Identity>().in(tx).revokeAll(member);
    host_->need<Audit>().in(tx).record("notes.joined", "org:" + org.id);
    host_->need<Jobs>().in(tx).put({.id = "later", .trigger = "every: PT1H"});
    EXPECT_TRUE(host_->need<Jobs>().in(tx).exists("later"));
    EXPECT_EQ(notes.in(tx).count(), 1);
    EXPECT_EQ(notes.count(), 0);
    EXPECT_EQ(server_->identityRevision(), revision);
    EXPECT_TRUE(blobs.stat(blob.key).has_value());
    EXPECT_TRUE(server_->events().empty());
    EXPECT_EQ(server_->count("mortise_audit"), 0);
  });
  EXPECT_EQ(server_->count("notes_notes"), 1);
  EXPECT_EQ(server_->count("mortise_org_members"), 2);
  EXPECT_EQ(server_->count("mortise_audit", "action = 'notes.joined'"), 1);
  EXPECT_EQ(server_->count("mortise_jobs", "id = 'notes.later'"), 1);
  EXPECT_GT(server_->identityRevision(), revision);
  EXPECT_FALSE(blobs.stat(blob.key).has_value());
  EXPECT_EQ(server_->events(), std::vector<std::string>{"notes.changed"});
  EXPECT_EQ(server_->mails(), 1u);
}

TEST_P(TransactionTest, ARollbackDropsRowMemberAuditMailEventJobAndBlobDeletion) {
  const auto founder = server_->user("ada"), member = server_->user("bob");
  const Orgs orgs = host_->need<Orgs>();
  const Blobs blobs = host_->need<Blobs>();
  const auto org = orgs.create({.name = "Org", .slug = "org", .tier = "team", .founderId = founder});
  const auto blob = blobs.put("bytes");
  const auto revision = server_->identityRevision();
  EXPECT_THROW(db().transaction([&](Transaction& tx) {
    Notes(db()).in(tx).add("n1");
    orgs.in(tx).addMember(org.id, member, "member");
    host_->need<Audit>().in(tx).record("notes.joined", "org:" + org.id);
    host_->need<Jobs>().in(tx).put({.id = "later", .trigger = "every: PT1H"});
    host_->need<Mail>().send({.to = "a@example.org", .subject = "Hello", .text = "Hello"});
    host_->need<Events>().publish("notes.changed", "{}");
    blobs.remove(blob.key);
    throw Problem(409, "changed_my_mind");
  }),
               Problem);
  for (const char* table : {"notes_notes", "mortise_audit", "mortise_jobs"})
    EXPECT_EQ(server_->count(table), 0) << table;
  EXPECT_EQ(server_->count("mortise_org_members"), 1);
  EXPECT_EQ(server_->identityRevision(), revision);
  EXPECT_TRUE(blobs.stat(blob.key).has_value());
  EXPECT_TRUE(server_->events().empty());
  EXPECT_EQ(server_->mails(), 0u);
}

TEST_P(TransactionTest, ARefusedCallLeavesNothingAndTheBlockGoesOn) {
  const auto founder = server_->user("ada");
  const Orgs orgs = host_->need<Orgs>();
  const Notes notes{db()};
  db().transaction([&](Transaction& tx) {
    notes.in(tx).add("n1");
    EXPECT_THROW(notes.in(tx).rename("missing", "n2"), Problem);
    EXPECT_THROW(notes.in(tx).add("n1"), db::Error);
    orgs.in(tx).create({.name = "Org", .slug = "org", .tier = "team", .founderId = founder});
    try {
      orgs.in(tx).addMember("org_none", founder, "member");
      ADD_FAILURE() << "no such organisation";
    } catch (const Problem& problem) {
      EXPECT_EQ(problem.code(), "org_not_found");
    }
    notes.in(tx).rename("n1", "n2");
  });
  EXPECT_EQ(server_->count("notes_notes", "id = 'n2'"), 1);
  EXPECT_EQ(server_->count("mortise_orgs"), 1);
}

TEST_P(TransactionTest, ABlockThatIsRunAgainHasItsEffectsOnce) {
  if (GetParam() == Backend::sqlite) GTEST_SKIP() << "one writer, no race";
  db().execute("INSERT INTO notes_notes (id, number) VALUES ('n', 1)");
  int runs = 0;
  const auto seen = db().transaction([&](Transaction& tx) {
    ++runs;
    tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    const auto number = tx.queryOne<std::int64_t>("SELECT number FROM notes_notes WHERE id = 'n'").value();
    if (runs == 1) std::thread([&] { db().execute("UPDATE notes_notes SET number = number + 10"); }).join();
    host_->need<Events>().publish("notes.changed", "{}");
    host_->need<Audit>().in(tx).record("notes.changed", "note:n");
    try {
      db().in(tx).execute("UPDATE notes_notes SET number = :number WHERE id = 'n'", {{"number", number + 1}});
    } catch (const db::Error&) {
      throw Problem(500, "whatever_a_store_makes_of_it");
    }
    return number + 1;
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(seen, 12);
  EXPECT_EQ(server_->count("notes_notes", "number = 12"), 1);
  EXPECT_EQ(server_->count("mortise_audit", "action = 'notes.changed'"), 1);
  EXPECT_EQ(server_->events(), std::vector<std::string>{"notes.changed"});
}

TEST_P(TransactionTest, SixteenWritersCountOnWithoutAFailure) {
  constexpr int kWriters = 16, kEach = 10;
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kEach; ++n) {
        try {
          db().transaction([&](Transaction& tx) {
            tx.execute("INSERT INTO notes_notes (id, number) VALUES (:id, :number)",
                       {{"id", std::to_string(i) + "-" + std::to_string(n)},
                        {"number", tx.nextNumber("notes_notes", "number")}});
          });
        } catch (const std::exception& error) {
          ADD_FAILURE() << error.what();
          ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(server_->count("notes_notes", "number BETWEEN 1 AND 160"), kWriters * kEach);
}

TEST_P(TransactionTest, WhatWouldWriteOutsideFailsAtOnceWithTheReason) {
  const auto ada = server_->user("ada");
  db().transaction([&](Transaction& tx) {
    tx.execute("INSERT INTO notes_notes (id) VALUES ('n1')");
    const auto refused = [](const std::function<void()>& work) {
      try {
        work();
        ADD_FAILURE() << "it wrote";
      } catch (const Problem& problem) {
        EXPECT_NE(problem.note().find("in(tx)"), std::string::npos) << problem.note();
      } catch (const db::Error& error) {
        EXPECT_NE(std::string(error.what()).find("in(tx)"), std::string::npos) << error.what();
      }
    };
    refused([&] { db().execute("INSERT INTO notes_notes (id) VALUES ('n2')"); });
    refused([&] { db().transaction([](Transaction&) {}); });
    refused([&] { host_->need<Identity>().revokeAll(ada); });
    refused([&] { host_->need<Audit>().record("notes.changed", "note:n1"); });
    refused([&] { host_->need<Jobs>().put({.id = "later", .trigger = "every: PT1H"}); });
  });
  EXPECT_EQ(server_->count("notes_notes"), 1);
}

TEST_P(TransactionTest, WhatTakesNoPartRefusesTheHostOfATransaction) {
  const auto ada = server_->user("ada");
  const Identity identity = host_->need<Identity>();
  NewUser bob;
  bob.username = "bob";
  bob.password = "a long password";
  db().transaction([&](Transaction& tx) {
    EXPECT_THROW(identity.in(tx).hashPassword("a long password"), Problem);
    EXPECT_THROW(identity.in(tx).setPassword(ada, "a long password"), Problem);
    EXPECT_THROW(identity.in(tx).refresh("token"), Problem);
    EXPECT_THROW(identity.in(tx).create(bob), Problem);
    mortise_error error{};
    error.struct_size = sizeof error;
    const auto* cache = host_->lookup<mortise_cache_v1>(MORTISE_CACHE_V1);
    EXPECT_EQ(cache->remove(tx.host(), {"k", 1}, &error), MORTISE_INVALID);
    EXPECT_STREQ(error.code, "no_host");
    bob.password.clear();
    EXPECT_EQ(identity.in(tx).create(bob).username, "bob");
  });
  EXPECT_EQ(server_->count("mortise_users", "username = 'bob'"), 1);
}

TEST_P(TransactionTest, AnotherThreadIsRefusedAndAnEndedOneIsClosed) {
  std::optional<Notes> kept;
  const auto* table = host_->lookup<mortise_db_v1>(MORTISE_DB_V1);
  mortise_error error{};
  error.struct_size = sizeof error;
  mortise_db_session* session = nullptr;
  ASSERT_EQ(table->open(host_->get(), 1, &session, &error), MORTISE_OK);
  mortise_host* joined = nullptr;
  EXPECT_EQ(table->join(session, &joined, &error), MORTISE_INVALID) << "nothing has begun";
  ASSERT_EQ(table->begin(session, &error), MORTISE_OK);
  ASSERT_EQ(table->join(session, &joined, &error), MORTISE_OK) << error.text;
  std::thread([&] {
    mortise_db_session* other = nullptr;
    EXPECT_EQ(table->open(joined, 1, &other, &error), MORTISE_INVALID);
    EXPECT_STREQ(error.code, "other_thread");
    EXPECT_EQ(table->enter(session, &error), MORTISE_INVALID);
  }).join();
  mortise_db_session* inside = nullptr;
  ASSERT_EQ(table->open(joined, 1, &inside, &error), MORTISE_OK) << error.text;
  ASSERT_EQ(table->commit(session, &error), MORTISE_OK) << error.text;
  EXPECT_EQ(table->execute(inside, {"DELETE FROM notes_notes", 23}, nullptr, 0, nullptr, &error), MORTISE_FAILED);
  mortise_db_session* late = nullptr;
  EXPECT_EQ(table->open(joined, 1, &late, &error), MORTISE_CLOSED);
  EXPECT_EQ(table->enter(session, &error), MORTISE_CLOSED);
  table->close(inside);
  table->close(session);
}

TEST_P(TransactionTest, AHandlerThatForgetsItLosesItAndTheThreadIsFree) {
  const auto* table = host_->lookup<mortise_db_v1>(MORTISE_DB_V1);
  mortise_error error{};
  error.struct_size = sizeof error;
  mortise_db_session* session = nullptr;
  mortise_host* joined = nullptr;
  server_->handle([&] {
    ASSERT_EQ(table->open(host_->get(), 1, &session, &error), MORTISE_OK);
    ASSERT_EQ(table->begin(session, &error), MORTISE_OK);
    ASSERT_EQ(table->join(session, &joined, &error), MORTISE_OK);
    ASSERT_EQ(table->enter(session, &error), MORTISE_OK);
    Notes(Db(joined, table)).add("n1");
    host_->need<Events>().publish("notes.changed", "{}");
  });
  EXPECT_EQ(server_->count("notes_notes"), 0);
  Notes(db()).add("n2");  // the writer is free, and the thread has no joined transaction
  host_->need<Events>().publish("notes.free", "{}");
  EXPECT_EQ(server_->events(), std::vector<std::string>{"notes.free"});
  EXPECT_NE(table->commit(session, &error), MORTISE_OK);
  server_->stopNotes();
  EXPECT_EQ(table->commit(session, &error), MORTISE_CLOSED);
  EXPECT_EQ(server_->count("notes_notes"), 1);
}

TEST_P(TransactionTest, AnotherModulesInterfaceWorksInItWithItsOwnHost) {
  const Db theirs = Host(server_->folders()).need<Db>();
  // Acts as the provider, which has no parameter for the transaction.
  const auto addFolder = [&](std::string_view id) {
    theirs.transaction([&](db::Session& session) {
      session.execute("INSERT INTO folders_folders (id) VALUES (:id)", {{"id", id}});
    });
  };
  EXPECT_THROW(db().transaction([&](Transaction& tx) {
    Notes(db()).in(tx).add("n1");
    tx.call([&] { addFolder("f1"); });
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(server_->count("folders_folders"), 0);
  const auto folders = db().transaction([&](Transaction& tx) {
    Notes(db()).in(tx).add("n1");
    tx.call([&] { addFolder("f1"); });
    EXPECT_THROW(tx.call([&] { addFolder("f1"); }), db::Error);
    EXPECT_THROW(addFolder("f2"), db::Error) << "outside of call()";
    return tx.call([&] { return theirs.queryOne<std::int64_t>("SELECT count(*) FROM folders_folders").value(); });
  });
  EXPECT_EQ(folders, 1);
  EXPECT_EQ(server_->count("folders_folders"), 1);
  EXPECT_EQ(server_->count("notes_notes"), 1);
}

}  // namespace
}  // namespace mortise::inline sdk1
