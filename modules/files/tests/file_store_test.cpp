#include "../file_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>
#include <stdexcept>

namespace files {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using std::chrono::microseconds;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

StoredFile file(const std::string& id, std::optional<std::string> owner, const std::string& blob) {
  StoredFile out;
  out.id = id;
  out.ownerId = std::move(owner);
  out.filename = id + ".txt";
  out.extension = ".txt";
  out.key = "2026/02/24/" + id + ".txt";
  out.mimeType = "text/plain";
  out.detectedType = "text/plain; charset=us-ascii";
  out.size = 5'000'000'000;
  out.sha256 = "5f";
  out.blobKey = blob;
  out.createdAt = kNow;
  return out;
}

class Store : public mortise::testing::DatabaseTest {
 protected:
  Store() : DatabaseTest("files", FILES_SOURCE_DIR "/migrations") {}

  void add(const std::string& id, const std::string& owner, const std::string& blob) {
    store_.add(file(id, owner, blob));
  }
  std::vector<std::string> idsOf(std::optional<std::string_view> owner, std::string_view before, std::size_t limit) {
    std::vector<std::string> ids;
    for (const auto& one : store_.list(owner, before, limit)) ids.push_back(one.id);
    return ids;
  }
  bool remove(const std::string& id) { return store_.remove(store_.find(id).value(), kNow); }
  bool dropped(const std::string& blob) {
    bool removed = false;
    EXPECT_EQ(store_.dropUnheld(blob, [&] { removed = true; }), removed);
    return removed;
  }

  FileStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Store);

TEST_P(Store, KeepsEveryFact) {
  add("01", "ada", "b1");
  const auto found = store_.find("01");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->ownerId, "ada");
  EXPECT_EQ(found->filename, "01.txt");
  EXPECT_EQ(found->extension, ".txt");
  EXPECT_EQ(found->size, 5'000'000'000);
  EXPECT_EQ(found->contentType(), "text/plain");
  EXPECT_EQ(found->detectedType, "text/plain; charset=us-ascii");
  EXPECT_FALSE(found->filepath);
  EXPECT_EQ(found->createdAt, kNow);
  EXPECT_EQ(mortise::json::from(*found).build().text(),
            R"({"id":"01","filename":"01.txt","filepath":null,"key":"2026/02/24/01.txt","extension":".txt",)"
            R"("mime_type":"text/plain","size":5000000000,"user_id":"ada"})");
  EXPECT_EQ(store_.findByKey("2026/02/24/01.txt")->id, "01");
  EXPECT_FALSE(store_.find("02"));
  EXPECT_FALSE(store_.findByKey("01"));
}

TEST_P(Store, FindsManyAtOnce) {
  for (const auto* id : {"01", "02", "03"}) add(id, "ada", "b1");
  std::vector<std::string> ids;
  for (const auto& one : store_.findAll({"03", "01", "04", "03"})) ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"01", "03"}));
  EXPECT_TRUE(store_.findAll({}).empty());
}

TEST_P(Store, AContentGoesWithItsLastFile) {
  add("01", "ada", "b1");
  add("02", "eve", "b1");
  EXPECT_FALSE(dropped("b1"));
  const auto first = store_.find("01").value();
  EXPECT_EQ(first.blobKey, "b1");
  EXPECT_TRUE(store_.remove(first, kNow));
  EXPECT_FALSE(store_.find("01"));
  EXPECT_FALSE(store_.remove(first, kNow));
  EXPECT_FALSE(dropped("b1"));
  EXPECT_TRUE(remove("02"));
  EXPECT_TRUE(dropped("b1"));
  EXPECT_FALSE(dropped("b1"));
  add("03", "ada", "b1");
  EXPECT_FALSE(dropped("b1"));
}

TEST_P(Store, AContentThatCanNotBeRemovedKeepsItsEntry) {
  add("01", "ada", "b1");
  remove("01");
  EXPECT_THROW(store_.dropUnheld("b1", [] { throw std::runtime_error("the store is away"); }), std::runtime_error);
  EXPECT_EQ(store_.unheld(kNow + microseconds(1), "", 10), std::vector<std::string>{"b1"});
  EXPECT_TRUE(dropped("b1"));
}

TEST_P(Store, ARemovalThatIsRolledBackKeepsTheFileAndItsHold) {
  add("01", "ada", "b1");
  const auto one = store_.find("01").value();
  EXPECT_THROW(db().transaction([&](mortise::Transaction& tx) {
    EXPECT_TRUE(store_.in(tx).remove(one, kNow));
    EXPECT_FALSE(store_.in(tx).find("01"));
    throw std::runtime_error("the audit row can't be written");
  }),
               std::runtime_error);
  EXPECT_TRUE(store_.find("01"));
  EXPECT_FALSE(dropped("b1"));
}

TEST_P(Store, TellsOldContentsWithoutFiles) {
  add("01", "ada", "b1");
  for (const char* blob : {"b2", "b3", "b4"}) store_.noticeUnheld(blob, kNow);
  store_.noticeUnheld("b1", kNow);  // is held
  store_.noticeUnheld("b5", kNow + microseconds(5));
  using Keys = std::vector<std::string>;
  EXPECT_EQ(store_.unheld(kNow + microseconds(1), "", 2), (Keys{"b2", "b3"}));
  EXPECT_EQ(store_.unheld(kNow + microseconds(1), "b3", 2), Keys{"b4"});
  EXPECT_EQ(store_.known({"b1", "b5", "b6"}), (Keys{"b1", "b5"}));
  EXPECT_EQ(store_.known({}), Keys{});
}

TEST_P(Store, ListsAnOwnersFilesNewestFirst) {
  for (const char* id : {"01", "03", "02"}) add(id, "ada", "b1");
  add("04", "eve", "b1");
  store_.add(file("05", std::nullopt, "b1"));
  using Ids = std::vector<std::string>;
  EXPECT_EQ(idsOf("ada", "", 2), (Ids{"03", "02"}));
  EXPECT_EQ(idsOf("ada", "02", 2), Ids{"01"});
  EXPECT_EQ(idsOf(std::nullopt, "", 10), Ids{"05"});
  EXPECT_EQ(idsOf("nobody", "", 10), Ids{});
}

TEST_P(Store, FilesOutliveTheirOwner) {
  add("01", "ada", "b1");
  add("02", "eve", "b1");
  EXPECT_EQ(store_.disown("ada"), 1);
  EXPECT_FALSE(store_.find("01")->ownerId);
  EXPECT_EQ(store_.find("02")->ownerId, "eve");
  EXPECT_EQ(store_.disown("ada"), 0);
}

TEST_P(Store, AFilepathComesAndGoes) {
  add("01", "ada", "b1");
  EXPECT_TRUE(store_.setFilepath("01", "/home/ubuntu/01.txt"));
  EXPECT_EQ(store_.find("01")->filepath, "/home/ubuntu/01.txt");
  EXPECT_TRUE(store_.setFilepath("01", std::nullopt));
  EXPECT_FALSE(store_.find("01")->filepath);
  EXPECT_FALSE(store_.setFilepath("02", "/x"));
}

// Of every tenth content no file holds it; all but these belong to one file.
TEST_P(Store, ReadsAlongIndexesHoweverManyFilesThereAre) {
  database().fill("files_blobs", kManyRows,
                  {{"blob_key", "'b' || n"}, {"holders", "CASE n % 10 WHEN 0 THEN 0 ELSE 1 END"}, {"changed_at", "n"}});
  database().fill("files_files", kManyRows,
                  {{"id", "'f' || n"},
                   {"owner_id", "CASE n % 10 WHEN 0 THEN NULL ELSE 'u' || (n % 100) END"},
                   {"filename", "'a.txt'"},
                   {"extension", "'.txt'"},
                   {"object_key", "'k' || n"},
                   {"mime_type", "''"},
                   {"detected_type", "''"},
                   {"size", "1"},
                   {"sha256", "''"},
                   {"blob_key", "'b' || n"},
                   {"created_at", "n"}});
  database().analyze();
  const auto file = store_.find("f5").value();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    EXPECT_EQ(store_.list("u7", "", 20).size(), 20u);
    EXPECT_EQ(store_.list("u7", "f5", 20).size(), 20u);
    EXPECT_EQ(store_.list(std::nullopt, "", 20).size(), 20u);
    EXPECT_EQ(store_.list(std::nullopt, "f5", 20).size(), 20u);
    store_.find("f5");
    store_.findByKey("k5");
    EXPECT_EQ(store_.unheld(kNow, "", 500).size(), 500u);
    EXPECT_EQ(store_.known({"b5", "b6", "x"}).size(), 2u);
    EXPECT_TRUE(store_.remove(file, kNow));
    EXPECT_TRUE(dropped("b5"));
    store_.setFilepath("f6", "/x");
    store_.disown("u7");
  }));
}

TEST_P(Store, FindsContentsWithoutFilesInAnIndexOfThese) {
  for (const auto& statement : database().record([&] { store_.unheld(kNow, "", 500); }))
    EXPECT_NE(planOf(database(), statement).find("files_blobs_unheld"), std::string::npos);
}

}  // namespace
}  // namespace files
