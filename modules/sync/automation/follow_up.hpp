// What starts by itself behind a push or a pull request: its fields, its table, and what queues it. A row waits in the
// database, so that it outlives a restart.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_removal.hpp"
#include "settings/triggers.hpp"

namespace session_sharing {

enum class FollowUpKind { audit, summary };
constexpr auto mortiseNames(FollowUpKind) {
  return mortise::names<FollowUpKind>({{FollowUpKind::audit, "audit"}, {FollowUpKind::summary, "summary"}});
}

struct FollowUp {
  std::string sessionId;
  FollowUpKind kind = FollowUpKind::audit;
  std::string userId;
  std::string etag;               // of the archive that it is about
  std::string state = "pending";  // pending, done
  std::int64_t attempts = 0;
  mortise::Time dueAt;  // while a worker is at it, when another one may take it over

  static constexpr auto kFields =
      mortise::fields("sync_follow_ups", mortise::field("session_id", &FollowUp::sessionId).key(),
                      mortise::field("kind", &FollowUp::kind).key(), mortise::field("user_id", &FollowUp::userId),
                      mortise::field("etag", &FollowUp::etag), mortise::field("state", &FollowUp::state),
                      mortise::field("attempts", &FollowUp::attempts), mortise::field("due_at", &FollowUp::dueAt));
};

// [worker]; every member throws db::Error.
class FollowUpStore {
 public:
  explicit FollowUpStore(mortise::Db db) : db_(db) {}
  FollowUpStore in(const mortise::Transaction& tx) const { return FollowUpStore(db_.in(tx)); }

  std::optional<FollowUp> find(std::string_view sessionId, FollowUpKind kind) const;
  // False: there is one for this archive already, done or not.
  bool put(const FollowUp& followUp) const;
  // The next one whose time has come, taken until `leaseUntil`; empty when there is none. Users take turns: the first
  // due one of the next user behind `afterUser`, in the order of their ids. Its attempts count this one.
  std::optional<FollowUp> take(mortise::Time now, mortise::Time leaseUntil, std::string_view afterUser = {}) const;
  // The following two change one that take() gave, unless another worker has taken it over or a push has begun it anew.
  void putOff(const FollowUp& followUp, mortise::Time dueAt, std::int64_t attempts) const;
  // False: it is not the worker's any more.
  bool finish(const FollowUp& followUp) const;
  void removeOfSession(std::string_view sessionId) const;

 private:
  std::optional<FollowUp> firstDue(mortise::Time now, std::string_view afterUser) const;

  mortise::Db db_;
};

// Queues by what users have chosen in settings/audit-trigger and settings/summarize-trigger. [worker]
class FollowUpQueue final : public SessionRemoval {
 public:
  explicit FollowUpQueue(mortise::Db db) : store_(db), sessions_(db), triggers_(db) {}

  // In the transaction of a push: what the trigger on_sync starts. The client may audit the session itself right behind
  // its push, as those do that know the trigger, so that an audit waits a minute for that.
  void pushed(const mortise::Transaction& tx, const CapturedSession& session) const;
  // A pull or merge request names these sessions of the user: what the trigger on_pr starts. True: an audit begins.
  bool requested(const mortise::Transaction& tx, const std::string& userId,
                 const std::vector<std::string>& sessionIds) const;
  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;

 private:
  FollowUpStore store_;
  CapturedSessionStore sessions_;
  TriggerStore triggers_;
};

}  // namespace session_sharing
