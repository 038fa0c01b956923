// /api/v1/admin: what administrators of the server do to captured sessions, and the server's numbers.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "administration/all_sessions.hpp"
#include "library/captured_session_store.hpp"
#include "library/trash.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class SessionAdministration final : public sync_contract::administration::SessionAdministration {
 public:
  // `trash` must outlive this object.
  SessionAdministration(mortise::Host host, const Trash& trash);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listAllSessions(const Request& request) override;
  Reply deleteAnySession(const Request& request) override;
  Reply purgeDeletedSessions(const Request& request,
                             const std::optional<sync_contract::administration::PurgeWish>& body) override;
  Reply readStatistics(const Request& request) override;

  mortise::json::Value statistics() const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  CapturedSessionStore store_;
  AllSessions all_;
  const Trash& trash_;

  // Sums of what everybody has: added up once a minute at most, and by one request at a time.
  std::mutex mutex_;
  std::string statistics_;
  std::chrono::steady_clock::time_point statisticsAt_;
};

}  // namespace session_sharing
