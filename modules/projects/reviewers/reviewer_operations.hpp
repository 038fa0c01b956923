// Trusted reviewers of an organisation over HTTP.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <optional>
#include <string>

#include "projects_contract.hpp"
#include "registry/project_store.hpp"
#include "reviewers/reviewer_store.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

class ReviewerOperations final : public projects_contract::reviewers::TrustedReviewers {
 public:
  explicit ReviewerOperations(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listTrustedReviewers(const Request& request) override;
  Reply addTrustedReviewer(const Request& request,
                           const projects_contract::reviewers::NewTrustedReviewer& body) override;
  Reply revokeTrustedReviewer(const Request& request,
                              const std::optional<projects_contract::reviewers::Revocation>& body) override;

  // Problems: 422 user_not_org_member, service_key_not_in_org, project_not_in_org, 409 sod_mutual_exclusion.
  // With the organisation's members held: nobody leaves between this and what the transaction writes.
  void check(const mortise::Transaction& tx, const TrustedReviewer& reviewer) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Identity identity_;
  mortise::Audit audit_;
  ProjectStore projects_;
  TicketStore tickets_;
  ReviewerStore reviewers_;
};

}  // namespace projects
