// Stores a pushed archive: the one way in for PUT sync, POST /sessions and uploads in parts.
//
// The archive is checked and read before anything changes. Then the row, its lists and storage, its search text and
// what a return from the trash ends change in one transaction, behind a second look at If-Match; the blob of before
// goes after the commit. A push that fails, or that a crash cuts, leaves the row and the bytes of before.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/request.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archives/archive_contents.hpp"
#include "archives/archive_limits.hpp"
#include "archives/held_blobs.hpp"
#include "archives/push_rules.hpp"
#include "automation/follow_up.hpp"
#include "dlp/push_inspection.hpp"
#include "handoffs/handoff_store.hpp"
#include "library/captured_session.hpp"
#include "library/captured_session_store.hpp"
#include "projects/project_lookup.hpp"
#include "search/search_index.hpp"
#include "sharing/share_link_store.hpp"
#include "watching/client_store.hpp"

namespace session_sharing {

// What the caller of POST /sessions says instead of the archive. The policy on secrets is about it, too.
struct GivenMetadata {
  std::string sourceTool;
  std::optional<std::string> title;
  std::vector<std::string> tags;  // empty: those of the archive
};

struct PushedSession {
  CapturedSession session;
  bool isNew = false;
  std::string timing{};  // for Server-Timing: how long each phase took
  // Removes the blob that the session held before, if any. To be called after the answer, which need not wait for it;
  // throws nothing. What a crash leaves is the sweep's.
  std::function<void()> cleanUp{};
};

// How a push comes in, beside its archive.
struct PushWay {
  std::optional<mortise::Blob> stored{};  // the archive lies in this blob already, which is removed when the push fails
  std::optional<GivenMetadata> callerMetadata{};
  bool isFromClient = true;  // its headers say which client it is
  // Runs in the transaction of the push, at its end; may run again.
  std::function<void(mortise::Transaction& tx, const PushedSession& pushed)> also{};
};

// [worker], or a thread of ArchiveThreads: it reads the whole archive.
class Pushes {
 public:
  Pushes(mortise::Host host, const ProjectLookup& projects, const HeldBlobs& held);

  const TierLimits& limits() const { return limits_; }
  const CapturedSessionStore& store() const { return store_; }

  // Problems: those of checkIntent(), ArchiveReader and PushInspection, 504 when nobody waits for the request any more,
  // 503, 507; db::Error.
  PushedSession push(const mortise::Request& request, const PushIntent& intent, const mortise::File& archive,
                     const PushWay& way) const;

 private:
  // Archive and blob that are stored in the end, and what was read from them.
  struct Accepted;
  Accepted accept(const mortise::Request& request, const mortise::File& archive,
                  const std::optional<GivenMetadata>& callerMetadata) const;
  CapturedSession sessionOf(const PushIntent& intent, const Accepted& accepted, const mortise::Blob& blob) const;
  // What the transaction needs, and what it leaves to be done behind the commit.
  struct Write;
  // In `tx`, behind the blob's hold().
  PushedSession write(mortise::Transaction& tx, const mortise::Request& request, const PushIntent& intent,
                      Write& write) const;
  PushedSession change(mortise::Transaction& tx, const mortise::Request& request, const PushIntent& intent,
                       Write& write) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Blobs blobs_;
  mortise::Audit audit_;
  mortise::Identity identity_;
  mortise::Events events_;
  const ProjectLookup& projects_;
  const HeldBlobs& held_;
  TierLimits limits_;
  CapturedSessionStore store_;
  SearchIndex index_;
  ShareLinkStore links_;
  HandoffStore handoffs_;
  PushInspection inspection_;
  ClientStore clients_;
  FollowUpQueue followUps_;
  mortise::Counter stored_;
  mortise::Counter refused_;
  mortise::Counter bytes_;
  mortise::Histogram seconds_;
};

}  // namespace session_sharing
