// Removes sessions for good: those that have lain in the trash long enough.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "archives/held_blobs.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_removal.hpp"

namespace session_sharing {

// [worker]
class Trash {
 public:
  // `removals`: what goes with a session, in this order; they live as long as this object, and so does `held`.
  Trash(mortise::Host host, const HeldBlobs& held, std::vector<SessionRemoval*> removals);

  struct Purge {
    std::int64_t sessions = 0;
    std::int64_t bytes = 0;   // of their archives
    std::int64_t errors = 0;  // sessions that could not be removed; the log says why
    bool isDone = true;       // false: `enough` ended it
  };
  // Removes all whose time is over; asks `enough` before each.
  Purge purge(const std::function<bool()>& enough) const;
  // Removes one that lies in the trash for good, however long it has lain there; the row. Empty: none of this id does.
  std::optional<CapturedSession> eraseDeleted(std::string_view id) const;
  // Removes one session for good, whatever its state. False: there is none of this id.
  bool erase(std::string_view id) const;

 private:
  // `remove`: takes the row out in a transaction.
  using Remove = std::function<std::optional<CapturedSession>(const CapturedSessionStore&)>;
  std::optional<CapturedSession> removeRow(const Remove& remove) const;

  mortise::Db db_;
  mortise::Log log_;
  mortise::Audit audit_;
  CapturedSessionStore store_;
  const HeldBlobs& held_;
  std::vector<SessionRemoval*> removals_;
  mortise::Counter purged_;
};

}  // namespace session_sharing
