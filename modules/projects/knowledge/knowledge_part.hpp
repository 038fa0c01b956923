// What becomes of a project's knowledge when the project, or a person, goes.
#pragma once

#include <mortise/db.hpp>

#include <string_view>

#include "registry/project_part.hpp"

namespace projects {

class KnowledgePart final : public ProjectPart {
 public:
  explicit KnowledgePart(mortise::Db db) : db_(db) {}

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  // Entries keep their numbers. What both projects say in the same words is said once: by the project that stays.
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;
  void userForgotten(mortise::Transaction& tx, std::string_view userId) override;

 private:
  mortise::Db db_;
};

}  // namespace projects
