// How far a service key reaches: its organisation's projects, or those of its allow-list. For modules that keep
// projects and let service keys in (x-mortise-scopes in their contracts).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/json.hpp"
#include "mortise/problem.hpp"
#include "mortise/request.hpp"

namespace mortise::inline sdk1 {

// A project as the boundary sees it. Borrows its texts.
struct ProjectReference {
  std::string_view id;
  std::string_view orgId;  // empty: belongs to no organisation
};

namespace detail {

// Is `text` an element of a JSON list of texts, as Principal::keyProjectIds has it? Elements are compared as they are
// written; a list of any other form has none, so that what can't be read lets no key in.
inline bool listHas(std::string_view list, std::string_view text) {
  const std::string quoted = json::quoted(text);
  for (std::size_t at = list.find('"'); at != std::string_view::npos; at = list.find('"', at)) {
    std::size_t end = at + 1;
    while (end < list.size() && list[end] != '"') end += list[end] == '\\' ? 2 : 1;
    if (end >= list.size()) return false;
    if (list.substr(at, end + 1 - at) == quoted) return true;
    at = end + 1;
  }
  return false;
}

inline bool everyProject(std::string_view list) { return list.empty() || list == "[]"; }

}  // namespace detail

// Call it once the project is loaded (404 comes first), before anything of it is read or changed. Callers without a
// service key pass: whether a user reaches a project is the module's own rule. Throws Problem 403, in this order:
//   service_key_missing_org     the key belongs to no organisation
//   cross_org_denied            details {key_org_id, project_org_id}: that of another organisation, or of none (null)
//   project_not_in_allowlist    details {allowed_project_ids, requested_project_id}
// [any]; takes no lock and makes no call.
inline void requireProject(const Principal& caller, const ProjectReference& project) {
  if (!caller.isServiceKey) return;
  if (caller.keyOrgId.empty()) throw Problem(403, "service_key_missing_org");
  if (caller.keyOrgId != project.orgId) {
    const auto owner = project.orgId.empty() ? json::Value() : json::value(project.orgId);
    throw Problem(403, "cross_org_denied")
        .details(json::object({{"key_org_id", caller.keyOrgId}, {"project_org_id", owner}}));
  }
  if (detail::everyProject(caller.keyProjectIds) || detail::listHas(caller.keyProjectIds, project.id)) return;
  throw Problem(403, "project_not_in_allowlist")
      .details(json::object(
          {{"allowed_project_ids", json::raw(caller.keyProjectIds.string())}, {"requested_project_id", project.id}}));
}

// For a route that changes what all projects of an organisation see, once the key is known to be of it: refuses a key
// that has an allow-list. Throws Problem 403 project_not_in_allowlist, requested_project_id null. Callers without a
// service key pass. [any]
// Since: SDK 1.1.
inline void requireEveryProject(const Principal& caller) {
  if (!caller.isServiceKey || detail::everyProject(caller.keyProjectIds)) return;
  throw Problem(403, "project_not_in_allowlist")
      .details(json::object({{"allowed_project_ids", json::raw(caller.keyProjectIds.string())},
                             {"requested_project_id", json::Value()}}));
}

// As requireProject(), for a route that names no project itself: the project is that of something else (a handoff's is its source
// session's). `candidates`: every registered project that it could be; empty optional: there is nothing to tell a
// project from (the session is gone). Throws Problem 403 service_key_project_required (nothing to tell it from),
// service_key_project_not_registered (no candidate), service_key_project_ambiguous (several), and what requireProject()
// throws for the only one. Callers without a service key pass. [any]
inline void requireDerivedProject(const Principal& caller,
                                  const std::optional<std::vector<ProjectReference>>& candidates) {
  if (!caller.isServiceKey) return;
  if (!candidates) throw Problem(403, "service_key_project_required");
  if (candidates->empty()) throw Problem(403, "service_key_project_not_registered");
  if (candidates->size() > 1) throw Problem(403, "service_key_project_ambiguous");
  requireProject(caller, candidates->front());
}

}  // namespace mortise::inline sdk1
