#include "registry/project_view.hpp"

#include <mortise/org_role.hpp>
#include <mortise/tier.hpp>

#include <map>

namespace projects {
namespace {

namespace json = mortise::json;

constexpr std::size_t kRoomInLists = 16U << 20U;

}  // namespace

ProjectView::ProjectView(const mortise::Host& host, const ProjectAccess& access)
    : projects_(host.db()), groups_(host.db()), access_(access) {}

json::Object ProjectView::base(const ReachedProject& reached, std::string_view document, std::string_view tier) const {
  auto out = json::from(reached.project);
  out.add("context_document", document)
      .add("repo_reclaimed", false)
      .add("effective_tier", mortise::effectiveTier(tier))
      .add("can_edit", reached.canEdit)
      .add("can_admin", reached.canAdmin)
      .add("can_delete", reached.canDelete)
      .add("can_transfer", reached.canTransfer);
  return out;
}

json::Value ProjectView::one(const mortise::Principal& caller, const ReachedProject& reached,
                             const ProjectDocument& document) const {
  const auto& project = reached.project;
  std::vector<json::Value> groups;
  if (project.orgId) {
    const bool isOrgAdmin = caller.orgId == *project.orgId && mortise::roleSuffices(caller.orgRole, "admin");
    const auto roles = groups_.rolesByGroup(caller.userId);
    for (const auto& group : groups_.ofProject(project.id)) {
      const auto role = roles.find(group.id);
      if (role == roles.end() && !isOrgAdmin) continue;
      const auto shown = role == roles.end() ? json::Value() : json::value(mortise::detail::nameOf(role->second));
      groups.push_back(
          json::object({{"id", group.id}, {"slug", group.slug}, {"name", group.name}, {"my_role", shown}}));
    }
  }
  return base(reached, document.text, access_.tierOf(project))
      .add("session_count", 0)
      .add("groups", json::list(groups, [](const json::Value& group) { return group; }))
      .add("repos", json::list(projects_.reposOf(project.id)))
      .build();
}

json::Value ProjectView::list(const std::vector<ListedProject>& projects) const {
  std::vector<std::string> ids;
  ids.reserve(projects.size());
  for (const auto& one : projects) ids.push_back(one.reached.project.id);
  const auto documents = projects_.documents(ids, kRoomInLists);
  std::map<std::string, std::string> tiers;  // of organisations and of owners
  const auto tierOf = [&](const Project& project) -> const std::string& {
    const auto payer = project.orgId.value_or("owner:" + project.ownerId);
    const auto known = tiers.find(payer);
    return known != tiers.end() ? known->second : tiers.emplace(payer, access_.tierOf(project)).first->second;
  };
  return json::list(projects, [&](const ListedProject& one) {
    const auto document = documents.find(one.reached.project.id);
    const std::string_view text = document == documents.end() ? std::string_view() : document->second;
    return base(one.reached, text, tierOf(one.reached.project))
        .add("session_count", one.sessionCount)
        .add("groups", json::Value())
        .add("repos", json::Value())
        .build();
  });
}

}  // namespace projects
