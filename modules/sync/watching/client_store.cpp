#include "watching/client_store.hpp"

#include <mortise/characters.hpp>
#include <mortise/rows.hpp>

#include "utf8.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;

// Its first `most` characters, if it says anything that a database takes.
std::optional<std::string> cut(const std::optional<std::string>& text, std::size_t most) {
  if (!text || text->empty() || !utf8::isText(*text)) return std::nullopt;
  return mortise::firstCharacters(*text, most);
}

}  // namespace

std::optional<KnownClient> ClientStore::find(std::string_view userId) const {
  return db::find<KnownClient>(db_, userId);
}

void ClientStore::notePush(std::string_view userId, const ClientNames& client, mortise::Time now) const {
  constexpr std::size_t kVersion = 20, kPlatform = 50, kDevice = 100;
  const auto version = cut(client.version, kVersion), platform = cut(client.platform, kPlatform),
             device = cut(client.device, kDevice);
  db_.execute(
      "INSERT INTO sync_clients (user_id, version, platform, device, last_sync_at) "
      "VALUES (:user, :version, :platform, :device, :now) ON CONFLICT (user_id) DO UPDATE SET "
      "version = COALESCE(excluded.version, sync_clients.version), "
      "platform = COALESCE(excluded.platform, sync_clients.platform), "
      "device = COALESCE(excluded.device, sync_clients.device), last_sync_at = excluded.last_sync_at",
      {{"user", userId}, {"version", version}, {"platform", platform}, {"device", device}, {"now", now}});
}

void ClientStore::noteHealth(std::string_view userId, std::string_view watchers, mortise::Time now) const {
  db_.execute(
      "INSERT INTO sync_clients (user_id, capture_health, reported_at) VALUES (:user, :watchers, :now) "
      "ON CONFLICT (user_id) DO UPDATE SET capture_health = excluded.capture_health, reported_at = "
      "excluded.reported_at",
      {{"user", userId}, {"watchers", watchers}, {"now", now}});
}

void ClientStore::accountRemoved(const mortise::Transaction& tx, std::string_view userId) {
  db_.in(tx).execute("DELETE FROM sync_clients WHERE user_id = :user", {{"user", userId}});
}

}  // namespace session_sharing
