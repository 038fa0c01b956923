// Which module learns of which removed account, on SQLite and PostgreSQL.
#include "core/identity/removed_users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/identity/databases_testing.hpp"
#include "core/identity/identity.hpp"

namespace mortise::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RemovedUsers : public DatabasesTest {
 protected:
  void SetUp() override {
    openDatabase({"mortise_users", "mortise_removed_users", "mortise_removed_user_readers"});
    if (IsSkipped()) return;
    Options options;
    options.secret = std::string(32, 'k');
    if (GetParam() == db::Backend::sqlite) options.revisionFile = directory_.path() + "/identity.revision";
    identity_ = std::make_unique<Identity>(*database_, options);
  }
  std::string user(const std::string& name) {
    NewUser user;
    user.username = name;
    return identity_->create(user).id;
  }
  std::vector<std::string> told(const std::string& module, std::int64_t limit = 100) {
    std::vector<std::string> ids;
    for (const auto& user : identity_->removedUsers(module, limit)) ids.push_back(user.id);
    return ids;
  }

  std::unique_ptr<Identity> identity_;
};
INSTANTIATE_TEST_SUITE_P(Databases, RemovedUsers, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& test) { return test.param == db::Backend::sqlite ? "sqlite" : "postgresql"; });

TEST_P(RemovedUsers, AreToldToEachModuleUntilItAcknowledges) {
  const auto ada = user("ada"), bob = user("bob"), eve = user("eve");
  EXPECT_THAT(told("files"), IsEmpty());
  identity_->remove(bob);
  identity_->remove(ada);
  EXPECT_THAT(told("files"), ElementsAre(bob, ada));
  EXPECT_THAT(told("files", 1), ElementsAre(bob));
  identity_->acknowledgeRemovedUser("files", identity_->removedUsers("files", 1).front().number);
  EXPECT_THAT(told("files"), ElementsAre(ada));
  EXPECT_THAT(told("skills"), ElementsAre(bob, ada)) << "each module acknowledges for itself";
  identity_->acknowledgeRemovedUser("files", identity_->removedUsers("files", 1).front().number);
  identity_->acknowledgeRemovedUser("files", 0);
  EXPECT_THAT(told("files"), IsEmpty()) << "a lower number changes nothing";
  identity_->remove(eve);
  EXPECT_THAT(told("files"), ElementsAre(eve));
}

TEST_P(RemovedUsers, AreNotToldWhenTheRemovalFails) {
  EXPECT_ANY_THROW(identity_->remove("nobody"));
  EXPECT_THAT(told("files"), IsEmpty());
}

TEST_P(RemovedUsers, AreForgottenAfterAWhileAndNumbersGoOn) {
  identity_->remove(user("ada"));
  const auto first = identity_->removedUsers("files", 1).front().number;
  identity_->acknowledgeRemovedUser("files", first);
  sql("UPDATE mortise_removed_users SET removed_at = 1");
  const auto bob = user("bob");
  identity_->remove(bob);
  EXPECT_THAT(told("skills"), ElementsAre(bob));
  EXPECT_THAT(told("files"), ElementsAre(bob)) << "the number of a forgotten removal does not come back";
}

TEST_P(RemovedUsers, MissNobodyWhenManyAreRemovedAtOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(user("user" + std::to_string(i)));
  std::vector<std::thread> removers;
  for (int part = 0; part < 4; ++part)
    removers.emplace_back([&, part] {
      for (int i = part; i < 40; i += 4) identity_->remove(ids[static_cast<std::size_t>(i)]);
    });
  std::vector<std::string> told;
  while (told.size() < ids.size()) {  // a removal that was passed over would leave this waiting
    for (const auto& user : identity_->removedUsers("files", 3)) {
      told.push_back(user.id);
      identity_->acknowledgeRemovedUser("files", user.number);
    }
  }
  for (auto& remover : removers) remover.join();
  EXPECT_THAT(told, testing::UnorderedElementsAreArray(ids));
}

}  // namespace
}  // namespace mortise::identity
