// Handoffs over HTTP: who may see and do what, and what a claim copies.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archives/archive_threads.hpp"
#include "archives/held_blobs.hpp"
#include "handoffs/handoff_mailer.hpp"
#include "handoffs/handoff_party.hpp"
#include "handoffs/handoff_references.hpp"
#include "handoffs/handoff_store.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_removal.hpp"
#include "projects/project_lookup.hpp"
#include "search/search_index.hpp"
#include "sharing/public_messages.hpp"
#include "summaries/summary_service.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class HandoffOperations final : public sync_contract::handoffs::Handoffs, public SessionRemoval {
 public:
  // All but the host must outlive this object.
  HandoffOperations(mortise::Host host, const ProjectLookup& projects, ArchiveThreads& archiveThreads,
                    const HeldBlobs& held, const SummaryService& summaries);

  // Pending handoffs of a session that is gone are revoked; claimed copies stay with their claimers.
  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using NewHandoff = sync_contract::handoffs::NewHandoff;

  Reply createHandoff(const Request& request, const NewHandoff& body) override;
  Reply listReceivedHandoffs(const Request& request) override;
  Reply listSentHandoffs(const Request& request) override;
  Reply readHandoff(const Request& request) override;
  Reply claimHandoff(const Request& request) override;
  void summariseHandoff(Request& request) override;
  Reply revokeHandoff(const Request& request, const sync_contract::handoffs::RevokeHandoffBody& body) override;
  Reply declineHandoff(const Request& request, const sync_contract::handoffs::DeclineHandoffBody& body) override;
  Reply commentHandoff(const Request& request, const sync_contract::handoffs::CommentHandoffBody& body) override;
  Reply listHandoffComments(const Request& request) override;
  Reply listHandoffEvents(const Request& request) override;
  void previewHandoff(Request& request) override;

  // The handoff of the path and the caller. One whose time is over is expired first. Problems: 404 handoff_not_found
  // unless the caller is in that role, 403 (beyond the projects of a service key).
  enum class Role : std::uint8_t { party, sender, recipient };
  Handoff handoffOf(const Request& request, Role role) const;

  // Fills in whom the body names. Problems: 422 handoff_recipient_count, 403 upgrade_required, 404 user_not_found,
  // team_not_found, 403 not_a_team_member.
  void addressTo(Handoff& handoff, const NewHandoff& body, const mortise::Principal& caller) const;
  // Problem 409 handoff_project_changed.
  void store(const Request& request, const Handoff& handoff, const std::vector<HandoffAttachment>& attachments,
             const CapturedSession& session) const;
  // Claims, and copies the session for the caller, in one transaction. False: it is not pending any more.
  bool claim(const Request& request, const Handoff& handoff) const;
  [[noreturn]] void refuseClaim(const Handoff& handoff, bool wasPending) const;
  Reply list(const Request& request, const std::vector<Handoff>& handoffs, std::int64_t total) const;
  Reply summary(const Request& request, const CapturedSession& session) const;
  Reply preview(const Request& request, const Handoff& handoff, const CapturedSession& session) const;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  const HeldBlobs& held_;
  CapturedSessionStore sessions_;
  HandoffStore handoffs_;
  SearchIndex search_;
  PublicMessages messages_;
  HandoffMailer mailer_;
  HandoffReferences references_;
  const ProjectLookup& projects_;
  ArchiveThreads& archiveThreads_;
  const SummaryService& summaries_;
  mortise::Counter created_;
  mortise::Counter claimed_;
  mortise::Counter lostClaims_;
};

}  // namespace session_sharing
