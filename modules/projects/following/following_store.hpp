// The tables of those who follow tickets, of what they are told, and of how far they have read: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "following/ticket_watcher.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class FollowingStore {
 public:
  static constexpr std::int64_t kMaxWatchers = 200;  // of one ticket
  static constexpr std::int64_t kMaxReaders = 200;   // of one user, whose places are kept

  explicit FollowingStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  FollowingStore in(const mortise::Transaction& tx) const { return FollowingStore(db_.in(tx)); }

  // Nothing changes where the user watches it already. False: the ticket has kMaxWatchers.
  bool watch(const TicketWatcher& watcher) const;
  void mute(std::string_view ticketId, std::string_view userId, bool muted) const;
  void unwatch(std::string_view ticketId, std::string_view userId) const;
  std::optional<TicketWatcher> watcher(std::string_view ticketId, std::string_view userId) const;
  // Those of these tickets that are not muted.
  std::vector<TicketWatcher> watchers(const std::vector<std::string>& ticketIds) const;

  // Each takes the place of what its user has not read yet of its ticket, and counts it. No two of the same user and
  // ticket.
  void notify(const std::vector<TicketNotification>& notifications) const;
  // Newest first, below the number `before`.
  std::vector<TicketNotification> newest(std::string_view userId, bool unreadOnly,
                                         const std::optional<std::int64_t>& before, std::size_t limit) const;
  // Oldest first, above the number `after`.
  std::vector<TicketNotification> after(std::string_view userId, std::int64_t after, std::size_t limit) const;
  // How many were unread, and are not any more.
  std::int64_t read(std::string_view userId, const std::vector<std::int64_t>& ids, mortise::Time now) const;
  std::int64_t readAll(std::string_view userId, mortise::Time now) const;
  // Drops at most `limit` of before `time`; how many went.
  std::int64_t forgetBefore(mortise::Time time, std::int64_t limit) const;

  // How far the reader has read; 0 at first.
  std::int64_t cursor(std::string_view userId, std::string_view reader) const;
  // Never backwards. What it is now. Of a user's readers kMaxReaders have a place: with one more, the one that has moved
  // the longest time ago begins anew.
  std::int64_t advance(std::string_view userId, std::string_view reader, std::int64_t to, mortise::Time now) const;

  void forgetUser(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
