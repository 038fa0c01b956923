// What becomes of personas when a project or a person goes.
#pragma once

#include <mortise/db.hpp>

#include "personas/persona_store.hpp"
#include "registry/project_part.hpp"

namespace projects {

class PersonaPart final : public ProjectPart {
 public:
  explicit PersonaPart(mortise::Db db) : personas_(db) {}

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;
  void userForgotten(mortise::Transaction& tx, std::string_view userId) override;

 private:
  PersonaStore personas_;
};

}  // namespace projects
