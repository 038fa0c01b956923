#include "module.hpp"

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>

namespace sync_module {

using session_sharing::HeldBlobs;
using session_sharing::LibraryOperations;
using session_sharing::RemovedAccounts;
using session_sharing::Uploads;
using sync_sessions::SyncSessionOperations;

// What goes with a captured session that is removed for good is told to the library, what goes with an account to
// removedAccounts_.
Sync::Sync(mortise::Host host)
    : host_(host),
      projects_(host),
      heldBlobs_(host),
      archiveThreads_(host.log(), "archive"),
      modelThreads_(host.log(), "model"),
      pushQueue_(host, archiveThreads_),
      pushes_(host, projects_, heldBlobs_),
      limits_(host.config()),
      summaries_(host),
      watchList_(host.db()),
      searchIndex_(host.db()),
      syncSettings_(host.db()),
      clients_(host.db()),
      settingsRemoval_(host.db()),
      followUpQueue_(host.db()),
      syncSessions_(host),
      archives_(host, pushes_, projects_, archiveThreads_, pushQueue_),
      uploads_(host, pushes_, heldBlobs_, pushQueue_),
      search_(host),
      dlp_(host),
      judges_(host),
      githubApp_(host.config(), host.httpClient()),
      judgeSettings_(host, judges_),
      triggers_(host),
      githubSettings_(host, githubApp_),
      gitlabSettings_(host),
      webhooks_(host, githubApp_),
      reviewComments_(host, githubApp_),
      audits_(host, judges_, archiveThreads_, modelThreads_),
      narratives_(host, judges_, summaries_, archiveThreads_, modelThreads_),
      followUps_(host, judges_, summaries_),
      sharing_(host, archiveThreads_, heldBlobs_),
      bookmarks_(host),
      handoffs_(host, projects_, archiveThreads_, heldBlobs_, summaries_),
      library_(host, heldBlobs_, archiveThreads_, projects_, limits_,
               {&searchIndex_, &summaries_.store(), &watchList_, &audits_, &sharing_, &handoffs_, &bookmarks_.store(),
                &followUpQueue_}),
      administration_(host, library_.trash()),
      removedAccounts_(
          host, library_.trash(),
          {&syncSettings_, &watchList_, &clients_, &settingsRemoval_, &uploads_.store(), &bookmarks_.store()}),
      summaryOperations_(host, summaries_, archiveThreads_),
      sync_(host, limits_),
      reports_(host),
      storage_(host, limits_),
      capturedSessions_(host, summaries_, archiveThreads_) {}

const void* Sync::provide(std::string_view interfaceName) {
  if (interfaceName == MORTISE_SYNC_STORAGE_V1) return storage_.table();
  if (interfaceName == MORTISE_CAPTURED_SESSIONS_V1) return capturedSessions_.table();
  return syncSessions_.provide(interfaceName);
}

void Sync::start() {
  archiveThreads_.begin(static_cast<std::size_t>(host_.config().integer("archive_threads")));
  modelThreads_.begin(static_cast<std::size_t>(host_.config().integer("model_threads")));
  uploads_.begin();
  pushQueue_.begin();
  syncSessions_.begin();
  removedAccounts_.start();
}

void Sync::stop() {
  removedAccounts_.stop();
  pushQueue_.end();
  archiveThreads_.end();  // before those that it hands on to
  modelThreads_.end();
  syncSessions_.end();
}

void Sync::bind(mortise::Bindings& on) {
  on.operations(syncSessions_);
  on.operations(archives_, uploads_);
  on.operations(search_, dlp_);
  on.operations(judgeSettings_, triggers_, githubSettings_, gitlabSettings_, webhooks_, audits_, narratives_);
  on.operations(library_, summaryOperations_, sync_, reports_);
  on.operations(sharing_, handoffs_, bookmarks_, administration_);
  on.job("close_abandoned", &syncSessions_, &SyncSessionOperations::closeAbandoned);
  on.job("purge_sessions", &syncSessions_, &SyncSessionOperations::purgeSessions);
  on.job("maintain_database", &syncSessions_, &SyncSessionOperations::maintainDatabase);
  on.job("expire_uploads", &uploads_, &Uploads::expire);
  on.job("purge_share_links", &sharing_, &session_sharing::ShareOperations::purge);
  on.job("sweep_archives", &heldBlobs_, &HeldBlobs::sweep);
  on.job("run_audits", &audits_, &session_sharing::AuditOperations::runAudits);
  on.job("run_follow_ups", &followUps_, &session_sharing::FollowUps::run);
  on.job("post_review_comments", &reviewComments_, &session_sharing::ReviewComments::post);
  on.job("forget_deliveries", &reviewComments_, &session_sharing::ReviewComments::forget);
  on.job("forget_users", &removedAccounts_, &RemovedAccounts::forget);
  on.job("forget_orgs", &dlp_, &session_sharing::DlpOperations::forgetOrgs);
  on.job("purge_trash", &library_, &LibraryOperations::purgeTrash);
}

}  // namespace sync_module

MORTISE_MODULE(sync_module::Sync)
