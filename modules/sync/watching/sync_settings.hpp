// What a user's clients push by themselves.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "library/account_removal.hpp"

namespace session_sharing {

struct SyncSettings {
  std::string userId;
  std::string mode = "off";  // off, all, selective
  std::int64_t debounceSeconds = 30;

  static constexpr auto kFields = mortise::fields(
      "sync_settings", mortise::field("user_id", &SyncSettings::userId).key().hidden(),
      mortise::field("mode", &SyncSettings::mode), mortise::field("debounce_seconds", &SyncSettings::debounceSeconds));
};

// [worker]
class SyncSettingsStore : public AccountRemoval {
 public:
  explicit SyncSettingsStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  SyncSettingsStore in(const mortise::Transaction& tx) const { return SyncSettingsStore(db_.in(tx)); }

  // The defaults where nothing was set.
  SyncSettings of(std::string_view userId) const;
  void put(const SyncSettings& settings) const;
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
