// What is known of a user's clients: the one that pushed last, and what the daemon said of its watchers last.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "library/account_removal.hpp"

namespace session_sharing {

// The headers of a push, cut to what is kept: 20, 50 and 100 characters.
struct ClientNames {
  std::optional<std::string> version;
  std::optional<std::string> platform;
  std::optional<std::string> device;
};

struct KnownClient {
  std::string userId;
  std::optional<std::string> version;
  std::optional<std::string> platform;
  std::optional<std::string> device;
  std::optional<mortise::Time> lastSyncAt;
  std::optional<std::string> captureHealth;  // JSON list
  std::optional<mortise::Time> reportedAt;

  static constexpr auto kFields = mortise::fields(
      "sync_clients", mortise::field("user_id", &KnownClient::userId).key(),
      mortise::field("version", &KnownClient::version), mortise::field("platform", &KnownClient::platform),
      mortise::field("device", &KnownClient::device), mortise::field("last_sync_at", &KnownClient::lastSyncAt),
      mortise::field("capture_health", &KnownClient::captureHealth),
      mortise::field("reported_at", &KnownClient::reportedAt));
};

// [worker]
class ClientStore : public AccountRemoval {
 public:
  explicit ClientStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ClientStore in(const mortise::Transaction& tx) const { return ClientStore(db_.in(tx)); }

  std::optional<KnownClient> find(std::string_view userId) const;
  // A push: the time, and the names that the client gave; what it does not give stays.
  void notePush(std::string_view userId, const ClientNames& client, mortise::Time now) const;
  // `watchers`: JSON list.
  void noteHealth(std::string_view userId, std::string_view watchers, mortise::Time now) const;
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
