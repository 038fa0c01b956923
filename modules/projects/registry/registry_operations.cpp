#include "registry/registry_operations.hpp"

#include <mortise/characters.hpp>
#include <mortise/git_remote.hpp>
#include <mortise/json.hpp>
#include <mortise/markup.hpp>
#include <mortise/problem.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <utility>

#include "access/held_members.hpp"
#include "body_text.hpp"
#include "invalid.hpp"
#include "registry/new_document.hpp"
#include "registry/project_room.hpp"
#include "registry/repository_address.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::registry;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Transaction;

constexpr const char* kFeature = "project_context";
constexpr std::size_t kMaxListed = 1000;
constexpr std::string_view kContextPath = "/context";

// A name without markup in it. Problem 422 for one that is blank or has several lines.
std::string nameOf(std::string_view sent) {
  auto name = notBlank(mortise::withoutMarkup(sent), "body/name");
  if (!mortise::isOneLine(name)) throw invalid("body/name", "value_error");
  return name;
}

std::string etagOf(std::int64_t revision) { return "\"" + std::to_string(revision) + "\""; }

}  // namespace

RegistryOperations::RegistryOperations(mortise::Host host, const ProjectAccess& access,
                                       const CapturedSessions& sessions, const OrgSettings& settings,
                                       const ProjectChanges& changes, const ProjectRemoval& removal)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      log_(host.log()),
      projects_(db_),
      extractions_(db_),
      access_(access),
      settings_(settings),
      changes_(changes),
      removal_(removal),
      reachable_(host, access, sessions, settings),
      view_(host, access) {}

mortise::Reply RegistryOperations::shown(const Request& request, const ReachedProject& reached, int status) const {
  const auto document = projects_.document(reached.project.id);
  auto reply = Reply::status(status, view_.one(request.principal(), reached, document));
  reply.header("ETag", etagOf(document.revision));
  return reply;
}

mortise::Reply RegistryOperations::listProjects(const Request& request) {
  return Reply::ok(view_.list(reachable_.of(request.principal(), kMaxListed)));
}

mortise::Reply RegistryOperations::createProject(const Request& request, const contract::NewProject& body) {
  const auto caller = request.principal();
  Project project;
  project.name = nameOf(body.name);
  const auto remote = repositoryOf(body.gitRemoteNormalized);
  if (!remote) throw invalid("body/git_remote_normalized", "git_remote");
  project.gitRemote = *remote;
  project.ownerId = caller.userId;
  if (body.orgId.has() && !body.orgId->empty()) project.orgId = *body.orgId;
  if (project.orgId && caller.orgId != *project.orgId) throw Problem(403, "org_not_yours");
  access_.requirePlan(project.orgId, project.ownerId, kFeature);

  const auto defaults = settings_.of(project.orgId);
  project.retentionDays = defaults.retentionDays.value_or(project.retentionDays);
  project.maxContextWords = defaults.maxContextWords.value_or(project.maxContextWords);
  project.sectionPageLimit = defaults.sectionPageLimit.value_or(project.sectionPageLimit);
  project.id = mortise::makePrefixedId("proj_");
  project.createdAt = project.updatedAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    if (project.orgId) {
      holdMembers(tx, {*project.orgId});
      const auto member = orgs_.in(tx).membership(caller.userId);
      if (!member || member->orgId != *project.orgId) throw Problem(403, "org_not_yours");
    }
    requireRoom(tx, projects_, project.orgId, project.ownerId);
    if (!projects_.in(tx).add(project, kNewDocument)) throw Problem(409, "git_remote_taken");
    extractions_.in(tx).requestBackFill(project.id, project.ownerId, project.createdAt);
    audit_.in(tx).record(request, "projects.created", "project:" + project.id,
                         json::object({{"git_remote", project.gitRemote}, {"org_id", project.orgId.value_or("")}}));
  });
  log_.info("project created", {{"project", project.id}, {"request", request.id()}});
  return shown(request, access_.reach(caller, std::move(project)), 201);
}

mortise::Reply RegistryOperations::readProject(const Request& request) {
  return shown(request, access_.reach(request));
}

mortise::Reply RegistryOperations::readProjectOfRemote(const Request& request) {
  return shown(request, ofRemote(request, request.path("remote")));
}

ReachedProject RegistryOperations::ofRemote(const Request& request, std::string_view remote) const {
  // Below an id every operation has its own route: nothing is there.
  if (remote.starts_with("proj_")) throw Problem(404, "route_not_found");
  const auto normalised = mortise::normalisedRemote(remote);
  auto project = normalised ? projects_.ofRemote(*normalised) : std::nullopt;
  if (!project) throw Problem(404, "project_not_found");
  return access_.reach(request.principal(), std::move(*project));
}

mortise::Reply RegistryOperations::renameProject(const Request& request, const contract::RenameProjectBody& body) {
  const auto name = nameOf(body.name);
  auto reached = access_.reachToAdminister(request);
  reached.project = db_.transaction([&](Transaction& tx) {
    const auto store = projects_.in(tx);
    auto project = mortise::orNotFound(store.findLocked(reached.project.id), "project_not_found");
    const auto before = std::exchange(project.name, name);
    project.updatedAt = mortise::now();
    store.rename(project.id, project.name, project.updatedAt);
    audit_.in(tx).record(request, "projects.renamed", "project:" + project.id,
                         json::object({{"from", before}, {"to", project.name}}));
    changes_.record(tx, {ProjectEvent::projectChanged, project.id, project.id, "renamed", request.principal().userId});
    return project;
  });
  return shown(request, reached);
}

mortise::Reply RegistryOperations::deleteProject(const Request& request) {
  const auto caller = request.principal();
  const auto requireOwn = [&](const Project& project) {
    const bool mayDelete = project.ownerId == caller.userId || caller.tier == mortise::kAdministratorTier;
    if (!mayDelete) throw Problem(403, "project_delete_forbidden");
  };
  const auto read = mortise::orNotFound(projects_.find(request.path("project_id")), "project_not_found");
  requireOwn(read);
  requireUnmerged(read);
  db_.transaction([&](Transaction& tx) {
    // It may have gone to somebody else meanwhile.
    const auto project = mortise::orNotFound(projects_.in(tx).findLocked(read.id), "project_not_found");
    requireOwn(project);
    if (!removal_.remove(tx, project)) throw Problem(404, "project_not_found");
    audit_.in(tx).record(request, "projects.deleted", "project:" + project.id,
                         json::object({{"name", project.name}, {"git_remote", project.gitRemote}}));
  });
  log_.info("project deleted", {{"project", read.id}, {"request", request.id()}});
  return Reply::ok(json::object({{"status", "deleted"}, {"id", read.id}}));
}

mortise::Reply RegistryOperations::writeContext(const Request& request, const NewContext& body) {
  return write(request, access_.reachToEdit(request), body.contextDocument);
}

mortise::Reply RegistryOperations::writeContextOfRemote(const Request& request, const NewContext& body) {
  const std::string_view path = request.path("remote");
  if (!path.ends_with(kContextPath)) throw Problem(404, "route_not_found");
  const auto reached = ofRemote(request, path.substr(0, path.size() - kContextPath.size()));
  if (!reached.canEdit) throw Problem(403, "project_edit_forbidden");
  return write(request, reached, body.contextDocument);
}

mortise::Reply RegistryOperations::write(const Request& request, const ReachedProject& reached,
                                         const std::string& text) const {
  const auto& project = reached.project;
  const auto expected = request.headerParameter("If-Match").text();
  const auto revision = db_.transaction([&](Transaction& tx) {
    const auto store = projects_.in(tx);
    if (!store.lock(project.id)) throw Problem(404, "project_not_found");
    const auto current = etagOf(store.revisionOf(project.id));
    if (expected && *expected != "*" && *expected != current)
      throw Problem(409, "etag_mismatch").details(json::object({{"current_etag", current}}));
    const auto written = store.writeDocument(project.id, text, mortise::now());
    changes_.record(tx, {ProjectEvent::contextChanged, project.id, project.id, "updated", request.principal().userId});
    return written;
  });
  auto reply = Reply::ok(json::object({{"status", "updated"}, {"size", mortise::characterCount(text)}}));
  reply.header("ETag", etagOf(revision));
  return reply;
}

mortise::Reply RegistryOperations::changeProjectSettings(const Request& request,
                                                         const contract::ChangeProjectSettingsBody& body) {
  const auto caller = request.principal();
  auto reached = access_.reach(request);
  auto& project = reached.project;
  const bool onlySwitchesOff = body.compileSchedule.has() && *body.compileSchedule == "off" &&
                               !body.compileAfterClaims.has() && body.autoNarrative == project.autoNarrative &&
                               !body.kbRetentionDays.has() && !body.kbMaxContextWords.has() &&
                               !body.kbSectionPageLimit.has();
  if (!onlySwitchesOff) access_.requireFeature(project, kFeature);
  if (!reached.canEdit) throw Problem(403, "project_edit_forbidden");
  const auto now = mortise::now();
  const auto changed = db_.transaction([&](Transaction& tx) {
    const auto store = projects_.in(tx);
    auto current = mortise::orNotFound(store.findLocked(project.id), "project_not_found");
    current.autoNarrative = body.autoNarrative;
    if (body.kbRetentionDays.has()) current.retentionDays = *body.kbRetentionDays;
    if (body.kbMaxContextWords.has()) current.maxContextWords = *body.kbMaxContextWords;
    if (body.kbSectionPageLimit.has()) current.sectionPageLimit = *body.kbSectionPageLimit;
    if (body.compileSchedule.has()) current.compileSchedule = named<CompileSchedule>(*body.compileSchedule);
    if (!body.compileAfterClaims.absent()) current.compileAfterClaims = body.compileAfterClaims.optional();
    current.updatedAt = now;
    store.changeSettings(current);
    changes_.record(tx, {ProjectEvent::projectChanged, project.id, project.id, "settings", caller.userId});
    return current;
  });
  const auto afterClaims = changed.compileAfterClaims ? json::value(*changed.compileAfterClaims) : json::Value();
  return Reply::ok(json::object({{"status", "updated"},
                                 {"auto_narrative", changed.autoNarrative},
                                 {"kb_retention_days", changed.retentionDays},
                                 {"kb_max_context_words", changed.maxContextWords},
                                 {"kb_section_page_limit", changed.sectionPageLimit},
                                 {"compile_schedule", mortise::detail::nameOf(changed.compileSchedule)},
                                 {"compile_after_claims", afterClaims}}));
}

}  // namespace projects
