#include "knowledge/group_knowledge_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "concurrent_update.hpp"
#include "knowledge/context_document.hpp"
#include "knowledge/entry_requests.hpp"
#include "query_text.hpp"

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kClaimsOfProject = 50;
constexpr std::size_t kMaxDocument = std::size_t{1} << 20;

// The claims of one project, by type; empty: it has none.
std::string sectionOf(const Project& project, const std::vector<Entry>& claims) {
  std::map<EntryType, std::string> byType;
  for (const auto& claim : claims) {
    byType[claim.type].append("- ").append(factText(claim.content)).append("\n");
  }
  if (byType.empty()) return {};
  std::string out = "\n## " + factText(project.name) + "\n";
  for (const auto& [type, bullets] : byType)
    out.append("\n### ").append(headingOf(type)).append("\n\n").append(bullets);
  return out;
}

}  // namespace

GroupKnowledgeOperations::GroupKnowledgeOperations(mortise::Host host, const ProjectAccess& access)
    : db_(host.db()),
      audit_(host.audit()),
      groups_(db_),
      reaching_(host),
      projects_(db_),
      entries_(db_),
      contexts_(db_),
      access_(access) {}

std::vector<Project> GroupKnowledgeOperations::projectsOf(const Request& request, const ProjectGroup& group) const {
  const auto caller = request.principal();
  const auto person = personOf(caller);
  std::vector<Project> out;
  const auto ids = groups_.projects(group.id);
  auto projects = projects_.findAll(ids);
  for (const auto& id : ids) {
    request.stopIfExpired();
    const auto at = std::find_if(projects.begin(), projects.end(), [&](const Project& one) { return one.id == id; });
    if (at == projects.end() || at->mergedInto || !access_.rightsOf(person, *at)) continue;
    out.push_back(std::move(*at));
  }
  return out;
}

Reply GroupKnowledgeOperations::shown(const ProjectGroup& group, const GroupContext& context) {
  return Reply::ok(json::from(context).add("slug", group.slug).build());
}

Reply GroupKnowledgeOperations::compileGroup(const Request& request) {
  const auto reached = reaching_.reachBySlug(request);
  const auto& group = reached.group;
  if (!reached.has(GroupRole::editor)) throw Problem(403, "insufficient_group_role");
  if (!group.compileEnabled) throw Problem(409, "group_compile_disabled");
  GroupContext context;
  context.groupId = group.id;
  context.compiledAt = mortise::now();
  context.compiledBy = request.principal().userId;
  context.document = "# " + factText(group.name) + "\n";
  EntryFilter filter;
  filter.claimClass = ClaimClass::claim;
  filter.isLive = true;
  filter.order = EntryOrder::confidence;
  filter.limit = kClaimsOfProject;
  for (const auto& project : projectsOf(request, group)) {
    const auto section = sectionOf(project, entries_.list(project.id, filter, [&] { request.stopIfExpired(); }));
    if (section.empty()) continue;
    if (context.document.size() + section.size() > kMaxDocument) break;
    context.document.append(section);
    context.sources.push_back(project.id);
  }
  db_.transaction([&](Transaction& tx) {
    // It, or one of its projects, may have gone meanwhile.
    if (!groups_.in(tx).compiled(group.id, context.compiledAt)) throw Problem(404, "group_not_found");
    const auto held = groups_.in(tx).projects(group.id);
    const auto isHeld = [&](const std::string& id) { return std::find(held.begin(), held.end(), id) != held.end(); };
    if (!std::all_of(context.sources.begin(), context.sources.end(), isHeld)) throw concurrentUpdate();
    contexts_.in(tx).put(context);
    audit_.in(tx).record(request, "projects.group_compiled", "group:" + group.id,
                         json::object({{"projects", context.sources.size()}}));
  });
  return shown(group, context);
}

Reply GroupKnowledgeOperations::readGroupContext(const Request& request) {
  const auto group = reaching_.reachBySlug(request).group;
  return shown(group, mortise::orNotFound(contexts_.find(group.id), "group_context_not_found"));
}

Reply GroupKnowledgeOperations::searchGroupKnowledge(const Request& request) {
  const auto group = reaching_.reachBySlug(request).group;
  EntryFilter filter;
  filter.claimClass = ClaimClass::claim;
  filter.isLive = true;
  filter.limit = request.query("limit").integer(100);
  if (const auto name = sentOrNull(request, "entry_type")) filter.type = typeNamed(*name);
  if (const auto part = sentOrNull(request, "q")) filter.textPart = searchedPart(*part);
  struct Hit {
    Entry entry;
    std::string projectName;
  };
  std::vector<Hit> hits;
  for (const auto& project : projectsOf(request, group)) {
    for (auto& entry : entries_.list(project.id, filter, [&] { request.stopIfExpired(); }))
      hits.push_back({std::move(entry), project.name});
    // The newest of all are among the newest of each.
    std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.entry.id > b.entry.id; });
    if (std::ssize(hits) > filter.limit) hits.resize(static_cast<std::size_t>(filter.limit));
  }
  return Reply::ok(json::list(hits, [](const Hit& hit) {
    return json::object({{"project_id", hit.entry.projectId},
                         {"project_name", hit.projectName},
                         {"entry_id", hit.entry.id},
                         {"entry_type", std::string(mortise::detail::nameOf(hit.entry.type))},
                         {"confidence", hit.entry.confidence},
                         {"freshness", std::string(mortise::detail::nameOf(hit.entry.freshness))},
                         {"created_at", mortise::isoTime(hit.entry.createdAt)},
                         {"content", hit.entry.content}});
  }));
}

}  // namespace projects
