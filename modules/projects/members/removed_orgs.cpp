#include "members/removed_orgs.hpp"

#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <stdexcept>
#include <string>

#include "access/held_members.hpp"

namespace projects {

using mortise::Transaction;

RemovedOrgs::RemovedOrgs(const mortise::Host& host, const ProjectChanges& changes)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      log_(host.log()),
      rows_(db_),
      projects_(db_),
      groups_(db_),
      transfers_(db_),
      personas_(db_),
      reviewers_(db_),
      billing_(db_),
      changes_(changes) {}

void RemovedOrgs::forget(mortise::JobRun& run) {
  constexpr std::size_t kPage = 100;
  std::int64_t removed = 0, released = 0, failed = 0;
  std::string after;
  for (auto ids = rows_.ids(after, kPage); !ids.empty() && !run.cancelled(); ids = rows_.ids(after, kPage)) {
    for (const auto& id : ids) {
      if (orgs_.find(id)) continue;
      try {
        if (!forget(id, run, released)) return;
        ++removed;
      } catch (const std::exception& error) {  // those behind it have their turn all the same
        log_.error("what a removed organisation left can't be settled",
                   {{"organisation", id}, {"reason", error.what()}});
        ++failed;
      }
    }
    after = ids.back();
  }
  run.output("settled what " + std::to_string(removed) + " organisations left");
  if (failed > 0) throw std::runtime_error(std::to_string(failed) + " organisations could not be settled");
  if (removed == 0) return;
  log_.info("what removed organisations left is settled", {{"organisations", removed}, {"projects", released}});
  run.report({.target = "removed organisations", .synced = released, .deleted = removed});
}

bool RemovedOrgs::forget(const std::string& orgId, const mortise::JobRun& run, std::int64_t& released) const {
  constexpr std::int64_t kAtOnce = 100;
  for (auto some = projects_.ofOrg(orgId, kAtOnce); !some.empty(); some = projects_.ofOrg(orgId, kAtOnce)) {
    for (const auto& listed : some) {
      if (run.cancelled()) return false;
      db_.transaction([&](Transaction& tx) {
        const auto project = projects_.in(tx).findLocked(listed.id);
        if (!project || project->orgId != orgId) return;
        const auto now = mortise::now();
        transfers_.in(tx).cancelOf(project->id, now);
        groups_.in(tx).forgetProject(project->id);
        projects_.in(tx).moveTo(project->id, std::nullopt, now);
        audit_.in(tx).record("projects.released", "project:" + project->id,
                             mortise::json::object({{"org_removed", orgId}, {"owner_id", project->ownerId}}));
        changes_.record(tx, {ProjectEvent::projectChanged, project->id, project->id, "released"});
        ++released;
      });
    }
  }
  db_.transaction([&](Transaction& tx) {
    holdMembers(tx, {orgId});
    const auto now = mortise::now();
    for (const auto& group : groups_.in(tx).ofOrg(orgId)) groups_.in(tx).remove(group.id);
    transfers_.in(tx).cancelInto(orgId, now);
    personas_.in(tx).removeOfOrg(orgId);
    reviewers_.in(tx).removeOfOrg(orgId);
    billing_.in(tx).ownerGone({OwnerType::org, orgId}, now);
    audit_.in(tx).record("projects.org_forgotten", "org:" + orgId, mortise::json::object({}));
  });
  return true;
}

}  // namespace projects
