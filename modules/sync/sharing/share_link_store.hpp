// The table of links to captured sessions: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sharing/share_link.hpp"

namespace session_sharing {

// Every member throws db::Error. [worker]
class ShareLinkStore {
 public:
  // Of one session. Several requests at once may go past it by a few.
  static constexpr std::int64_t kMaxLinks = 1000;

  explicit ShareLinkStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ShareLinkStore in(const mortise::Transaction& tx) const { return ShareLinkStore(db_.in(tx)); }

  // Problem 409 share_links_full: the session has kMaxLinks links that live.
  void add(const ShareLink& link) const;
  std::optional<ShareLink> findByToken(std::string_view tokenDigest) const;
  // True when it is revoked now, also when it was before. False: the session has no such link.
  bool revoke(std::string_view sessionId, std::string_view linkId, mortise::Time now) const;
  // Every link of a session.
  void revokeAllOf(std::string_view sessionId, mortise::Time now) const;
  void removeAllOf(std::string_view sessionId) const;
  // Removes links that ended before `before`, at most `limit`; returns how many.
  std::int64_t purge(mortise::Time before, std::size_t limit) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
