#include "registry/repository_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <utility>
#include <vector>

#include "invalid.hpp"
#include "registry/repository_address.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::registry;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

PersonaPolicy policyOf(std::string_view name) {
  if (name == "skip") return PersonaPolicy::skip;
  return name == "merge_content" ? PersonaPolicy::mergeContent : PersonaPolicy::rename;
}

json::Value numbers(const std::vector<std::int64_t>& ids) {
  return json::list(ids, [](std::int64_t id) { return json::value(id); });
}

// {"old_name": ..., "new_name": ...} for each.
json::Value renames(const std::map<std::string, std::string>& names, std::string_view what) {
  std::vector<json::Value> out;
  for (const auto& [before, after] : names) {
    const auto old = "old_" + std::string(what), now = "new_" + std::string(what);
    out.push_back(json::object({{old, before}, {now, after}}));
  }
  return json::list(out, [](const json::Value& one) { return one; });
}

json::Value view(const MergeOutcome& outcome, bool isDryRun) {
  const auto& merge = outcome.merge;
  json::Object stats;
  for (const auto& [name, count] : merge.stats) stats.add(name, count);
  return json::Object()
      .add("dry_run", isDryRun)
      .add("stats", stats.build())
      .add("persona_collisions", json::list(merge.personaCollisions,
                                            [](const std::string& name) {
                                              return json::object({{"source_name", name}});
                                            }))
      .add("slug_collisions",
           json::list(merge.slugCollisions, [](const std::string& slug) { return json::value(slug); }))
      .add("ke_duplicates", json::list(merge.entryDuplicates,
                                       [](const EntryDuplicate& one) {
                                         return json::object({{"source_id", one.sourceId},
                                                              {"entry_type", one.entryType},
                                                              {"target_equivalent_id", one.targetId}});
                                       }))
      .add("audit_id", outcome.auditId.empty() ? json::Value() : json::value(outcome.auditId))
      .add("persona_renames", renames(merge.personaRenames, "name"))
      .add("slug_renames", renames(merge.slugRenames, "slug"))
      .add("skipped_ke_ids", numbers(merge.skippedEntries))
      .add("skipped_link_ids", numbers(merge.skippedLinks))
      .add("rules_action", merge.rulesAction)
      .add("would_refuse", merge.blockingReason.has_value())
      .add("blocking_reason", merge.blockingReason ? json::value(*merge.blockingReason) : json::Value())
      .build();
}

}  // namespace

RepositoryOperations::RepositoryOperations(mortise::Host host, const ProjectAccess& access,
                                           const ProjectChanges& changes, const ProjectMerger& merger)
    : db_(host.db()),
      audit_(host.audit()),
      limits_(host.limits()),
      log_(host.log()),
      projects_(db_),
      extractions_(db_),
      access_(access),
      changes_(changes),
      merger_(merger) {}

void RepositoryOperations::take(std::string_view bucket, std::string_view userId) const {
  try {
    limits_.take(bucket, userId);
  } catch (const Problem& problem) {
    if (problem.status() != 429) throw;
    throw Problem(429, "rate_limit").retryAfter(problem.retryAfter());
  }
}

Reply RepositoryOperations::listRepositories(const Request& request) {
  return Reply::ok(json::list(projects_.reposOf(access_.reach(request).project.id)));
}

Reply RepositoryOperations::linkRepository(const Request& request, const contract::LinkRepositoryBody& body) {
  const auto caller = request.principal();
  const auto project = access_.reachToAdminister(request).project;
  take("project_repositories", caller.userId);
  const auto remote = repositoryOf(body.gitRemote);
  if (!remote) throw Problem(400, "git_remote_unreadable");
  ProjectRepo repo;
  repo.id = mortise::makePrefixedId("repo_");
  repo.projectId = project.id;
  repo.gitRemote = *remote;
  repo.isPrimary = body.isPrimary;
  repo.addedBy = caller.userId;
  repo.createdAt = mortise::now();
  const bool isLinked = db_.transaction([&](Transaction& tx) {
    const auto store = projects_.in(tx);
    if (!store.lock(project.id)) throw Problem(404, "project_not_found");
    if (store.reposOf(project.id).size() >= ProjectStore::kMaxRepos)
      throw Problem(409, "repositories_full").with("most", ProjectStore::kMaxRepos);
    if (!store.link(repo)) return false;
    extractions_.in(tx).requestBackFill(project.id, caller.userId, *repo.createdAt);
    audit_.in(tx).record(request, "projects.repository_linked", "project:" + project.id,
                         json::object({{"git_remote", repo.gitRemote}, {"is_primary", repo.isPrimary}}));
    changes_.record(tx, {ProjectEvent::projectChanged, project.id, repo.id, "repository_linked", caller.userId});
    return true;
  });
  if (!isLinked) {
    Problem taken(409, "repo_already_linked");
    auto holder = projects_.ofRemote(repo.gitRemote);
    const auto holderId = holder ? holder->id : std::string();
    // Whether somebody else's project exists is not told.
    if (holder && access_.rightsOf(personOf(caller), std::move(*holder)))
      taken.details(json::object({{"existing_project_id", holderId}}));
    throw Problem(taken);
  }
  return Reply::created(json::from(repo));
}

Reply RepositoryOperations::unlinkRepository(const Request& request) {
  const auto caller = request.principal();
  const auto project = access_.reachToAdminister(request).project;
  take("project_repositories", caller.userId);
  const std::string repoId = request.path("repo_id");
  db_.transaction([&](Transaction& tx) {
    const auto store = projects_.in(tx);
    if (!store.lock(project.id)) throw Problem(404, "project_not_found");
    const auto removed = store.unlink(project.id, repoId);
    if (!removed) throw Problem(404, "repository_not_found");
    const auto left = store.reposOf(project.id);
    if (left.empty()) throw Problem(422, "last_repo");
    if (removed->isPrimary) store.makePrimary(project.id, store.oldestRepoOf(project.id));
    audit_.in(tx).record(request, "projects.repository_unlinked", "project:" + project.id,
                         json::object({{"git_remote", removed->gitRemote}}));
    changes_.record(tx, {ProjectEvent::projectChanged, project.id, repoId, "repository_unlinked", caller.userId});
  });
  return Reply::ok(json::object({{"status", "unlinked"}, {"repo_id", repoId}}));
}

Reply RepositoryOperations::mergeProject(const Request& request, const contract::MergeProjectBody& body) {
  const auto caller = request.principal();
  const auto into = access_.reachToAdminister(request).project;
  take("project_merges", caller.userId);
  if (body.sourceProjectId == into.id) throw Problem(400, "merge_into_itself");
  auto from = projects_.find(body.sourceProjectId);
  if (!from) throw Problem(404, "project_not_found");
  const auto source = access_.reach(caller, std::move(*from));
  if (!source.canAdmin) throw Problem(403, "project_admin_required");
  return merged(request, source.project, into, body.personaPolicy, body.dryRun, {});
}

Reply RepositoryOperations::mergeProjectAsAdministrator(const Request& request,
                                                        const contract::MergeProjectAsAdministratorBody& body) {
  const auto reason = notBlank(body.reason, "body/reason");
  const auto named = [&](std::string_view id) {
    auto project = mortise::orNotFound(projects_.find(id), "project_not_found");
    requireUnmerged(project);
    return project;
  };
  const auto into = named(request.path("project_id"));
  if (request.path("source_id") == into.id) throw Problem(400, "merge_into_itself");
  return merged(request, named(request.path("source_id")), into, body.personaPolicy, body.dryRun, reason);
}

Reply RepositoryOperations::merged(const Request& request, const Project& from, const Project& into,
                                   std::string_view policy, bool isDryRun, const std::string& reason) const {
  const auto outcome = merger_.merge(
      from, into, policyOf(policy), request.principal().userId, isDryRun,
      [&](Transaction& tx, const MergeOutcome& done) {
        audit_.in(tx).record(request, "projects.merged", "project:" + into.id,
                             json::object({{"merge_id", done.auditId},
                                           {"merged", from.id},
                                           {"name", from.name},
                                           {"git_remote", from.gitRemote},
                                           {"reason", reason}}));
      },
      [&] { request.stopIfExpired(); });
  if (!isDryRun && outcome.merge.blockingReason) {
    throw Problem(400, "merge_refused")
        .with("reason", *outcome.merge.blockingReason)
        .details(json::object({{"blocking_reason", *outcome.merge.blockingReason}}));
  }
  if (!isDryRun) log_.info("project merged", {{"project", from.id}, {"into", into.id}, {"request", request.id()}});
  return Reply::ok(view(outcome, isDryRun));
}

}  // namespace projects
