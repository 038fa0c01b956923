// Links to captured sessions: making and revoking them, and what they open.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/blobs.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/secrets.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archives/archive_threads.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_removal.hpp"
#include "sharing/public_messages.hpp"
#include "sharing/share_link_store.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class ShareOperations final : public sync_contract::sharing::SessionLinks, public SessionRemoval {
 public:
  // All but the host must outlive this object.
  ShareOperations(mortise::Host host, ArchiveThreads& archiveThreads, const HeldBlobs& held);

  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;
  // The job: drops links that ended long ago, and what is known of archives, so that it is looked at anew.
  void purge(mortise::JobRun& run);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using CreateBody = sync_contract::sharing::CreateShareLinkBody;
  using Password = sync_contract::sharing::SharePassword;

  // A link that was opened: the session behind it, and the ticket for further pages (empty: none is needed).
  struct Opened {
    ShareLink link;
    CapturedSession session;
    std::string ticket;
  };

  Reply createShareLink(const Request& request, const CreateBody& body) override;
  Reply revokeShareLink(const Request& request) override;
  void openShareLink(Request& request) override;
  void openShareLinkWithPassword(Request& request, const Password& body) override;
  void viewSharedSession(Request& request) override;
  void viewSharedSessionWithPassword(Request& request, const Password& body) override;

  // Problems in this order: 404 share_link_not_found, 410 share_link_revoked, share_link_expired, 401
  // share_password_needed, share_password_wrong, 429, 410 share_session_deleted, 404 session_not_found (no archive).
  Opened open(const Request& request, const std::optional<std::string>& password) const;
  // The link of the path, which has not ended.
  ShareLink livingLink(const Request& request) const;
  void requirePassword(const ShareLink& link, const std::optional<std::string>& password) const;
  void answerOpened(Request& request, const std::optional<std::string>& password);
  void answerView(Request& request, const std::optional<std::string>& password);
  Reply page(const Request& request, const Opened& opened) const;
  Reply view(const Request& request, const Opened& opened) const;
  Reply archive(const CapturedSession& session) const;
  std::string ownerName(const CapturedSession& session) const;
  std::string makeTicket(const ShareLink& link) const;
  bool isTicket(std::string_view ticket, const ShareLink& link) const;
  std::string urlOf(std::string_view token) const;

  mortise::Config config_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Limits limits_;
  mortise::Secrets secrets_;
  mortise::Audit audit_;
  mortise::Blobs blobs_;
  CapturedSessionStore sessions_;
  ShareLinkStore links_;
  PublicMessages messages_;
  ArchiveThreads& archiveThreads_;
  std::string dashboardUrl_;  // without a slash at its end; empty: this server's own page
  mortise::Counter archivesOpened_;
  mortise::Counter pagesOpened_;
  mortise::Counter wrongPasswords_;
};

}  // namespace session_sharing
