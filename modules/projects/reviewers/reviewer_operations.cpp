#include "reviewers/reviewer_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>

#include "access/held_members.hpp"
#include "body_text.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::reviewers;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

// The path's organisation, which the caller administers. Problems: 404 org_not_found for outsiders, who are not told
// whether there is one, 403 insufficient_role.
std::string requireOrg(const Request& request) {
  const auto caller = request.principal();
  const auto orgId = request.path("org_id");
  if (caller.orgId.empty() || caller.orgId != orgId) throw Problem(404, "org_not_found");
  return mortise::requireOwnOrg(caller, "admin");
}

}  // namespace

ReviewerOperations::ReviewerOperations(mortise::Host host)
    : db_(host.db()),
      orgs_(host.orgs()),
      identity_(host.identity()),
      audit_(host.audit()),
      projects_(db_),
      tickets_(db_),
      reviewers_(db_) {}

Reply ReviewerOperations::listTrustedReviewers(const Request& request) {
  const auto orgId = requireOrg(request);
  return Reply::ok(json::list(reviewers_.list(orgId, request.query("include_revoked").boolean(false))));
}

Reply ReviewerOperations::addTrustedReviewer(const Request& request, const contract::NewTrustedReviewer& body) {
  TrustedReviewer reviewer;
  const auto orgId = requireOrg(request);
  reviewer.orgId = orgId;
  reviewer.projectId = trimmedOrNull(body.projectId);
  reviewer.userId = trimmedOrNull(body.userId);
  reviewer.serviceKeyId = trimmedOrNull(body.serviceKeyId);
  reviewer.reviewerPersona = trimmedOrNull(body.reviewerPersona).value_or(kDefaultReviewer);
  reviewer.createdByUserId = request.principal().userId;
  if (!reviewer.userId && !reviewer.serviceKeyId) throw Problem(422, "identity_required");
  reviewer.id = mortise::makePrefixedId("tr_", 12);
  db_.transaction([&](mortise::Transaction& tx) {
    holdMembers(tx, {orgId});
    tx.lock("projects.reviewers:" + orgId);
    check(tx, reviewer);
    if (reviewers_.in(tx).countActive(orgId) >= ReviewerStore::kMaxReviewers)
      throw Problem(409, "trusted_reviewers_full").with("most", ReviewerStore::kMaxReviewers);
    reviewers_.in(tx).forgetRevoked(orgId);
    reviewer.createdAt = mortise::now();
    reviewers_.in(tx).add(reviewer);
    audit_.in(tx).record(request, "projects.reviewer_trusted", "trusted_reviewer:" + reviewer.id,
                         json::object({{"org_id", orgId},
                                       {"project_id", reviewer.projectId},
                                       {"user_id", reviewer.userId},
                                       {"service_key_id", reviewer.serviceKeyId},
                                       {"reviewer_persona", reviewer.reviewerPersona}}));
  });
  return Reply::created(json::from(reviewer).build());
}

void ReviewerOperations::check(const mortise::Transaction& tx, const TrustedReviewer& reviewer) const {
  const auto& orgId = *reviewer.orgId;
  if (reviewer.projectId) {
    const auto project = projects_.in(tx).find(*reviewer.projectId);
    if (!project || project->orgId != orgId || project->mergedInto) throw Problem(422, "project_not_in_org");
  }
  if (reviewer.serviceKeyId) {
    const auto keys = identity_.in(tx).listKeys({}, orgId);
    const bool isKnown = std::any_of(keys.begin(), keys.end(), [&](const mortise::ApiKey& key) {
      return key.id == *reviewer.serviceKeyId && key.kind == mortise::KeyKind::service && key.isActive &&
             key.revokedAt == 0;
    });
    if (!isKnown) throw Problem(422, "service_key_not_in_org");
    if (tickets_.in(tx).isAtWork(*reviewer.serviceKeyId, orgId, reviewer.projectId))
      throw Problem(409, "sod_mutual_exclusion");
  }
  if (reviewer.userId) {
    const auto member = orgs_.in(tx).membership(*reviewer.userId);
    if (!member || member->orgId != orgId) throw Problem(422, "user_not_org_member");
  }
}

Reply ReviewerOperations::revokeTrustedReviewer(const Request& request,
                                                const std::optional<contract::Revocation>& body) {
  const auto orgId = requireOrg(request);
  const auto reviewer = mortise::orNotFound(reviewers_.find(request.path("reviewer_id")), "trusted_reviewer_not_found");
  if (reviewer.orgId != orgId) throw Problem(404, "trusted_reviewer_not_found");
  std::optional<std::string> reason;
  if (body) reason = trimmedOrNull(body->reason);
  db_.transaction([&](mortise::Transaction& tx) {
    if (!reviewers_.in(tx).revoke(reviewer.id, reason, mortise::now())) return;
    audit_.in(tx).record(request, "projects.reviewer_revoked", "trusted_reviewer:" + reviewer.id,
                         json::object({{"org_id", orgId}, {"reason", reason}}));
  });
  return Reply::noContent();
}

}  // namespace projects
