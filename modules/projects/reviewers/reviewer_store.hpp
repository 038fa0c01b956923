// The table of trusted reviewers: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/project.hpp"
#include "reviewers/trusted_reviewer.hpp"
#include "tickets/ticket.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class ReviewerStore {
 public:
  static constexpr std::int64_t kMaxReviewers = 500;  // of one organisation
  static constexpr std::int64_t kKeptRevoked = 500;   // likewise

  explicit ReviewerStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ReviewerStore in(const mortise::Transaction& tx) const { return ReviewerStore(db_.in(tx)); }

  // Newest first; of revoked ones the newest.
  std::vector<TrustedReviewer> list(std::string_view orgId, bool withRevoked) const;
  std::optional<TrustedReviewer> find(std::string_view id) const;
  std::int64_t countActive(std::string_view orgId) const;
  // Drops the oldest of those that are revoked: kKeptRevoked stay.
  void forgetRevoked(std::string_view orgId) const;
  void add(const TrustedReviewer& reviewer) const;
  // False: it is revoked already.
  bool revoke(std::string_view id, const std::optional<std::string>& reason, mortise::Time now) const;

  // Does a review count that this actor writes as this persona? A service key is trusted by its own row, a user who
  // came without one by a row that names no key.
  bool isTrusted(const Project& project, const TicketActor& actor, std::string_view persona) const;
  // Is the service key a reviewer, as whatever persona, of the project?
  bool reviews(const Project& project, std::string_view serviceKeyId) const;

  void removeOfProject(std::string_view projectId) const;
  void removeOfOrg(std::string_view orgId) const;
  void moveAll(std::string_view fromProjectId, std::string_view toProjectId) const;
  // The user has left the organisation: nothing of it trusts the user any more.
  void endOf(std::string_view orgId, std::string_view userId, mortise::Time now) const;
  // The rows that trust the user end.
  void forgetUser(std::string_view userId, mortise::Time now) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
