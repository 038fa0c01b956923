#include "directory/directory_interface.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <charconv>
#include <utility>

using mortise::detail::str;

mortise_project mortise::Crossing<projects::Project>::to(const projects::Project& project) {
  return {sizeof(mortise_project), str(project.id),
          project.orgId ? str(std::string_view(*project.orgId)) : str(std::string_view()), str(project.ownerId),
          str(project.name)};
}

mortise_project_item mortise::Crossing<projects::DirectoryItem>::to(const projects::DirectoryItem& item) {
  return {sizeof(mortise_project_item), str(item.reference), str(item.title), item.leaseEpoch};
}

mortise_retrieval_context mortise::Crossing<projects::RetrievalAuditContext>::to(
    const projects::RetrievalAuditContext& context) {
  return {sizeof(mortise_retrieval_context), str(context.id), str(context.projectId), str(context.createdBy)};
}

mortise_represented_persona mortise::Crossing<projects::PersonaSummary>::to(const projects::PersonaSummary& persona) {
  return {sizeof(mortise_represented_persona), str(persona.id), str(persona.name), str(persona.role),
          persona.orgId ? str(std::string_view(*persona.orgId)) : str(std::string_view())};
}

namespace projects {
namespace {

using mortise::Problem;
using mortise::Served;
using mortise::Sink;

constexpr std::int64_t kMaxEvents = 1000;

}  // namespace

DirectoryInterface::DirectoryInterface(const mortise::Host& host, const ProjectAccess& access)
    : Serving(host.log(), "projects can't be looked up"),
      orgs_(host.orgs()),
      projects_(host.db()),
      tickets_(host.db()),
      personas_(host.db()),
      entries_(host.db()),
      pages_(host.db()),
      retrievals_(host.db()),
      access_(access),
      table_{sizeof table_,
             this,
             Served<&DirectoryInterface::find>::call,
             Served<&DirectoryInterface::ofRemote>::call,
             Served<&DirectoryInterface::ofSession>::call,
             Served<&DirectoryInterface::reaches>::call,
             Served<&DirectoryInterface::item>::call,
             Served<&DirectoryInterface::retrievalContext>::call,
             Served<&DirectoryInterface::retrievalEvents>::call,
             Served<&DirectoryInterface::represented>::call} {}

Project DirectoryInterface::project(std::string_view id) const {
  auto project = projects_.find(id);
  if (project && project->mergedInto) project = projects_.find(*project->mergedInto);
  return mortise::orNotFound(std::move(project), "project_not_found");
}

Project DirectoryInterface::projectOf(std::string_view gitRemote) const {
  if (gitRemote.empty()) throw Problem(404, "project_not_found");
  return mortise::orNotFound(projects_.ofRemote(gitRemote), "project_not_found");
}

void DirectoryInterface::find(std::string_view projectId, const Sink<Project>& sink) { sink(project(projectId)); }

void DirectoryInterface::ofRemote(std::string_view gitRemote, const Sink<Project>& sink) { sink(projectOf(gitRemote)); }

void DirectoryInterface::ofSession(std::string_view userId, std::string_view gitRemote, const Sink<Project>& sink) {
  const auto project = projectOf(gitRemote);
  if (!access_.userHolds(userId, project)) throw Problem(404, "project_not_found");
  sink(project);
}

void DirectoryInterface::reaches(std::string_view userId, std::string_view projectId) {
  if (!access_.userReaches(userId, project(projectId))) throw Problem(403, "project_forbidden");
}

void DirectoryInterface::item(std::string_view userId, std::string_view projectId, mortise_project_item_kind kind,
                              std::string_view reference, const Sink<DirectoryItem>& sink) {
  const auto target = project(projectId);
  switch (kind) {
    case MORTISE_PROJECT_TICKET:
      sink(ticket(target, reference));
      return;
    case MORTISE_PROJECT_PERSONA:
      sink(persona(userId, target, reference));
      return;
    case MORTISE_PROJECT_ENTRY:
      sink(entry(target, reference));
      return;
    case MORTISE_PROJECT_PAGE:
      sink(page(target, reference));
      return;
    default:
      throw Problem(422, "item_kind_unknown");
  }
}

DirectoryItem DirectoryInterface::ticket(const Project& project, std::string_view id) const {
  const auto ticket = mortise::orNotFound(tickets_.find(project.id, id), "ticket_not_found");
  return {ticket.id, ticket.title, ticket.leaseEpoch};
}

DirectoryItem DirectoryInterface::persona(std::string_view userId, const Project& project,
                                          std::string_view name) const {
  const auto persona = mortise::orNotFound(personas_.resolve(project.id, project.orgId, name), "persona_not_found");
  if (persona.scope == PersonaScope::org && !isMember(userId, persona.orgId.value_or("")))
    throw Problem(403, "persona_not_visible");
  return {persona.name, persona.name, -1};
}

DirectoryItem DirectoryInterface::entry(const Project& project, std::string_view number) const {
  std::int64_t id = 0;
  const auto* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, id);
  if (number.empty() || number.front() == '-' || read.ptr != end || read.ec != std::errc())
    throw Problem(422, "entry_number_invalid");
  const auto entry = mortise::orNotFound(entries_.find(project.id, id), "entry_not_found");
  return {std::to_string(entry.id), {}, -1};
}

DirectoryItem DirectoryInterface::page(const Project& project, std::string_view slug) const {
  const auto page = mortise::orNotFound(pages_.summaryOf(project.id, slug), "page_not_found");
  return {page.slug, page.title, -1};
}

bool DirectoryInterface::isMember(std::string_view userId, const std::string& orgId) const {
  const auto member = orgs_.membership(userId);
  return member && member->orgId == orgId;
}

void DirectoryInterface::retrievalContext(std::string_view id, const Sink<RetrievalAuditContext>& sink) {
  sink(mortise::orNotFound(retrievals_.find(id), "retrieval_context_not_found"));
}

void DirectoryInterface::retrievalEvents(std::string_view id, std::int64_t after, std::int64_t limit,
                                         const Sink<std::int64_t, std::string>& sink) {
  if (limit < 1 || limit > kMaxEvents) throw Problem(422, "limit_invalid").note("limit is 1 to 1000");
  if (!retrievals_.find(id)) throw Problem(404, "retrieval_context_not_found");
  for (const auto& event : retrievals_.events(id, after, limit))
    sink(event.id, mortise::json::from(event).build().text());
}

void DirectoryInterface::represented(std::string_view userId, const Sink<PersonaSummary>& sink) {
  const auto member = orgs_.membership(userId);
  if (!member) return;
  for (const auto& persona : personas_.represented(userId)) {
    if (persona.orgId == member->orgId) sink(persona);
  }
}

}  // namespace projects
