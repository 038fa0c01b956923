// The module: its faces, each a class that derives from a generated class of its contract and lies in a folder of its
// own, the jobs, and the interface for other modules.
#pragma once

#include <mortise/module.hpp>

#include "administration/session_administration.hpp"
#include "archives/archive_limits.hpp"
#include "archives/archive_threads.hpp"
#include "archives/archives.hpp"
#include "archives/held_blobs.hpp"
#include "audits/audit_operations.hpp"
#include "automation/follow_up.hpp"
#include "automation/follow_ups.hpp"
#include "bookmarks/bookmark_operations.hpp"
#include "dlp/dlp_operations.hpp"
#include "handoffs/handoff_operations.hpp"
#include "library/captured_sessions_interface.hpp"
#include "library/library_operations.hpp"
#include "library/removed_accounts.hpp"
#include "narratives/narrative_operations.hpp"
#include "projects/project_lookup.hpp"
#include "search/search_index.hpp"
#include "search/search_operations.hpp"
#include "settings/github_app.hpp"
#include "settings/github_operations.hpp"
#include "settings/gitlab_operations.hpp"
#include "settings/judge_operations.hpp"
#include "settings/judges.hpp"
#include "settings/settings_removal.hpp"
#include "settings/trigger_operations.hpp"
#include "sharing/share_operations.hpp"
#include "summaries/summary_operations.hpp"
#include "summaries/summary_service.hpp"
#include "sync_sessions/sync_session_operations.hpp"
#include "uploads/uploads.hpp"
#include "watching/client_store.hpp"
#include "watching/storage_interface.hpp"
#include "watching/sync_settings.hpp"
#include "watching/watch_list.hpp"
#include "watching/watching_operations.hpp"
#include "webhooks/review_comments.hpp"
#include "webhooks/webhook_operations.hpp"

namespace sync_module {

class Sync final : public mortise::Module {
 public:
  explicit Sync(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  void stop() override;
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Host host_;
  session_sharing::ProjectLookup projects_;  // before the faces that ask it
  session_sharing::HeldBlobs heldBlobs_;
  session_sharing::ArchiveThreads archiveThreads_;
  session_sharing::ArchiveThreads modelThreads_;  // wait for models, whose answers take minutes
  session_sharing::PushQueue pushQueue_;
  session_sharing::Pushes pushes_;
  session_sharing::TierLimits limits_;
  session_sharing::SummaryService summaries_;
  session_sharing::WatchList watchList_;
  session_sharing::SearchIndex searchIndex_;
  session_sharing::SyncSettingsStore syncSettings_;
  session_sharing::ClientStore clients_;
  session_sharing::SettingsRemoval settingsRemoval_;
  session_sharing::FollowUpQueue followUpQueue_;

  sync_sessions::SyncSessionOperations syncSessions_;
  session_sharing::Archives archives_;
  session_sharing::Uploads uploads_;
  session_sharing::SearchOperations search_;
  session_sharing::DlpOperations dlp_;
  session_sharing::Judges judges_;  // before the faces that ask it
  session_sharing::GithubApp githubApp_;
  session_sharing::JudgeOperations judgeSettings_;
  session_sharing::TriggerOperations triggers_;
  session_sharing::GithubOperations githubSettings_;
  session_sharing::GitlabOperations gitlabSettings_;
  session_sharing::WebhookOperations webhooks_;
  session_sharing::ReviewComments reviewComments_;
  session_sharing::AuditOperations audits_;
  session_sharing::NarrativeOperations narratives_;
  session_sharing::FollowUps followUps_;
  session_sharing::ShareOperations sharing_;
  session_sharing::BookmarkOperations bookmarks_;
  session_sharing::HandoffOperations handoffs_;
  session_sharing::LibraryOperations library_;
  session_sharing::SessionAdministration administration_;
  session_sharing::RemovedAccounts removedAccounts_;
  session_sharing::SummaryOperations summaryOperations_;
  session_sharing::SyncOperations sync_;
  session_sharing::ReportOperations reports_;
  session_sharing::StorageInterface storage_;
  session_sharing::CapturedSessionsInterface capturedSessions_;
};

}  // namespace sync_module
