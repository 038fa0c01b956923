#include "sharing/share_link_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

void ShareLinkStore::add(const ShareLink& link) const {
  db_.transaction([&](db::Session& session) {
    db::insert(session, link);
    const auto count = [&] {
      return db::count<ShareLink>(session, "WHERE session_id = :session", {{"session", link.sessionId}});
    };
    if (count() <= kMaxLinks) return;
    session.execute(
        "DELETE FROM sync_share_links WHERE session_id = :session AND (revoked_at IS NOT NULL OR expires_at <= :now)",
        {{"session", link.sessionId}, {"now", link.createdAt}});
    if (count() > kMaxLinks) throw mortise::Problem(409, "share_links_full").with("most", kMaxLinks);
  });
}

std::optional<ShareLink> ShareLinkStore::findByToken(std::string_view tokenDigest) const {
  return db::row<ShareLink>(db_, "WHERE token_digest = :digest", {{"digest", tokenDigest}});
}

bool ShareLinkStore::revoke(std::string_view sessionId, std::string_view linkId, mortise::Time now) const {
  return db_.execute(
             "UPDATE sync_share_links SET revoked_at = COALESCE(revoked_at, :now) "
             "WHERE id = :id AND session_id = :session",
             {{"now", now}, {"id", linkId}, {"session", sessionId}}) > 0;
}

void ShareLinkStore::revokeAllOf(std::string_view sessionId, mortise::Time now) const {
  db_.execute("UPDATE sync_share_links SET revoked_at = :now WHERE session_id = :session AND revoked_at IS NULL",
              {{"now", now}, {"session", sessionId}});
}

void ShareLinkStore::removeAllOf(std::string_view sessionId) const {
  db_.execute("DELETE FROM sync_share_links WHERE session_id = :session", {{"session", sessionId}});
}

std::int64_t ShareLinkStore::purge(mortise::Time before, std::size_t limit) const {
  return db_.execute(
      "DELETE FROM sync_share_links WHERE id IN "
      "(SELECT id FROM sync_share_links WHERE expires_at < :before ORDER BY expires_at, id LIMIT :limit)",
      {{"before", before}, {"limit", limit}});
}

}  // namespace session_sharing
