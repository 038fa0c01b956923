// Tickets when a project or a person goes, and what they know of personas.
#pragma once

#include <mortise/db.hpp>

#include <string>
#include <vector>

#include "following/following_store.hpp"
#include "personas/persona_use.hpp"
#include "registry/project_part.hpp"
#include "reviewers/reviewer_store.hpp"

namespace projects {

// Tickets, with comments, edits, dependencies and those who follow them; trusted reviewers.
class TicketPart final : public ProjectPart, public PersonaUse {
 public:
  explicit TicketPart(mortise::Db db) : reviewers_(db), following_(db) {}

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;
  void userForgotten(mortise::Transaction& tx, std::string_view userId) override;
  // A ticket that is not over is assigned to the persona.
  bool uses(mortise::Transaction& tx, const std::vector<std::string>& projectIds,
            const Persona& persona) const override;

 private:
  ReviewerStore reviewers_;
  FollowingStore following_;
};

}  // namespace projects
