// What a handoff refers to in the project of its session: checked when it is made, and seen again through the eyes of
// who claims it.
#pragma once

#include <mortise/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handoffs/handoff.hpp"
#include "library/captured_session.hpp"
#include "projects/project_lookup.hpp"

namespace session_sharing {

// What a sender names.
struct NamedReference {
  std::string kind;  // kb_entry, wiki_page, ticket
  std::string refId;
};

// One that did not come with a claim.
struct DroppedReference {
  std::string kind;
  std::string refId;
  const char* reason = "";

  friend void mortiseAppendJson(std::string& out, const DroppedReference& dropped) {
    out +=
        mortise::json::object({{"kind", dropped.kind}, {"ref_id", dropped.refId}, {"reason", dropped.reason}}).text();
  }
};

// What comes with a claim.
struct ClaimedReferences {
  std::vector<HandoffAttachment> attachments;
  std::vector<DroppedReference> dropped;
  mortise::json::Value ticketPayload;  // {ticket_id, persona_name, project_id, lease_epoch}, or null
};

// [worker]
class HandoffReferences {
 public:
  // `projects` must outlive this object.
  explicit HandoffReferences(const ProjectLookup& projects) : projects_(projects) {}

  // Fills in the project of the session, and titles and names of the handoff's ticket and persona as they are now; the
  // attachments. Problems 422: handoff_needs_project (something is named, and the session is of no project that the
  // sender reaches), handoff_reference_unknown (with its kind and what names it).
  std::vector<HandoffAttachment> resolve(Handoff& handoff, const std::vector<NamedReference>& attachments,
                                         const CapturedSession& session) const;
  ClaimedReferences seenBy(std::string_view userId, const Handoff& handoff,
                           std::vector<HandoffAttachment> attachments) const;

 private:
  mortise::ProjectItem require(const Handoff& handoff, mortise::ProjectItemKind kind, const char* kindName,
                               const std::string& reference) const;

  const ProjectLookup& projects_;
};

}  // namespace session_sharing
