// Over HTTP: what a user's clients push by themselves, the watch list, and what clients report of themselves.
#pragma once

#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <map>
#include <string>

#include "archives/archive_limits.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_listing.hpp"
#include "sync_contract.hpp"
#include "watching/client_store.hpp"
#include "watching/sync_settings.hpp"
#include "watching/watch_list.hpp"

namespace session_sharing {

class SyncOperations final : public sync_contract::watching::SessionSync {
 public:
  SyncOperations(mortise::Host host, const TierLimits& limits);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readSyncSettings(const Request& request) override;
  Reply setSyncSettings(const Request& request, const sync_contract::watching::SetSyncSettingsBody& body) override;
  Reply listWatchedSessions(const Request& request) override;
  Reply watchSession(const Request& request) override;
  Reply unwatchSession(const Request& request) override;
  Reply setWatchStatus(const Request& request) override;
  Reply readSyncStatus(const Request& request) override;

  Reply settingsReply(const Request& request, const SyncSettings& settings) const;
  // The id of the path's session: an alias is followed, anything else stays as it is.
  std::string watchedId(const Request& request) const;

  mortise::Orgs orgs_;
  const TierLimits& limits_;
  CapturedSessionStore store_;
  SessionListing listing_;
  SyncSettingsStore settings_;
  WatchList watchList_;
};

class ReportOperations final : public sync_contract::watching::ClientReports {
 public:
  explicit ReportOperations(mortise::Host host);

 private:
  mortise::Reply reportSyncHealth(const mortise::Request& request,
                                  const sync_contract::watching::ReportSyncHealthBody& body) override;
  mortise::Reply reportTelemetry(const mortise::Request& request,
                                 const sync_contract::watching::ReportTelemetryBody& body) override;

  ClientStore clients_;
  std::map<std::string, mortise::Counter, std::less<>> events_;
};

}  // namespace session_sharing
