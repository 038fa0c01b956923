#include "core/services/mail/mail_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "core/base/eventually_testing.hpp"
#include "core/db/joined_transaction.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/mail_store_testing.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::services::mail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000, kHour = 3600 * kSecond, kLease = 30 * kSecond;

Mail mailTo(const std::string& to) {
  Mail mail;
  mail.to = to;
  mail.subject = "Your code";
  mail.text = "Your code is 987654.\n";
  mail.html = "<p>https://api.example.com/verify?token=secret-link</p>";
  return mail;
}

// A database whose answer to a commit gets lost: it holds, and its caller is told that the connection broke. Or one that
// refuses mails.
class LosesAnswers final : public db::Database {
 public:
  explicit LosesAnswers(db::Database& inner) : Database(seconds(2)), inner_(inner) {}
  db::Backend backend() const override { return inner_.backend(); }
  std::string trouble(milliseconds timeout) override { return inner_.trouble(timeout); }
  void backupTo(const std::string& path) override { inner_.backupTo(path); }

  std::atomic<bool> loseAnswer{false};  // to the next commit that adds a mail
  std::atomic<int> refuse{-1};          // a db::ErrorKind
  std::atomic<int> refused{0};

 private:
  class One final : public db::Connection {
   public:
    One(LosesAnswers& of, std::unique_ptr<db::Connection> inner) : of_(of), inner_(std::move(inner)) {}
    std::unique_ptr<db::Rows> query(std::string_view sql, const db::Parameters& parameters,
                                    std::span<const db::ColumnType> columns) override {
      return inner_->query(sql, parameters, columns);
    }
    std::int64_t execute(std::string_view sql, const db::Parameters& parameters) override {
      const bool adds = sql.starts_with("INSERT INTO mortise_mails ");
      if (const auto kind = of_.refuse.load(); adds && kind >= 0) {
        ++of_.refused;
        throw db::Error(static_cast<db::ErrorKind>(kind), "refused by the test");
      }
      const auto changed = inner_->execute(sql, parameters);
      added_ = added_ || (adds && changed == 1);
      return changed;
    }
    void executeScript(std::string_view sql) override { inner_->executeScript(sql); }
    std::set<std::string> executeScriptNaming(std::string_view sql) override {
      return inner_->executeScriptNaming(sql);
    }
    void begin() override { inner_->begin(); }
    void commit() override {
      inner_->commit();
      if (std::exchange(added_, false) && of_.loseAnswer.exchange(false))
        throw db::Error(db::ErrorKind::unavailable, "the connection broke");
    }
    void rollback() override { inner_->rollback(); }
    std::shared_ptr<db::JoinedTransaction> join() override { return inner_->join(); }
    void lock(std::string_view name) override { inner_->lock(name); }
    bool lost() const override { return inner_->lost(); }

   private:
    LosesAnswers& of_;
    std::unique_ptr<db::Connection> inner_;
    bool added_ = false;
  };
  std::unique_ptr<db::Connection> connect(db::Access access, milliseconds timeout) override {
    return std::make_unique<One>(*this, inner_.lease(access, timeout));
  }

  db::Database& inner_;
};

class MailQueueTest : public ::testing::TestWithParam<db::Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == db::Backend::sqlite) {
      store_.emplace();
      return;
    }
    auto* const server = peers::Postgres::shared();
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    store_.emplace(server->newDatabase());
  }
  static bool add(MailQueue& queue, const std::string& id, std::int64_t now, std::int64_t expiresAt = 24 * kHour) {
    return queue.add(id, {mailTo("ada@example.org"), "<id@example.org>"}, now, expiresAt);
  }
  std::size_t delivered() const {
    std::size_t count = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path() + "/out", error))
      count += file.path().extension() == ".eml" ? 1 : 0;
    return count;
  }
  // A mailer whose relay can't be reached.
  std::unique_ptr<Mailer> cutOff() {
    return Mailer::open("smtp://127.0.0.1:1", "noreply@example.org", store_->of("a"), store_->quick());
  }
  std::unique_ptr<Mailer> mailer(const std::string& node = "a") { return mailer(node, store_->quick()); }
  std::unique_ptr<Mailer> mailer(const std::string& node, const MailerOptions& options) {
    return Mailer::open("outbox:" + directory_.path() + "/out", "noreply@example.org", store_->of(node), options);
  }

  peers::TempDirectory directory_{"mortise-mail-queue"};
  std::optional<MailStoreForTests> store_;
};

INSTANTIATE_TEST_SUITE_P(, MailQueueTest, ::testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& which) {
                           return which.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

TEST_P(MailQueueTest, ARowTellsNothingOfTheMail) {
  auto queue = store_->queue("a");
  ASSERT_TRUE(add(queue, "1", 0));
  const auto row = store_->text("id || node || sealed || last_failure");
  for (const char* part : {"ada@", "example.org", "Your code", "987654", "secret-link", "<id@"})
    EXPECT_EQ(row.find(part), std::string::npos) << part << " in " << row;
  const auto content = queue.unseal(queue.next({}).value());
  EXPECT_EQ(content.mail.to, "ada@example.org");
  EXPECT_EQ(content.mail.subject, "Your code");
  EXPECT_EQ(content.mail.text, mailTo("x").text);
  EXPECT_EQ(content.mail.html, mailTo("x").html);
  EXPECT_EQ(content.messageId, "<id@example.org>");
  // Sealed by another server's secret, altered, cut off, or no sealed text at all.
  const Secrets other(std::string(32, 'x'));
  auto foreign = MailQueue(store_->database(), other, "a", 10);
  EXPECT_THROW(foreign.unseal(queue.next({}).value()), ServiceError);
  for (const char* change : {"'v1.AAAA'", "''", "substr(sealed, 1, 60)", "'x' || sealed"}) {
    store_->sql(std::string("UPDATE mortise_mails SET sealed = ") + change);
    EXPECT_THROW(queue.unseal(queue.next({}).value()), ServiceError) << change;
  }
}

TEST_P(MailQueueTest, GivesTheMailThatIsDueFirstAndBoundsTheRows) {
  auto queue = store_->queue("a", 3);
  EXPECT_FALSE(queue.next({}));
  ASSERT_TRUE(add(queue, "late", 30));
  ASSERT_TRUE(add(queue, "early", 10));
  ASSERT_TRUE(add(queue, "middle", 20));
  EXPECT_FALSE(add(queue, "more", 5)) << "of all servers together";
  auto other = store_->queue("b", 3);
  EXPECT_FALSE(add(other, "more", 5));
  EXPECT_EQ(queue.next({})->id, "early");
  EXPECT_EQ(queue.next({"early"})->id, "middle");
  EXPECT_FALSE(queue.next({"early", "middle", "late"}));
  EXPECT_TRUE(queue.begin("early", 100));
  EXPECT_EQ(queue.next({})->id, "middle");
  queue.failed("middle", 200, "451 later");
  queue.remove("late");
  EXPECT_EQ(queue.next({})->id, "early");
  EXPECT_EQ(queue.next({})->tries, 1);
  EXPECT_EQ(queue.next({"early"})->lastFailure, "451 later");
  EXPECT_EQ(queue.count(), 2u);
  EXPECT_EQ(other.count(), 0u);
  EXPECT_FALSE(other.begin("early", 0)) << "another server's mail";
  EXPECT_TRUE(add(other, "more", 5));
}

TEST_P(MailQueueTest, AMailThatIsThereIsNotAddedAgain) {
  auto queue = store_->queue("a", 2);
  ASSERT_TRUE(add(queue, "1", 10));
  ASSERT_TRUE(queue.begin("1", 50));
  EXPECT_TRUE(add(queue, "1", 20));
  EXPECT_EQ(store_->rows(), 1);
  EXPECT_EQ(queue.next({})->tries, 1) << "the row that was there";
  EXPECT_EQ(queue.next({})->createdAt, 10);
  ASSERT_TRUE(add(queue, "2", 20));
  EXPECT_TRUE(add(queue, "1", 20)) << "it has its place in a full queue";
  EXPECT_FALSE(add(queue, "3", 20));
  EXPECT_EQ(store_->rows(), 2);
}

TEST_P(MailQueueTest, AMailWhoseCommitWasAppliedButNotAnsweredIsStoredOnce) {
  LosesAnswers database(store_->database());
  const auto relay =
      Mailer::open("smtp://127.0.0.1:1", "noreply@example.org", store_->of("a", database), store_->quick());
  database.loseAnswer = true;
  std::atomic<int> told{0};
  relay->sendLater(mailTo("ada@example.org"), [&](const MailResult&) { ++told; });
  ASSERT_TRUE(eventually([&] { return !database.loseAnswer.load(); }));
  relay->sendLater(mailTo("bob@example.org"), {});
  EXPECT_TRUE(eventually([&] { return store_->rows() == 2 && relay->queued() == 2; }));
  const auto beats = [&] { return store_->number("(SELECT max(beat) FROM mortise_mail_nodes)"); };
  const auto beat = beats();
  EXPECT_TRUE(eventually([&] { return beats() > beat + 1; })) << "the keeper goes on";
  EXPECT_EQ(told, 0);
}

TEST_P(MailQueueTest, AMailThatWasSentWhileItsCommitWasInDoubtIsNotSentAgain) {
  auto options = store_->quick();
  options.lease = seconds(60);  // the keeper comes when mails arrive
  LosesAnswers database(store_->database());
  const auto server =
      Mailer::open("outbox:" + directory_.path() + "/out", "noreply@example.org", store_->of("a", database), options);
  database.loseAnswer = true;
  std::atomic<int> sent{0};
  const auto done = [&](const MailResult& result) { sent += result.outcome == MailResult::Outcome::sent ? 1 : 0; };
  server->sendLater(mailTo("ada@example.org"), done);
  ASSERT_TRUE(eventually([&] { return delivered() == 1 && store_->rows() == 0; }));
  server->sendLater(mailTo("bob@example.org"), done);
  EXPECT_TRUE(eventually([&] { return sent == 2; }));
  server->stop(seconds(60));
  EXPECT_EQ(delivered(), 2u);
  EXPECT_EQ(store_->rows(), 0);
}

TEST_P(MailQueueTest, AMailThatCantBeStoredHoldsUpNothingElse) {
  for (const auto kind : {db::ErrorKind::unique, db::ErrorKind::constraint, db::ErrorKind::full, db::ErrorKind::other,
                          db::ErrorKind::unavailable}) {
    LosesAnswers database(store_->database());
    const auto before = delivered();
    database.refuse = static_cast<int>(kind);
    const auto server = Mailer::open("outbox:" + directory_.path() + "/out", "noreply@example.org",
                                     store_->of("a", database), store_->quick());
    std::atomic<int> gaveUp{0}, sent{0};
    auto mail = mailTo("ada@example.org");
    mail.expiresAt = store_->now() + kHour;
    server->sendLater(mail, [&](const MailResult& result) { gaveUp += result.outcome == MailResult::Outcome::gaveUp; });
    ASSERT_TRUE(eventually([&] { return database.refused > 0; }));
    auto other = store_->queue("gone");
    ASSERT_TRUE(add(other, "left", store_->now(), store_->now() + 24 * kHour));
    other.release();
    EXPECT_TRUE(eventually([&] { return delivered() == before + 1; })) << "another server's mails are taken over";
    store_->advance(std::chrono::hours(2));
    EXPECT_TRUE(eventually([&] { return gaveUp == 1; })) << "its time is over";
    database.refuse = -1;
    server->sendLater(mailTo("bob@example.org"), [&](const MailResult&) { ++sent; });
    EXPECT_TRUE(eventually([&] { return sent == 1; }));
    EXPECT_EQ(delivered(), before + 2);
  }
}

TEST_P(MailQueueTest, ExpiredRowsGoWhereNoServerSends) {
  auto queue = store_->queue("gone");
  ASSERT_TRUE(add(queue, "old", 0, 10));
  ASSERT_TRUE(add(queue, "new", 0, 30));
  EXPECT_EQ(store_->queue("a").removeExpired(20), 1);
  EXPECT_EQ(queue.next({})->id, "new");
  EXPECT_EQ(store_->queue("a").removeExpired(30), 1);
  EXPECT_EQ(store_->rows(), 0);
}

// As for triggers: a time in the future that no pause explains is of another clock.
TEST_P(MailQueueTest, AClockThatWasSetBackHoldsNoMailUp) {
  auto queue = store_->queue("a");
  ASSERT_TRUE(add(queue, "ahead", 100 * kHour, 124 * kHour));
  ASSERT_TRUE(add(queue, "soon", 2 * kHour, 20 * kHour));
  queue.bringForward(kHour, 3 * kHour, 25 * kHour);
  EXPECT_EQ(queue.next({})->id, "ahead");
  EXPECT_EQ(queue.next({})->dueAt, kHour);
  EXPECT_EQ(queue.next({})->expiresAt, 25 * kHour);
  EXPECT_EQ(queue.next({"ahead"})->dueAt, 2 * kHour);
  EXPECT_EQ(queue.next({"ahead"})->expiresAt, 20 * kHour);
}

TEST_P(MailQueueTest, AnotherServerTakesTheMailsOfOneThatIsSilent) {
  auto a = store_->queue("a");
  auto b = store_->queue("b");
  auto c = store_->queue("c");
  ASSERT_TRUE(add(a, "1", 0));
  a.beat();
  EXPECT_EQ(b.takeOver(0, kLease), 0);
  a.beat();
  EXPECT_EQ(b.takeOver(kLease + 1, kLease), 0) << "it beat in between";
  EXPECT_EQ(b.takeOver(2 * kLease, kLease), 0);
  EXPECT_EQ(b.takeOver(2 * kLease + 1, kLease), 1);
  EXPECT_EQ(b.next({})->id, "1");
  EXPECT_FALSE(a.next({}));
  EXPECT_FALSE(a.begin("1", 0)) << "it woke up again";
  a.failed("1", 99, "late news");
  EXPECT_EQ(b.next({})->lastFailure, "");

  // It lives on with new mails.
  ASSERT_TRUE(add(a, "2", 0));
  a.beat();
  EXPECT_EQ(b.takeOver(3 * kLease, kLease), 0);
  a.beat();
  EXPECT_EQ(b.takeOver(5 * kLease, kLease), 0);

  // Of two that notice the same silence, one takes.
  b.beat();
  EXPECT_EQ(c.takeOver(0, kLease), 0);
  EXPECT_EQ(c.takeOver(kLease, kLease), 2);
  EXPECT_EQ(b.takeOver(6 * kLease, kLease), 0) << "c's mails, seen for the first time";

  // A server that stops leaves them to whoever comes first, which need not wait.
  c.release();
  EXPECT_EQ(a.takeOver(0, kLease), 2);
  EXPECT_EQ(b.takeOver(0, kLease), 0);
}

TEST_P(MailQueueTest, AnOutageOfTheDatabaseIsNobodysSilence) {
  auto a = store_->queue("a");
  auto b = store_->queue("b");
  ASSERT_TRUE(add(a, "1", 0));
  a.beat();
  EXPECT_EQ(b.takeOver(0, kLease), 0);
  b.forgetOthers();  // it could not look for a while
  EXPECT_EQ(b.takeOver(2 * kLease, kLease), 0);
  EXPECT_EQ(b.takeOver(3 * kLease, kLease), 1);
}

// --- through the mailer

TEST_P(MailQueueTest, AMailOutlivesItsServer) {
  {
    const auto first = cutOff();
    for (int i = 0; i < 3; ++i) first->send(mailTo("ada@example.org"));
    EXPECT_TRUE(eventually([&] { return !first->trouble().empty(); }));
    EXPECT_TRUE(eventually([&] { return first->queued() == 3; }));
  }
  EXPECT_EQ(store_->rows(), 3);
  const auto second = mailer();
  EXPECT_TRUE(eventually([&] { return store_->rows() == 0; }));
  EXPECT_EQ(delivered(), 3u);
  EXPECT_EQ(second->trouble(), "");
}

// kill -9 leaves the rows as they are: with the name of the server.
TEST_P(MailQueueTest, AServerThatWasKilledSendsAtItsNextStartAndOthersAfterALease) {
  auto killed = store_->queue("a");
  ASSERT_TRUE(add(killed, "1", store_->now(), store_->now() + kHour));
  killed.beat();
  {
    const auto again = mailer("a");
    EXPECT_TRUE(eventually([&] { return delivered() == 1; }));
  }
  ASSERT_TRUE(add(killed, "2", store_->now(), store_->now() + kHour));
  killed.beat();
  const auto other = mailer("b");
  EXPECT_TRUE(eventually([&] { return delivered() == 2; }));
  EXPECT_TRUE(eventually([&] { return store_->rows() == 0; }));
}

TEST_P(MailQueueTest, SeveralServersSendEachMailOnce) {
  auto options = store_->quick();
  options.lease = std::chrono::minutes(2);  // however slow the machine is, none of them is silent
  const auto a = mailer("a", options);
  const auto b = mailer("b", options);
  const auto c = mailer("c", options);
  std::atomic<int> told{0};
  for (int i = 0; i < 20; ++i) {
    for (auto* server : {a.get(), b.get(), c.get()})
      server->send(mailTo("ada@example.org"),
                   [&](const MailResult& result) { told += result.outcome == MailResult::Outcome::sent ? 1 : 1000; });
  }
  EXPECT_TRUE(eventually([&] { return told == 60; })) << told;
  EXPECT_EQ(delivered(), 60u);
  EXPECT_EQ(store_->rows(), 0);
}

TEST_P(MailQueueTest, AMailsOwnExpiryEndsItsTries) {
  const auto server = cutOff();
  const auto day = store_->now() + 24 * kHour;
  std::atomic<int> gone{0};
  const auto send = [&](std::int64_t expiresAt) {
    auto mail = mailTo("ada@example.org");
    mail.expiresAt = expiresAt;
    server->send(mail, [&](const MailResult& result) { gone += result.outcome == MailResult::Outcome::gaveUp; });
  };
  send(store_->now() + kHour);
  send(store_->now() + 48 * kHour);  // a day all the same
  send(0);
  EXPECT_LT(store_->number("max(expires_at)"), day + kHour);
  store_->advance(std::chrono::minutes(61));
  EXPECT_TRUE(eventually([&] { return gone == 1; }));
  EXPECT_EQ(store_->rows(), 2);
  send(store_->now() - 1);  // too late at once
  EXPECT_TRUE(eventually([&] { return gone == 2; }));
  store_->advance(std::chrono::hours(24));
  EXPECT_TRUE(eventually([&] { return gone == 4; }));
  EXPECT_EQ(store_->rows(), 0) << "rows of mails that were given up go";
}

TEST_P(MailQueueTest, MetricsAndLogTellOfMailsWithoutTheirTextOrAddress) {
  ::testing::internal::CaptureStderr();
  {
    const auto server = mailer();
    server->send(mailTo("ada@example.org"));
    EXPECT_TRUE(eventually([&] { return store_->rows() == 0; }));
  }
  {
    const auto server = cutOff();
    server->send(mailTo("ada@example.org"));
    EXPECT_TRUE(eventually([&] { return !store_->lastFailure().empty(); })) << "the try has failed, not only begun";
    store_->advance(std::chrono::hours(25));
    EXPECT_TRUE(eventually([&] { return store_->rows() == 0; }));
  }
  log::flush();
  const auto lines = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(lines.find("mail given up"), std::string::npos) << lines;
  EXPECT_NE(lines.find("mails can't be delivered"), std::string::npos) << lines;
  for (const char* part : {"ada@", "Your code", "987654", "secret-link"})
    EXPECT_EQ(lines.find(part), std::string::npos) << lines;
  const auto page = store_->metrics().render();
  EXPECT_NE(page.find("mortise_mails_queued_total 2"), std::string::npos) << page;
  EXPECT_NE(page.find("mortise_mails_sent_total 1"), std::string::npos) << page;
  EXPECT_NE(page.find("mortise_mails_given_up_total{reason=\"expired\"} 1"), std::string::npos) << page;
  EXPECT_NE(page.find("mortise_mails_given_up_total{reason=\"refused\"} 0"), std::string::npos) << page;
}

TEST_P(MailQueueTest, AMailThatCantBeReadHoldsUpNoOther) {
  auto queue = store_->queue("a");
  ASSERT_TRUE(add(queue, "1", 0, store_->now() + kHour));
  store_->sql("UPDATE mortise_mails SET sealed = 'v1.rubbish'");
  const auto server = mailer();
  server->send(mailTo("ada@example.org"));
  EXPECT_TRUE(eventually([&] { return delivered() == 1; }));
  EXPECT_TRUE(eventually([&] { return store_->lastFailure().find("sealed") != std::string::npos; }));
  EXPECT_TRUE(eventually([&] { return store_->rows() == 1; })) << "the right secret may come back";
}

TEST_P(MailQueueTest, AMailIsQueuedWithTheTransactionOfItsThread) {
  const auto server = cutOff();
  std::atomic<int> dropped{0};
  const auto inTransaction = [&](const std::function<void(db::Connection&)>& end) {
    const auto connection = store_->database().lease(db::Access::write);
    connection->begin();
    const auto joined = connection->join();
    server->send(mailTo("ada@example.org"), [&](const MailResult& result) {
      if (result.outcome == MailResult::Outcome::stopped) ++dropped;
    });
    std::thread([&] { EXPECT_EQ(store_->rows(), 0) << "before the commit nobody sees it"; }).join();
    end(*connection);
  };
  inTransaction([](db::Connection& connection) { connection.rollback(); });
  EXPECT_EQ(store_->rows(), 0);
  EXPECT_EQ(dropped, 1);
  inTransaction([](db::Connection&) {});  // left open
  EXPECT_EQ(store_->rows(), 0);
  EXPECT_EQ(dropped, 2);
  inTransaction([](db::Connection& connection) { connection.commit(); });
  EXPECT_EQ(store_->rows(), 1);
  EXPECT_EQ(dropped, 2);
  EXPECT_TRUE(eventually([&] { return server->queued() == 1; }));
}

TEST_P(MailQueueTest, AMailOfAPlainTransactionIsQueuedAfterIt) {
  const auto server = cutOff();
  {
    const auto connection = store_->database().lease(db::Access::write);
    connection->begin();
    server->send(mailTo("ada@example.org"));
    connection->rollback();
  }
  EXPECT_TRUE(eventually([&] { return store_->rows() == 1; })) << "it took no part in it";
}

}  // namespace
}  // namespace mortise::services::mail
