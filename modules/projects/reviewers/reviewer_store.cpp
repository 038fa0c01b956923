#include "reviewers/reviewer_store.hpp"

#include <mortise/rows.hpp>

#include <string>

namespace projects {
namespace {

namespace db = mortise::db;

// Of the project, or of its organisation as a whole. A row ends where the project goes to another organisation.
constexpr std::string_view kScope =
    " AND is_active = 1 AND org_id = :org AND (project_id = :project OR project_id IS NULL)";

}  // namespace

std::vector<TrustedReviewer> ReviewerStore::list(std::string_view orgId, bool withRevoked) const {
  return db::rows<TrustedReviewer>(
      db_,
      withRevoked ? "WHERE org_id = :org ORDER BY created_at DESC, id DESC LIMIT :most"
                  : "WHERE org_id = :org AND is_active = 1 ORDER BY created_at DESC, id DESC LIMIT :most",
      {{"org", orgId}, {"most", kMaxReviewers + (withRevoked ? kKeptRevoked : 0)}});
}

std::optional<TrustedReviewer> ReviewerStore::find(std::string_view id) const {
  return db::find<TrustedReviewer>(db_, id);
}

std::int64_t ReviewerStore::countActive(std::string_view orgId) const {
  return db::count<TrustedReviewer>(db_, "WHERE org_id = :org AND is_active = 1", {{"org", orgId}});
}

void ReviewerStore::forgetRevoked(std::string_view orgId) const {
  constexpr std::int64_t kAtOnce = 1000;
  db_.execute(
      "DELETE FROM projects_trusted_reviewers WHERE id IN (SELECT id FROM projects_trusted_reviewers WHERE org_id = "
      ":org AND is_active = 0 ORDER BY created_at DESC, id DESC LIMIT :most OFFSET :kept)",
      {{"org", orgId}, {"most", kAtOnce}, {"kept", kKeptRevoked}});
}

void ReviewerStore::add(const TrustedReviewer& reviewer) const { db::insert(db_, reviewer); }

bool ReviewerStore::revoke(std::string_view id, const std::optional<std::string>& reason, mortise::Time now) const {
  return db_.execute(
             "UPDATE projects_trusted_reviewers SET is_active = 0, revoked_at = :now, revoke_reason = :reason "
             "WHERE id = :id AND is_active = 1",
             {{"now", now}, {"reason", reason}, {"id", id}}) > 0;
}

bool ReviewerStore::isTrusted(const Project& project, const TicketActor& actor, std::string_view persona) const {
  static const std::string kOfKey = "WHERE service_key_id = :key AND reviewer_persona = :persona" + std::string(kScope);
  static const std::string kOfUser =
      "WHERE user_id = :user AND service_key_id IS NULL AND reviewer_persona = :persona" + std::string(kScope);
  if (actor.serviceKeyId) {
    return db::exists<TrustedReviewer>(
        db_, kOfKey,
        {{"key", *actor.serviceKeyId}, {"persona", persona}, {"project", project.id}, {"org", project.orgId}});
  }
  return db::exists<TrustedReviewer>(
      db_, kOfUser, {{"user", actor.userId}, {"persona", persona}, {"project", project.id}, {"org", project.orgId}});
}

bool ReviewerStore::reviews(const Project& project, std::string_view serviceKeyId) const {
  static const std::string kText = "WHERE service_key_id = :key" + std::string(kScope);
  return db::exists<TrustedReviewer>(db_, kText,
                                     {{"key", serviceKeyId}, {"project", project.id}, {"org", project.orgId}});
}

void ReviewerStore::removeOfProject(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_trusted_reviewers WHERE project_id = :project", {{"project", projectId}});
}

void ReviewerStore::removeOfOrg(std::string_view orgId) const {
  db_.execute("DELETE FROM projects_trusted_reviewers WHERE org_id = :org", {{"org", orgId}});
}

void ReviewerStore::moveAll(std::string_view fromProjectId, std::string_view toProjectId) const {
  db_.execute("UPDATE projects_trusted_reviewers SET project_id = :to WHERE project_id = :from",
              {{"to", toProjectId}, {"from", fromProjectId}});
}

void ReviewerStore::endOf(std::string_view orgId, std::string_view userId, mortise::Time now) const {
  db_.execute(
      "UPDATE projects_trusted_reviewers SET is_active = 0, revoked_at = :now "
      "WHERE user_id = :user AND org_id = :org AND is_active = 1",
      {{"now", now}, {"user", userId}, {"org", orgId}});
}

void ReviewerStore::forgetUser(std::string_view userId, mortise::Time now) const {
  db_.execute(
      "UPDATE projects_trusted_reviewers SET is_active = 0, revoked_at = :now WHERE user_id = :user AND is_active = 1",
      {{"now", now}, {"user", userId}});
}

}  // namespace projects
