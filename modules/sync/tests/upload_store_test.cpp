#include "uploads/upload_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/rows.hpp>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>
#include <mortise/time.hpp>

namespace session_sharing {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::planOf;
using mortise::testing::plansAreIndexed;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class Uploads : public mortise::testing::DatabaseTest {
 protected:
  Uploads() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  static Upload upload(const std::string& id, const std::string& user = "ada") {
    Upload out;
    out.id = id;
    out.userId = user;
    out.sessionId = "ses_12345678";
    out.totalSize = 20;
    out.sha256 = std::string(64, 'a');
    out.partSize = 8;
    out.partCount = 3;
    out.createdAt = kBegin;
    out.expiresAt = kBegin + 24h;
    return out;
  }
  static UploadPart part(const std::string& upload, std::int64_t number, const std::string& key = "sync/1") {
    return {upload, number, key, 8, std::string(64, 'b')};
  }
  std::string status(const std::string& id) const {
    return std::string(mortise::detail::nameOf(store_.find(id).value().status));
  }

  static constexpr mortise::Time kBegin = mortise::Time(std::chrono::microseconds(1'000'000));
  UploadStore store_{db()};
  std::optional<std::string> replaced_;
};
MORTISE_ON_EVERY_DATABASE(Uploads);

TEST_P(Uploads, AreAFewPerUser) {
  EXPECT_TRUE(store_.add(upload("1"), 2));
  EXPECT_TRUE(store_.add(upload("2"), 2));
  EXPECT_FALSE(store_.add(upload("3"), 2));
  EXPECT_TRUE(store_.add(upload("4", "bob"), 2));
  EXPECT_TRUE(store_.end("1", UploadStatus::aborted));
  EXPECT_TRUE(store_.add(upload("5"), 2));
  auto late = upload("6");
  late.createdAt = kBegin + 25h;  // the others are over by then
  EXPECT_TRUE(store_.add(late, 2));
}

TEST_P(Uploads, KeepParts) {
  store_.add(upload("1"), 3);
  EXPECT_TRUE(store_.putPart(part("1", 2, "sync/2"), replaced_));
  EXPECT_EQ(replaced_, std::nullopt);
  EXPECT_TRUE(store_.putPart(part("1", 1, "sync/1"), replaced_));
  EXPECT_TRUE(store_.putPart(part("1", 2, "sync/3"), replaced_));
  EXPECT_EQ(replaced_, "sync/2");
  const auto parts = store_.parts("1");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].number, 1);
  EXPECT_EQ(parts[1].blobKey, "sync/3");
  EXPECT_THAT(store_.takeParts("1"), IsEmpty()) << "it goes on";
  store_.end("1", UploadStatus::aborted);
  EXPECT_FALSE(store_.putPart(part("1", 3), replaced_));
  EXPECT_THAT(store_.endedWithParts(10), ElementsAre("1"));
  EXPECT_THAT(store_.takeParts("1"), testing::UnorderedElementsAre("sync/1", "sync/3"));
  EXPECT_THAT(store_.parts("1"), IsEmpty());
  EXPECT_THAT(store_.endedWithParts(10), IsEmpty());
}

TEST_P(Uploads, AreCompletedOnce) {
  store_.add(upload("1"), 3);
  EXPECT_TRUE(store_.claim("1", kBegin + 1min));
  EXPECT_FALSE(store_.claim("1", kBegin + 2min));
  EXPECT_FALSE(store_.putPart(part("1", 1), replaced_));
  EXPECT_FALSE(store_.claim("1", kBegin + 31min));
  EXPECT_TRUE(store_.claim("1", kBegin + 32min)) << "the first one is dead";
  store_.release("1");
  EXPECT_EQ(status("1"), "pending");
  EXPECT_TRUE(store_.claim("1", kBegin + 33min));
  store_.releaseAll();
  EXPECT_EQ(status("1"), "pending");
  EXPECT_TRUE(store_.claim("1", kBegin + 34min));
  store_.complete("1", 201, "{}");
  EXPECT_EQ(status("1"), "completed");
  EXPECT_EQ(store_.find("1")->answerStatus, 201);
  EXPECT_EQ(store_.find("1")->answer, "{}");
  EXPECT_FALSE(store_.claim("1", kBegin + 99min));
  store_.releaseAll();
  EXPECT_EQ(status("1"), "completed");
  EXPECT_FALSE(store_.end("1", UploadStatus::aborted));
  store_.release("1");
  EXPECT_EQ(status("1"), "completed");
}

TEST_P(Uploads, Expire) {
  store_.add(upload("1"), 3);
  store_.add(upload("2"), 3);
  store_.claim("2", kBegin + 24h - 1min);
  EXPECT_THAT(store_.overdue(kBegin + 23h, 10), IsEmpty());
  EXPECT_FALSE(store_.claim("1", kBegin + 24h));
  EXPECT_THAT(store_.overdue(kBegin + 24h, 10), ElementsAre("1")) << "a completion goes on";
  EXPECT_THAT(store_.overdue(kBegin + 25h, 10), testing::UnorderedElementsAre("1", "2"));
  store_.end("1", UploadStatus::expired);
  EXPECT_EQ(store_.forget(kBegin + 24h), 0);
  EXPECT_EQ(store_.forget(kBegin + 48h), 1);
  EXPECT_EQ(store_.find("1"), std::nullopt);
  EXPECT_EQ(status("2"), "completing");
}

TEST_P(Uploads, EndWithTheirAccount) {
  store_.add(upload("1"), 3);
  store_.add(upload("2", "bob"), 3);
  store_.putPart(part("1", 1), replaced_);
  db().transaction([&](mortise::Transaction& tx) { store_.accountRemoved(tx, "ada"); });
  EXPECT_EQ(status("1"), "aborted");
  EXPECT_EQ(status("2"), "pending");
  EXPECT_THAT(store_.endedWithParts(10), ElementsAre("1"));
}

TEST_P(Uploads, AreReachedByAnIndex) {
  database().fill("sync_uploads", kManyRows,
                  {{"id", "'up_' || n"},
                   {"user_id", "'user' || (n % 1000)"},
                   {"session_id", "'ses_12345678'"},
                   {"total_size", "20"},
                   {"sha256", "'a'"},
                   {"part_size", "8"},
                   {"part_count", "3"},
                   {"status", "CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'completed' END"},
                   {"created_at", "n"},
                   {"expires_at", "n"},
                   {"has_parts", "CASE WHEN n % 500 = 0 THEN 1 ELSE 0 END"}});
  database().fill("sync_upload_parts", kManyRows,
                  {{"upload_id", "'up_' || (500 + n % 200 * 500)"},
                   {"part_number", "n"},
                   {"blob_key", "'sync/' || n"},
                   {"size", "8"},
                   {"sha256", "'b'"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("up_1");
    store_.parts("up_1");
    store_.add(upload("new", "user1"), 3);
    store_.putPart(part("up_1000", 1), replaced_);
    store_.claim("up_1", kBegin);
    EXPECT_EQ(store_.overdue(kBegin, 1000).size(), 100U);
    EXPECT_EQ(store_.endedWithParts(1000).size(), 100U);
    EXPECT_EQ(store_.takeParts("up_500").size(), 500U);
    EXPECT_EQ(store_.endedWithParts(1000).size(), 99U);
    EXPECT_EQ(store_.forget(kBegin - 998'000us), 1997) << "one of 1999 goes on, and one has parts";
    db().transaction([&](mortise::Transaction& tx) { store_.accountRemoved(tx, "user7"); });
  }));
  // An index by time alone holds every upload that ended in the last days, too.
  for (const auto& statement : database().record([&] { store_.overdue(kBegin, 1000); }))
    EXPECT_NE(planOf(database(), statement).find("sync_uploads_open"), std::string::npos);
  for (const auto& statement : database().record([&] { store_.endedWithParts(1000); }))
    EXPECT_NE(planOf(database(), statement).find("sync_uploads_with_parts"), std::string::npos);
}

}  // namespace
}  // namespace session_sharing
