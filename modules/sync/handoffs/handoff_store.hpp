// The tables of handoffs: SQL, and only SQL. Every change of a status is decided by its statement, and has its event in
// the same transaction.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handoffs/handoff.hpp"

namespace session_sharing {

// Who does something to a handoff; nobody: the clock, or the end of its session.
struct HandoffActor {
  std::optional<std::string> userId;
  std::optional<std::string> serviceKeyName;
};

// Every member throws db::Error. [worker]
class HandoffStore {
 public:
  // Comments of one handoff. Several requests at once may go past it by a few.
  static constexpr std::int64_t kMaxComments = 2000;

  explicit HandoffStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  HandoffStore in(const mortise::Transaction& tx) const { return HandoffStore(db_.in(tx)); }

  // With its event `created`.
  void add(const Handoff& handoff, const std::vector<HandoffAttachment>& attachments, const HandoffActor& actor) const;
  std::optional<Handoff> find(std::string_view id) const;
  // Newest first, at most `limit`: of all these inboxes together; sent by a user.
  std::vector<Handoff> inbox(const std::vector<std::string>& inboxes, std::size_t limit) const;
  std::vector<Handoff> sent(std::string_view senderId, std::size_t limit) const;
  // How many there are, however many a list shows.
  std::int64_t inboxCount(const std::vector<std::string>& inboxes) const;
  std::int64_t sentCount(std::string_view senderId) const;

  // Each takes a pending one whose time is not over into its state; false: it is not pending (any more).
  bool claim(std::string_view id, const HandoffActor& claimer, std::string_view recipientSessionId,
             mortise::Time now) const;
  bool revoke(std::string_view id, const HandoffActor& sender, std::string_view reason, mortise::Time now) const;
  bool decline(std::string_view id, const HandoffActor& recipient, const std::optional<std::string>& reason,
               mortise::Time now) const;
  // A pending one whose time is over. False: it is not.
  bool expire(std::string_view id, mortise::Time now) const;
  // Every pending one of a session: it came back from the trash with other content; or it is gone for good.
  void expirePendingOf(std::string_view sessionId, mortise::Time now) const;
  void revokePendingOf(std::string_view sessionId, std::string_view reason, mortise::Time now) const;
  // The first look of a recipient. False: it was seen before.
  bool view(std::string_view id, const HandoffActor& recipient, mortise::Time now) const;

  // Problem 409 handoff_comments_full.
  void comment(const HandoffComment& comment, const HandoffActor& author) const;

  // Oldest first.
  std::vector<HandoffAttachment> attachments(std::string_view id) const;
  std::vector<HandoffComment> comments(std::string_view id, std::size_t limit) const;
  std::vector<HandoffEvent> events(std::string_view id, std::size_t limit) const;

 private:
  std::vector<std::string> pendingOf(std::string_view sessionId) const;

  mortise::Db db_;
};

}  // namespace session_sharing
