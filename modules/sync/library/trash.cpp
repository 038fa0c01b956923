#include "library/trash.hpp"

#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <exception>
#include <limits>
#include <utility>

namespace session_sharing {
namespace {

namespace json = mortise::json;

constexpr std::size_t kPage = 100;

}  // namespace

Trash::Trash(mortise::Host host, const HeldBlobs& held, std::vector<SessionRemoval*> removals)
    : db_(host.db()),
      log_(host.log()),
      audit_(host.audit()),
      store_(host.db()),
      held_(held),
      removals_(std::move(removals)),
      purged_(host.metrics().counter("captured_sessions_purged_total", "Captured sessions removed for good")) {}

Trash::Purge Trash::purge(const std::function<bool()>& enough) const {
  Purge out;
  const auto now = mortise::now();
  CapturedSessionStore::Due after;
  for (;;) {
    const auto due = store_.due(now, after, kPage);
    for (const auto& one : due) {
      if (enough()) {
        out.isDone = false;
        return out;
      }
      try {
        const auto session = removeRow([&](const auto& store) { return store.purge(one.id, mortise::now()); });
        if (!session) continue;  // taken out of the trash meanwhile
        ++out.sessions;
        out.bytes += session->blobSizeBytes;
        held_.drop(session->blobKey);
      } catch (const std::exception& error) {
        ++out.errors;
        log_.error("a session can't be removed from the trash", {{"session", one.id}, {"reason", error.what()}});
      }
    }
    if (due.size() < kPage) return out;
    after = due.back();
  }
}

bool Trash::erase(std::string_view id) const {
  const auto session = removeRow([&](const auto& store) { return store.erase(id); });
  if (session) held_.drop(session->blobKey);
  return session.has_value();
}

std::optional<CapturedSession> Trash::eraseDeleted(std::string_view id) const {
  constexpr auto kEver = mortise::timeOf(std::numeric_limits<std::int64_t>::max());
  auto session = removeRow([&](const auto& store) { return store.purge(id, kEver); });
  if (session) held_.drop(session->blobKey);
  return session;
}

std::optional<CapturedSession> Trash::removeRow(const Remove& remove) const {
  auto session = db_.transaction([&](mortise::Transaction& tx) {
    auto removed = remove(store_.in(tx));
    if (!removed) return removed;
    for (auto* removal : removals_) removal->sessionRemoved(tx, *removed);
    audit_.in(tx).record("sync.session_purged", "session:" + removed->id, json::object({{"user", removed->userId}}));
    return removed;
  });
  if (session) purged_.add();
  return session;
}

}  // namespace session_sharing
