#include "watching/storage_interface.hpp"

#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

mortise_str borrowed(const std::optional<std::string>& text) {
  return text ? mortise_str{text->data(), text->size()} : mortise_str{"", 0};
}

}  // namespace

mortise_sync_client mortise::Crossing<session_sharing::KnownClient>::to(const session_sharing::KnownClient& client) {
  mortise_sync_client c{};
  c.struct_size = sizeof c;
  c.version = borrowed(client.version);
  c.platform = borrowed(client.platform);
  c.device = borrowed(client.device);
  c.last_sync_at = client.lastSyncAt ? mortise::micros(*client.lastSyncAt) : 0;
  return c;
}

namespace session_sharing {

using mortise::Served;

StorageInterface::StorageInterface(mortise::Host host, const TierLimits& limits)
    : Serving(host.log(), "the storage of captured sessions can't be read"),
      orgs_(host.orgs()),
      listing_(host.db()),
      clients_(host.db()),
      limits_(limits),
      table_{sizeof table_,
             this,
             Served<&StorageInterface::usedByUser>::call,
             Served<&StorageInterface::usedByOrg>::call,
             Served<&StorageInterface::lastClient>::call,
             Served<&StorageInterface::captureHealth>::call,
             Served<&StorageInterface::allowanceOf>::call} {}

std::int64_t StorageInterface::usedByUser(std::string_view userId) { return listing_.stored(userId).bytes; }

std::int64_t StorageInterface::usedByOrg(std::string_view orgId) {
  if (!orgs_.find(orgId)) return 0;
  std::vector<std::string> members;
  for (const auto& member : orgs_.members(orgId)) members.push_back(member.userId);
  return listing_.bytesOf(members);
}

void StorageInterface::lastClient(std::string_view userId, const mortise::Sink<KnownClient>& sink) {
  if (const auto client = clients_.find(userId); client && client->lastSyncAt) sink(*client);
}

void StorageInterface::captureHealth(std::string_view userId, const mortise::Sink<std::string>& sink) {
  if (const auto client = clients_.find(userId); client && client->captureHealth) sink(*client->captureHealth);
}

std::int64_t StorageInterface::allowanceOf(std::string_view tier) { return limits_.storageBytes(tier); }

}  // namespace session_sharing
