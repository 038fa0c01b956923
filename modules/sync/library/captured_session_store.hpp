// The table of captured sessions. A row changes together with what hangs on it (lists, storage, search, share links),
// so that writers of more than the row take it in(tx).
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"

namespace session_sharing {

// What a writer saw of a session; the write is refused when it is otherwise by then.
struct ExpectedState {
  std::optional<std::string> etag;  // empty: any
  bool isDeleted = false;
};

// What an owner changes by hand. An empty optional leaves the field.
struct SessionChange {
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::optional<std::string>> alias;  // empty inside: none any more
};

// Every function that writes keeps the lists and the sums of storage (session_listing.hpp) in the same transaction: its
// own, or that of in(). Throws db::Error. [worker]
class CapturedSessionStore {
 public:
  explicit CapturedSessionStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  CapturedSessionStore in(const mortise::Transaction& tx) const { return CapturedSessionStore(db_.in(tx)); }

  // Anybody's, deleted ones too.
  std::optional<CapturedSession> find(std::string_view id) const;
  // The user's: the one with this id, deleted or not, else the live one with this alias.
  std::optional<CapturedSession> findOwn(std::string_view userId, std::string_view idOrAlias) const;

  // Adds it; toolFamily is filled in. False: the id is taken, by whomever.
  bool put(CapturedSession session) const;
  // Writes all of a session of its user but created_at and the alias, when it is as `expected`; toolFamily is filled
  // in. One that comes back from the trash loses an alias that another one has by now. Returns the key of the blob that
  // it held until now; empty: it is not there, or not as expected.
  std::optional<std::string> replaceIf(CapturedSession session, const ExpectedState& expected) const;

  // The live session after the change; empty: no live one has this id. Problem 409 alias_taken.
  std::optional<CapturedSession> change(std::string_view id, const SessionChange& change, mortise::Time now) const;
  // Into the trash, for the time that purgeAfter says. The session after it; empty: no live one has this id.
  // `scope`: cloud, both.
  std::optional<CapturedSession> moveToTrash(std::string_view id, std::string_view scope, std::string_view deletedBy,
                                             mortise::Time now) const;
  // Out of the trash: the session as it lay there; empty: none of this id does. As for replaceIf() an alias may go.
  std::optional<CapturedSession> takeFromTrash(std::string_view id) const;

  // One whose time in the trash is over.
  struct Due {
    std::string id;
    mortise::Time purgeAfter;
  };
  // At most `limit`, the longest over first, behind `after`.
  std::vector<Due> due(mortise::Time now, const Due& after, std::size_t limit) const;
  // The user's session in the trash with this alias, the last deleted one.
  std::optional<CapturedSession> findInTrash(std::string_view userId, std::string_view alias) const;
  // Removes the row of one whose time is over, for good; the row. Empty: there is none, or it came back.
  std::optional<CapturedSession> purge(std::string_view id, mortise::Time now) const;
  // The same for any session, whatever its state: its account is gone.
  std::optional<CapturedSession> erase(std::string_view id) const;
  // Ids of all sessions of a user, deleted ones too, at most `limit`, in order, behind `after`.
  std::vector<std::string> idsOf(std::string_view userId, std::string_view after, std::size_t limit) const;

  // Until the transaction of in() ends nothing changes or removes the session: what is written about it behind this goes
  // with it. False: no live one has this id.
  [[nodiscard]] bool hold(std::string_view id) const;
  // The same for one that may lie in the trash.
  [[nodiscard]] bool holdAny(std::string_view id) const;

  // Whether a session holds this blob.
  bool holds(std::string_view blobKey) const;

 private:
  using Change = std::function<void(mortise::db::Session&, CapturedSession&)>;
  std::optional<CapturedSession> changeLocked(std::string_view id, bool isDeleted, const Change& change) const;

  mortise::Db db_;
};

}  // namespace session_sharing
