#include "library/captured_session_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <chrono>
#include <utility>

#include "library/session_listing.hpp"
#include "library/tool_family.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;

constexpr std::chrono::days kTrashTime{30};

// Nothing else changes the row until the transaction ends.
template <class Connection>
bool lock(Connection& connection, std::string_view id, bool isDeleted) {
  return connection.execute(
             "UPDATE sync_captured_sessions SET user_id = user_id WHERE id = :id AND is_deleted = :deleted",
             {{"id", id}, {"deleted", isDeleted}}) > 0;
}

bool isAliasTaken(db::Session& session, std::string_view userId, std::string_view alias, std::string_view exceptId) {
  return db::exists<CapturedSession>(session,
                                     "WHERE user_id = :user AND alias = :alias AND is_deleted = 0 AND id <> :id",
                                     {{"user", userId}, {"alias", alias}, {"id", exceptId}});
}

void dropTakenAlias(db::Session& session, CapturedSession& captured) {
  if (captured.alias && isAliasTaken(session, captured.userId, *captured.alias, captured.id)) captured.alias.reset();
}

// What `work`, a transaction or a savepoint of one, returns. An alias that another request gives away at this moment is
// not to be seen before the unique index tells of it: the next attempt finds it taken.
template <class Work>
auto seeingTakenAliases(const Work& work) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    try {
      return work();
    } catch (const db::Error& error) {
      if (error.kind() != db::Error::Kind::exists || attempt == kAttempts) throw;
    }
  }
}

void bringBack(CapturedSession& captured) {
  captured.isDeleted = false;
  captured.deletedAt.reset();
  captured.deletedBy.reset();
  captured.deleteScope.reset();
  captured.purgeAfter.reset();
}

void write(db::Session& session, CapturedSession& captured) {
  captured.toolFamily = toolFamilyOf(captured.metadata.sourceTool);
  db::update(session, captured);
  SessionListing::relist(session, captured);
}

void eraseRow(db::Session& session, std::string_view id) {
  db::remove<CapturedSession>(session, id);
  SessionListing::unlist(session, id);
}

}  // namespace

std::optional<CapturedSession> CapturedSessionStore::find(std::string_view id) const {
  return db::find<CapturedSession>(db_, id);
}

std::optional<CapturedSession> CapturedSessionStore::findOwn(std::string_view userId,
                                                             std::string_view idOrAlias) const {
  if (auto session = find(idOrAlias); session && session->userId == userId) return session;
  return db::row<CapturedSession>(db_, "WHERE user_id = :user AND alias = :alias AND is_deleted = 0",
                                  {{"user", userId}, {"alias", idOrAlias}});
}

bool CapturedSessionStore::put(CapturedSession captured) const {
  captured.toolFamily = toolFamilyOf(captured.metadata.sourceTool);
  try {
    db_.transaction([&](db::Session& session) {
      db::insert(session, captured);
      SessionListing::relist(session, captured);
    });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

std::optional<std::string> CapturedSessionStore::replaceIf(CapturedSession captured,
                                                           const ExpectedState& expected) const {
  const auto replace = [&](db::Session& session) -> std::optional<std::string> {
    db::Where where;
    where.equals("id", captured.id).equals("user_id", captured.userId).equals("is_deleted", expected.isDeleted);
    where.equals("etag", db::ifSent(expected.etag));
    // The comparison and the lock are one statement.
    const auto held = session.queryOne<std::string, std::optional<std::string>>(
        "UPDATE sync_captured_sessions SET user_id = user_id " + where.text() + " RETURNING blob_key, alias",
        where.parameters());
    if (!held) return std::nullopt;
    captured.alias = std::get<1>(*held);
    if (expected.isDeleted && !captured.isDeleted) dropTakenAlias(session, captured);
    write(session, captured);
    return std::get<0>(*held);
  };
  return seeingTakenAliases([&] { return db_.transaction(replace); });
}

std::optional<CapturedSession> CapturedSessionStore::changeLocked(std::string_view id, bool isDeleted,
                                                                  const Change& change) const {
  return db_.transaction([&](db::Session& session) -> std::optional<CapturedSession> {
    if (!lock(session, id, isDeleted)) return std::nullopt;
    auto captured = db::find<CapturedSession>(session, id).value();
    change(session, captured);
    write(session, captured);
    return captured;
  });
}

std::optional<CapturedSession> CapturedSessionStore::change(std::string_view id, const SessionChange& change,
                                                            mortise::Time now) const {
  try {
    return changeLocked(id, false, [&](db::Session& session, CapturedSession& captured) {
      if (change.title) captured.metadata.title = *change.title;
      if (change.tags) captured.metadata.tags = *change.tags;
      if (change.alias) captured.alias = *change.alias;
      if (change.alias && *change.alias && isAliasTaken(session, captured.userId, **change.alias, id))
        throw mortise::Problem(409, "alias_taken");
      captured.updatedAt = now;
    });
  } catch (const db::Error& error) {
    // Another request gave the alias away at this moment: the unique index tells.
    if (error.kind() != db::Error::Kind::exists) throw;
    throw mortise::Problem(409, "alias_taken");
  }
}

std::optional<CapturedSession> CapturedSessionStore::moveToTrash(std::string_view id, std::string_view scope,
                                                                 std::string_view deletedBy, mortise::Time now) const {
  return changeLocked(id, false, [&](db::Session&, CapturedSession& captured) {
    captured.isDeleted = true;
    captured.deletedAt = now;
    captured.deletedBy = std::string(deletedBy);
    captured.deleteScope = std::string(scope);
    captured.purgeAfter = now + kTrashTime;
  });
}

std::optional<CapturedSession> CapturedSessionStore::takeFromTrash(std::string_view id) const {
  std::optional<CapturedSession> lay;
  const auto back = seeingTakenAliases([&] {
    return changeLocked(id, true, [&](db::Session& session, CapturedSession& captured) {
      lay = captured;
      dropTakenAlias(session, captured);
      bringBack(captured);
    });
  });
  return back ? lay : std::nullopt;
}

std::vector<CapturedSessionStore::Due> CapturedSessionStore::due(mortise::Time now, const Due& after,
                                                                 std::size_t limit) const {
  std::vector<Due> out;
  db_.each<std::string, mortise::Time>(
      "SELECT id, purge_after FROM sync_captured_sessions WHERE purge_after <= :now "
      "AND (purge_after, id) > (:time, :id) ORDER BY purge_after, id LIMIT :limit",
      {{"now", now}, {"time", after.purgeAfter}, {"id", after.id}, {"limit", limit}},
      [&](std::string id, mortise::Time purgeAfter) {
        out.push_back({std::move(id), purgeAfter});
      });
  return out;
}

std::optional<CapturedSession> CapturedSessionStore::findInTrash(std::string_view userId,
                                                                 std::string_view alias) const {
  return db::row<CapturedSession>(
      db_, "WHERE user_id = :user AND alias = :alias AND is_deleted = 1 ORDER BY deleted_at DESC LIMIT 1",
      {{"user", userId}, {"alias", alias}});
}

std::optional<CapturedSession> CapturedSessionStore::purge(std::string_view id, mortise::Time now) const {
  return db_.transaction([&](db::Session& session) -> std::optional<CapturedSession> {
    if (!lock(session, id, true)) return std::nullopt;
    auto captured = db::find<CapturedSession>(session, id).value();
    if (!captured.purgeAfter || *captured.purgeAfter > now) return std::nullopt;
    eraseRow(session, id);
    return captured;
  });
}

std::optional<CapturedSession> CapturedSessionStore::erase(std::string_view id) const {
  return db_.transaction([&](db::Session& session) -> std::optional<CapturedSession> {
    if (!lock(session, id, false) && !lock(session, id, true)) return std::nullopt;
    auto captured = db::find<CapturedSession>(session, id).value();
    eraseRow(session, id);
    return captured;
  });
}

std::vector<std::string> CapturedSessionStore::idsOf(std::string_view userId, std::string_view after,
                                                     std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT id FROM sync_captured_sessions WHERE user_id = :user AND id > :after ORDER BY id LIMIT :limit",
      {{"user", userId}, {"after", after}, {"limit", limit}});
}

bool CapturedSessionStore::hold(std::string_view id) const { return lock(db_, id, false); }

bool CapturedSessionStore::holdAny(std::string_view id) const { return hold(id) || lock(db_, id, true); }

bool CapturedSessionStore::holds(std::string_view blobKey) const {
  return db::exists<CapturedSession>(db_, "WHERE blob_key = :key", {{"key", blobKey}});
}

}  // namespace session_sharing
