// What an owner does with captured sessions over HTTP, and the job that empties the trash.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <optional>
#include <string>
#include <vector>

#include "archives/archive_threads.hpp"
#include "archives/held_blobs.hpp"
#include "dlp/push_inspection.hpp"
#include "library/captured_session_store.hpp"
#include "library/message_indexes.hpp"
#include "library/reindex.hpp"
#include "library/session_listing.hpp"
#include "library/trash.hpp"
#include "search/search_index.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class LibraryOperations final : public sync_contract::library::SessionLibrary {
 public:
  // `threads` read archives; `removals`: what goes with a session that is removed for good.
  LibraryOperations(mortise::Host host, const HeldBlobs& held, ArchiveThreads& threads, const ProjectLookup& projects,
                    const TierLimits& limits, std::vector<SessionRemoval*> removals);

  const Trash& trash() const { return trash_; }

  // The job: removes what has lain in the trash long enough.
  void purgeTrash(mortise::JobRun& run);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listSessions(const Request& request) override;
  Reply readSession(const Request& request) override;
  Reply changeSession(const Request& request, const sync_contract::library::SessionChange& body) override;
  Reply deleteCapturedSession(const Request& request) override;
  Reply restoreSession(const Request& request) override;
  Reply setSessionAlias(const Request& request, const sync_contract::library::SetSessionAliasBody& body) override;
  Reply clearSessionAlias(const Request& request) override;
  void listSessionMessages(Request& request) override;
  Reply cleanUpSessions(const Request& request) override;
  void reindexSessions(Request& request) override;

  // Of the session that the path names. Problems: 404 session_not_found, 403 dlp_blocked.
  Reply changed(const Request& request, SessionChange change) const;
  // Of the path's session in the trash. Problems: 409 session_not_deleted, 410 session_gone.
  CapturedSession inTrash(const Request& request) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  CapturedSessionStore store_;
  SessionListing listing_;
  SearchIndex searchIndex_;
  MessageIndexes messages_;
  ArchiveThreads& threads_;
  Trash trash_;
  Reindex reindex_;
  PushInspection inspection_;
};

}  // namespace session_sharing
