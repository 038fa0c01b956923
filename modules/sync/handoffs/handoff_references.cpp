#include "handoffs/handoff_references.hpp"

#include <mortise/problem.hpp>
#include <mortise/text.hpp>

#include <utility>

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::ProjectItemKind;
using mortise::ProjectItemMissing;

std::optional<ProjectItemKind> kindOf(std::string_view name) {
  if (name == "kb_entry") return ProjectItemKind::entry;
  if (name == "wiki_page") return ProjectItemKind::page;
  if (name == "ticket") return ProjectItemKind::ticket;
  return std::nullopt;
}

const char* reasonOf(ProjectItemMissing missing) {
  switch (missing) {
    case ProjectItemMissing::invalidReference:
      return "invalid_id";
    case ProjectItemMissing::notFound:
      return "deleted";
    case ProjectItemMissing::notVisible:
      break;
  }
  return "not_accessible";
}

}  // namespace

mortise::ProjectItem HandoffReferences::require(const Handoff& handoff, ProjectItemKind kind, const char* kindName,
                                                const std::string& reference) const {
  auto answer = projects_.item(handoff.senderId, *handoff.sourceProjectId, kind, reference);
  if (!answer.item)
    throw Problem(422, "handoff_reference_unknown").with("kind", std::string(kindName)).with("reference", reference);
  return std::move(*answer.item);
}

std::vector<HandoffAttachment> HandoffReferences::resolve(Handoff& handoff,
                                                          const std::vector<NamedReference>& attachments,
                                                          const CapturedSession& session) const {
  const auto project = projects_.projectOf(session);
  if (project && projects_.reaches(handoff.senderId, project->id)) handoff.sourceProjectId = project->id;
  const bool namesSomething = handoff.ticketId || handoff.personaName || !attachments.empty();
  if (namesSomething && !handoff.sourceProjectId) throw Problem(422, "handoff_needs_project");
  if (handoff.ticketId) {
    const auto ticket = require(handoff, ProjectItemKind::ticket, "ticket", *handoff.ticketId);
    handoff.snapshotTicketTitle = mortise::orNull(ticket.title);
  }
  if (handoff.personaName) {
    const auto persona = require(handoff, ProjectItemKind::persona, "persona", *handoff.personaName);
    handoff.snapshotPersonaName = persona.reference;
  }
  std::vector<HandoffAttachment> resolved;
  for (const auto& reference : attachments) {
    const auto item = require(handoff, kindOf(reference.kind).value(), reference.kind.c_str(), reference.refId);
    HandoffAttachment attachment;
    attachment.handoffId = handoff.id;
    attachment.position = std::ssize(resolved);
    attachment.kind = reference.kind;
    attachment.refId = item.reference;
    attachment.projectId = handoff.sourceProjectId;
    attachment.createdAt = handoff.createdAt;
    resolved.push_back(std::move(attachment));
  }
  return resolved;
}

ClaimedReferences HandoffReferences::seenBy(std::string_view userId, const Handoff& handoff,
                                            std::vector<HandoffAttachment> attachments) const {
  ClaimedReferences seen;
  const bool reached = handoff.sourceProjectId && projects_.reaches(userId, *handoff.sourceProjectId);
  for (auto& attachment : attachments) {
    const auto kind = kindOf(attachment.kind);
    const char* reason = nullptr;
    if (!kind) {
      reason = "unknown_kind";
    } else if (!reached) {
      reason = "not_accessible";
    } else if (const auto answer = projects_.item(userId, *handoff.sourceProjectId, *kind, attachment.refId);
               !answer.item) {
      reason = reasonOf(answer.missing);
    }
    if (reason != nullptr) {
      seen.dropped.push_back({attachment.kind, attachment.refId, reason});
    } else {
      seen.attachments.push_back(std::move(attachment));
    }
  }
  if (!handoff.ticketId && !handoff.personaName) return seen;
  std::optional<std::string> ticketId, personaName;
  std::optional<std::int64_t> leaseEpoch;
  if (reached && handoff.ticketId) {
    const auto answer = projects_.item(userId, *handoff.sourceProjectId, ProjectItemKind::ticket, *handoff.ticketId);
    if (answer.item) {
      ticketId = answer.item->reference;
      leaseEpoch = answer.item->leaseEpoch;
    }
  }
  if (handoff.personaName) {
    const char* reason = "project_not_accessible";
    if (reached) {
      const auto answer =
          projects_.item(userId, *handoff.sourceProjectId, ProjectItemKind::persona, *handoff.personaName);
      if (answer.item) personaName = answer.item->reference;
      reason = answer.missing == ProjectItemMissing::notVisible ? "persona_not_visible" : reasonOf(answer.missing);
    }
    if (!personaName) seen.dropped.push_back({"persona", *handoff.personaName, reason});
  }
  seen.ticketPayload = json::object({{"ticket_id", ticketId},
                                     {"persona_name", personaName},
                                     {"project_id", reached ? handoff.sourceProjectId : std::optional<std::string>()},
                                     {"lease_epoch", leaseEpoch}});
  return seen;
}

}  // namespace session_sharing
