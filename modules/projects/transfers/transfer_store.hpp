// The table of transfers: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transfers/transfer.hpp"

namespace projects {

// [worker]; every member throws db::Error. A state changes only where it was pending and its time is not over: the
// statement decides.
class TransferStore {
 public:
  explicit TransferStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  TransferStore in(const mortise::Transaction& tx) const { return TransferStore(db_.in(tx)); }

  std::optional<Transfer> find(std::string_view id) const;
  std::optional<Transfer> pendingOf(std::string_view projectId) const;
  // Newest first, at most `limit`, to the user or by the user; of one state, as people are told it now.
  std::vector<Transfer> incoming(std::string_view userId, const std::optional<TransferState>& state, mortise::Time now,
                                 std::int64_t limit) const;
  std::vector<Transfer> outgoing(std::string_view userId, const std::optional<TransferState>& state, mortise::Time now,
                                 std::int64_t limit) const;

  // False: another one waits for the project. One whose time is over makes way.
  bool add(const Transfer& transfer) const;
  // False: it does not wait any more.
  bool accept(std::string_view id, std::string_view userId, mortise::Time at) const;
  bool reject(std::string_view id, mortise::Time at) const;
  bool cancel(std::string_view id, mortise::Time at) const;

  // Those that wait for the project; returns their ids.
  std::vector<std::string> cancelOf(std::string_view projectId, mortise::Time at) const;
  // Those that wait and hang on this membership: to or from the organisation, by or for the user. Returns how many.
  std::int64_t cancelInvolving(std::string_view orgId, std::string_view userId, mortise::Time at) const;
  // All that wait for a project to go into the organisation.
  void cancelInto(std::string_view orgId, mortise::Time at) const;
  // All that wait by or for the user.
  void cancelOfUser(std::string_view userId, mortise::Time at) const;
  // Those that wait are cancelled, and all rows keep only what the project was called.
  void projectRemoved(std::string_view projectId, mortise::Time at) const;
  // Rows of a project that went into another one.
  std::int64_t moveProject(std::string_view from, std::string_view into) const;

 private:
  std::vector<Transfer> list(std::string_view column, std::string_view userId,
                             const std::optional<TransferState>& state, mortise::Time now, std::int64_t limit) const;
  bool end(std::string_view id, TransferState state, mortise::Time at) const;

  mortise::Db db_;
};

}  // namespace projects
