// A transfer of a project between a person and an organisation: its fields, their columns and their JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace projects {

enum class TransferState : std::uint8_t { pending, accepted, rejected, cancelled, expired };
constexpr auto mortiseNames(TransferState) {
  return mortise::names<TransferState>({{TransferState::pending, "pending"},
                                        {TransferState::accepted, "accepted"},
                                        {TransferState::rejected, "rejected"},
                                        {TransferState::cancelled, "cancelled"},
                                        {TransferState::expired, "expired"}});
}

inline constexpr std::string_view kPersonal = "personal";  // a scope: of its owner, outside of organisations

struct Transfer {
  std::string id;
  std::optional<std::string> projectId;  // empty: it is gone
  std::optional<std::string> gitRemote;  // this and the next as they were then
  std::optional<std::string> projectName;
  std::string initiatedBy;
  std::optional<std::string> targetUserId;  // who accepts it
  std::string fromScope;                    // kPersonal, or the id of an organisation
  std::string toScope;
  TransferState state = TransferState::pending;
  std::optional<std::string> acceptedBy;
  std::optional<std::string> proposedBy;  // of a proposal the administrator who made it
  std::optional<std::string> proposalReason;
  std::optional<mortise::Time> expiresAt;
  mortise::Time createdAt;
  std::optional<mortise::Time> acceptedAt;
  mortise::Time updatedAt;

  // What people are told: a proposal whose time is over has expired.
  TransferState shownState(mortise::Time now) const {
    return state == TransferState::pending && expiresAt && *expiresAt <= now ? TransferState::expired : state;
  }

  static constexpr auto kFields =
      mortise::fields(
          "projects_transfers", mortise::field("id", &Transfer::id).key(),
          mortise::field("project_id", &Transfer::projectId),
          mortise::field("project_git_remote", &Transfer::gitRemote).as("project_git_remote_snapshot"),
          mortise::field("project_name", &Transfer::projectName).as("project_name_snapshot"),
          mortise::field("initiated_by", &Transfer::initiatedBy),
          mortise::field("target_user_id", &Transfer::targetUserId), mortise::field("from_scope", &Transfer::fromScope),
          mortise::field("to_scope", &Transfer::toScope), mortise::field("state", &Transfer::state),
          mortise::field("accepted_by", &Transfer::acceptedBy),
          mortise::field("proposed_by", &Transfer::proposedBy).as("proposed_by_user_id"),
          mortise::field("proposal_reason", &Transfer::proposalReason),
          mortise::field("expires_at", &Transfer::expiresAt), mortise::field("created_at", &Transfer::createdAt),
          mortise::field("accepted_at", &Transfer::acceptedAt), mortise::field("updated_at", &Transfer::updatedAt))
          .times(mortise::kIsoMicros);
};

}  // namespace projects
