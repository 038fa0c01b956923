// A project as people are shown it.
#pragma once

#include <mortise/host.hpp>
#include <mortise/json.hpp>
#include <mortise/request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "access/project_access.hpp"
#include "access/reachable_projects.hpp"
#include "groups/group_store.hpp"
#include "registry/project_store.hpp"

namespace projects {

// [worker]
class ProjectView {
 public:
  // `access` must outlive this object.
  ProjectView(const mortise::Host& host, const ProjectAccess& access);

  // With its document, repositories and groups.
  mortise::json::Value one(const mortise::Principal& caller, const ReachedProject& reached,
                           const ProjectDocument& document) const;
  // Documents as long as there is room for them.
  mortise::json::Value list(const std::vector<ListedProject>& projects) const;

 private:
  mortise::json::Object base(const ReachedProject& reached, std::string_view document, std::string_view tier) const;

  ProjectStore projects_;
  GroupStore groups_;
  const ProjectAccess& access_;
};

}  // namespace projects
