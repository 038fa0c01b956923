// What goes with an account: its settings, secrets, claims of installations, comments that wait, and reports.
#pragma once

#include <mortise/db.hpp>

#include <string_view>

#include "library/account_removal.hpp"

namespace session_sharing {

// As a part of `tx`. An installation of the GitHub App is nobody's again. [worker]
void removeSettingsOf(const mortise::Transaction& tx, mortise::Db db, std::string_view userId);

// The same for the job that forgets accounts.
class SettingsRemoval final : public AccountRemoval {
 public:
  explicit SettingsRemoval(mortise::Db db) : db_(db) {}
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override {
    removeSettingsOf(tx, db_, userId);
  }

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
