// The lists of a user's captured sessions, whatever the filters and order, and their sums: how many there are, and how
// many bytes their archives take. A page costs the same however many sessions there are, but for what it passes over.
#pragma once

#include <mortise/db.hpp>
#include <mortise/paging.hpp>
#include <mortise/slice.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"
#include "library/listed_session.hpp"

namespace session_sharing {

// An empty member leaves the filter out.
struct ListQuery {
  enum class Sort { updatedAt, model };

  std::string userId;
  bool isDeleted = false;
  std::string sourceTool;           // its whole family
  std::string tag;                  // exactly
  std::vector<std::string> models;  // one of these; "unknown": those without one
  Sort sort = Sort::updatedAt;
  bool isAscending = false;
};

struct StoredSum {
  std::int64_t sessions = 0;
  std::int64_t bytes = 0;
};

// [worker]
class SessionListing {
 public:
  explicit SessionListing(mortise::Db db) : db_(db) {}
  // The same as a part of a transaction.
  SessionListing in(const mortise::Transaction& tx) const { return SessionListing(db_.in(tx)); }

  // Ordered by time of update and id; or by model, those without one behind all others, and within a model newest
  // first.
  mortise::db::Slice<ListedSession> list(const ListQuery& query, const mortise::Paging& paging) const;
  // Of the user's live sessions.
  StoredSum stored(std::string_view userId) const;

  // Bytes of the archives of all live sessions of these users, each of them given once.
  std::int64_t bytesOf(const std::vector<std::string>& userIds) const;

  // How many tags of a session lists can be filtered by, and how long a tag, a family and a model may be there, in
  // bytes.
  static constexpr std::size_t kMaxTags = 100;
  static constexpr std::size_t kMaxTag = 200;
  static constexpr std::size_t kMaxTool = 100;
  static constexpr std::size_t kMaxModel = 200;

  // In the transaction that wrote its row, with that row locked: the lists show it as it is now.
  static void relist(mortise::db::Session& session, const CapturedSession& captured);
  // The same when its row was removed.
  static void unlist(mortise::db::Session& session, std::string_view sessionId);

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
