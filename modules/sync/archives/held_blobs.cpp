#include "archives/held_blobs.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>

namespace session_sharing {
namespace {

namespace db = mortise::db;
using mortise::Problem;

constexpr std::chrono::hours kYoung{24};  // may belong to a push that goes on
constexpr std::size_t kPage = 500;

// Every table whose rows name blobs, by the column that does.
constexpr const char* kHolders[] = {
    "sync_captured_sessions",
    "sync_message_indexes",
    "sync_upload_parts",
};

// Locks the row of a blob, which exists from then on. An INSERT that meets another transaction's row waits for that
// one.
constexpr const char* kLock =
    "INSERT INTO sync_blobs (blob_key, changed_at) VALUES (:key, :now) "
    "ON CONFLICT (blob_key) DO UPDATE SET changed_at = excluded.changed_at";

bool isHeld(db::Session& session, std::string_view key) {
  return std::any_of(std::begin(kHolders), std::end(kHolders), [&](const char* table) {
    return session
        .queryOne<std::int64_t>(std::string("SELECT 1 FROM ") + table + " WHERE blob_key = :key LIMIT 1",
                                {{"key", key}})
        .has_value();
  });
}

// The index of messages that hangs on an archive that is going; its key.
std::optional<std::string> dropIndex(db::Session& session, std::string_view archiveKey) {
  return session.queryOne<std::string>("DELETE FROM sync_message_indexes WHERE archive_key = :key RETURNING blob_key",
                                       {{"key", archiveKey}});
}

}  // namespace

HeldBlobs::HeldBlobs(mortise::Host host) : log_(host.log()), db_(host.db()), blobs_(host.blobs()) {}

bool HeldBlobs::hold(mortise::Transaction& tx, std::string_view key) const {
  tx.execute(kLock, {{"key", key}, {"now", mortise::now()}});
  if (blobs_.stat(key)) return true;
  tx.execute("DELETE FROM sync_blobs WHERE blob_key = :key", {{"key", key}});
  return false;
}

bool HeldBlobs::drop(std::string_view key) const {
  std::optional<std::string> index;
  try {
    // Not a Transaction: there the removal would wait for the commit, and by then a row may name the blob.
    const bool removed = db_.transaction([&](db::Session& session) {
      session.execute(kLock, {{"key", key}, {"now", mortise::now()}});
      if (isHeld(session, key)) return false;
      index = dropIndex(session, key);
      session.execute("DELETE FROM sync_blobs WHERE blob_key = :key", {{"key", key}});
      blobs_.remove(key);
      return true;
    });
    if (!removed) return false;
  } catch (const Problem& problem) {
    log_.warning("a blob is left to the sweep", {{"blob", key}, {"error", problem.note()}});
    return false;
  } catch (const std::exception& error) {
    log_.warning("a blob is left to the sweep", {{"blob", key}, {"error", error.what()}});
    return false;
  }
  if (index) drop(*index);
  return true;
}

std::vector<std::string> HeldBlobs::unheld(const std::vector<std::string>& keys) const {
  db::Where where;
  where.in("blob_key", keys);
  std::vector<std::string> held;
  for (const auto* table : kHolders) {
    const auto sql = std::string("SELECT blob_key FROM ") + table + " " + where.text();
    for (auto& key : db_.query<std::string>(sql, where.parameters())) held.push_back(std::move(key));
  }
  std::sort(held.begin(), held.end());
  std::vector<std::string> out;
  for (const auto& key : keys) {
    if (!std::binary_search(held.begin(), held.end(), key)) out.push_back(key);
  }
  return out;
}

void HeldBlobs::sweep(mortise::JobRun& run) {
  const auto old = mortise::now() - kYoung;
  std::int64_t removed = 0;
  std::string after;
  while (!run.cancelled()) {
    const auto blobs = blobs_.list({}, after, kPage);
    std::vector<std::string> keys;
    for (const auto& blob : blobs) {
      if (mortise::timeOf(blob.storedAt) < old) keys.push_back(blob.key);
    }
    for (const auto& key : unheld(keys)) removed += drop(key) ? 1 : 0;
    if (blobs.size() < kPage) break;
    after = blobs.back().key;
  }
  run.output("removed " + std::to_string(removed) + " blobs without a session");
  if (removed == 0) return;
  log_.info("blobs without a session removed", {{"count", removed}});
  run.report({.target = "archives of sessions", .deleted = removed});
}

}  // namespace session_sharing
