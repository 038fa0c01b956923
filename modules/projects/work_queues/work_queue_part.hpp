// Work queues of a project that goes, or that goes into another one.
#pragma once

#include "registry/project_part.hpp"
#include "work_queues/work_queue_store.hpp"

namespace projects {

class WorkQueuePart final : public ProjectPart {
 public:
  explicit WorkQueuePart(mortise::Db db) : queues_(db) {}

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  // A queue whose name the other project has is called NAME-2 and so on.
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;

 private:
  WorkQueueStore queues_;
};

}  // namespace projects
