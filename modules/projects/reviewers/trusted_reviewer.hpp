// Whose reviews of tickets count: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>

namespace projects {

// The persona of a reviewer where none is named.
inline constexpr const char* kDefaultReviewer = "codex-reviewer";

struct TrustedReviewer {
  std::string id;
  std::optional<std::string> orgId;
  std::optional<std::string> projectId;  // empty: of every project of the organisation
  std::optional<std::string> userId;
  std::optional<std::string> serviceKeyId;
  std::string reviewerPersona;  // the author_persona of its comments, exactly
  bool isActive = true;
  std::string createdByUserId;
  mortise::Time createdAt;
  std::optional<mortise::Time> revokedAt;
  std::optional<std::string> revokeReason;

  static constexpr auto kFields =
      mortise::fields("projects_trusted_reviewers", mortise::field("id", &TrustedReviewer::id).key(),
                      mortise::field("org_id", &TrustedReviewer::orgId),
                      mortise::field("project_id", &TrustedReviewer::projectId),
                      mortise::field("user_id", &TrustedReviewer::userId),
                      mortise::field("service_key_id", &TrustedReviewer::serviceKeyId),
                      mortise::field("reviewer_persona", &TrustedReviewer::reviewerPersona),
                      mortise::field("is_active", &TrustedReviewer::isActive),
                      mortise::field("created_by_user_id", &TrustedReviewer::createdByUserId),
                      mortise::field("created_at", &TrustedReviewer::createdAt).fixed(),
                      mortise::field("revoked_at", &TrustedReviewer::revokedAt),
                      mortise::field("revoke_reason", &TrustedReviewer::revokeReason).hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
