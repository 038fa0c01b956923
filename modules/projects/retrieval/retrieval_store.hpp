// The tables of retrieval contexts and their events: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "retrieval/retrieval_audit.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class RetrievalStore {
 public:
  static constexpr std::int64_t kMaxEvents = 10'000;              // of one context
  static constexpr std::int64_t kMaxContexts = 5'000;             // of one user in one project
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;  // of what events() returns

  explicit RetrievalStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  RetrievalStore in(const mortise::Transaction& tx) const { return RetrievalStore(db_.in(tx)); }

  // Gives it its id when it has none, and returns that. Where the user has kMaxContexts in the project, the oldest goes.
  std::string open(RetrievalAuditContext context) const;
  std::optional<RetrievalAuditContext> find(std::string_view id) const;
  // Work on the ticket ended: its open contexts are closed.
  void close(std::string_view ticketId, mortise::Time at) const;
  // As stored, with its number. Empty: the context has all the events that it may have.
  std::optional<RetrievalAuditEvent> add(const RetrievalAuditEvent& event) const;
  // Oldest first, at most `limit` after the event `after`, and fewer when they have more than kMaxBytes; at least one.
  std::vector<RetrievalAuditEvent> events(std::string_view contextId, std::int64_t after, std::int64_t limit) const;

  // All of a project, for good.
  void removeAllOf(std::string_view projectId) const;
  // The contexts of a project belong to another one, into which it was merged. Returns how many these are.
  std::int64_t moveAll(std::string_view fromProjectId, std::string_view toProjectId) const;
  // The contexts that a user opened.
  void forgetUser(std::string_view userId) const;

 private:
  static constexpr std::int64_t kForgottenAtOnce = 20;

  mortise::Db db_;
};

}  // namespace projects
