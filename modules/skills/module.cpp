#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/json.hpp>

#include <filesystem>

#include "reading/skill_id.hpp"
#include "skill_item.hpp"
#include "skills.hpp"
#include "text/ascii.hpp"

namespace skills {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;
namespace json = mortise::json;

namespace contract = skills_contract::skills;

std::string rootFrom(const mortise::Config& config) {
  const auto root = config.text("root_dir");
  if (!root.empty()) return std::filesystem::absolute(root).string();
  const auto data = config.server("data.dir");
  if (!data) throw Problem(500, "internal").note("this kernel does not tell its data directory; set skills.root_dir");
  return std::filesystem::absolute(*data).string() + "/skills";
}

SourceOptions sourcesFrom(const mortise::Config& config) {
  SourceOptions options;
  options.localRoots = config.list("local_roots");
  options.githubApi = config.text("github_api");
  options.githubRaw = config.text("github_raw");
  options.githubToken = config.text("github_token");
  options.githubTarball = config.text("github_method") == "tarball";
  return options;
}

InstallRequest requestFrom(const contract::SkillInstallRequest& body) {
  InstallRequest out{body.sourceType, body.sourceRef, {}, {}};
  if (body.manifest.has() && body.manifest->size() > 0) out.manifest = body.manifest->toText();
  if (const auto& text = body.skillMd; text && !ascii::trimmed(*text).empty()) out.skillMd = *text;
  return out;
}

std::string targetOf(std::string_view id) { return "skill:" + std::string(id); }

// The key of a request, which is a directory's name: nothing else reaches the disk.
std::string keyOf(const Request& request) {
  std::string key = request.path("skill_key");
  if (!isSkillId(key)) throw Problem(404, "skill_not_found");
  return key;
}

}  // namespace

Skills::Skills(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      audit_(host.audit()),
      refreshes_(host.config().boolean("refresh")),
      store_(rootFrom(host.config())),
      index_(store_, log_, host.metrics()),
      sources_(sourcesFrom(host.config()), host.httpClient()),
      installer_(db_, sources_, store_, index_, log_),
      catalog_(db_, store_, index_, CommandRules(host.config().list("blocked_commands"))),
      interface_(catalog_, log_),
      changes_(host.optional<mortise::Events>(), log_),
      refresh_(installer_, index_, changes_, log_, host.metrics()),
      metrics_(log_, host.metrics()),
      removedUsers_(host, "forget_users") {}

void Skills::bind(mortise::Bindings& on) {
  ModuleServing::bind(on);
  on.operations(moved_);
  on.job("refresh_sources", &Skills::refreshSources);
  on.job("clean_up", &Skills::cleanUp);
  on.job("forget_users", &Skills::forgetUsers);
}

void Skills::start() {
  store_.open();
  const auto installed = index_.current()->skills().size();
  log_.info("skills are read", {{"root", store_.root()}, {"skills", installed}});
  removedUsers_.start();
}

const void* Skills::provide(std::string_view interfaceName) {
  return interfaceName == MORTISE_SKILLS_CATALOG_V1 ? interface_.table() : nullptr;
}

Reply Skills::listSkills(const Request&) {
  contract::ListSkillsReply reply;
  for (const auto snapshot = index_.current(); const auto& skill : snapshot->skills())
    reply.skills.push_back(skillItem(skill.record, *skill.content));
  return Reply::ok(json::from(reply));
}

Reply Skills::installSkill(const Request& request, const contract::SkillInstallRequest& body) {
  const auto source = requestFrom(body);
  const auto installed = metrics_.counted(source.sourceRef, [&] {
    return installer_.install(
        source, request.principal().userId,
        [&](Transaction& tx, const Installer::Plan& plan) {
          audit_.in(tx).record(request, "skills.installed", targetOf(plan.record.id),
                               json::object({{"source", plan.record.sourceRef},
                                             {"version", plan.manifest.version},
                                             {"replaced", plan.replaces}}));
        },
        Cancellation([&request] { return request.expired(); }));
  });
  const auto& record = installed.record;
  log_.info("skill installed", {{"skill", record.id},
                                {"source", record.sourceRef},
                                {"files", installed.content->files.size()},
                                {"replaced", installed.replaced}});
  changes_.announce(record.id, installed.replaced ? "updated" : "installed");
  auto reply = Reply::ok(json::from(skillItem(record, *installed.content)));
  if (const auto& fault = installed.fault) {
    log_.warning("the head of a skill is no YAML; its name, description and version were read line by line",
                 {{"skill", record.id}, {"source", record.sourceRef}, {"reason", fault->text()}});
    return std::move(reply).message("skill_installed_leniently", {{"line", std::to_string(fault->place.line)},
                                                                  {"column", std::to_string(fault->place.column)},
                                                                  {"rule", fault->rule}});
  }
  return std::move(reply).message("skill_installed");
}

Reply Skills::setSkillEnabled(const Request& request, const contract::SetSkillEnabledBody& body) {
  const auto id = keyOf(request);
  catalog_.setEnabled(id, body.enabled, [&](Transaction& tx) {
    audit_.in(tx).record(request, "skills.switched", targetOf(id), json::object({{"enabled", body.enabled}}));
  });
  log_.info("skill switched", {{"skill", id}, {"enabled", body.enabled}});
  changes_.announce(id, body.enabled ? "enabled" : "disabled");
  return Reply::status(200);
}

Reply Skills::deleteSkill(const Request& request) {
  const auto id = keyOf(request);
  std::int64_t preferences = 0;
  catalog_.remove(id, [&](Transaction& tx, std::int64_t forgotten) {
    preferences = forgotten;
    audit_.in(tx).record(request, "skills.deleted", targetOf(id), json::object({{"preferences", forgotten}}));
  });
  log_.info("skill deleted", {{"skill", id}, {"preferences", preferences}});
  changes_.announce(id, "deleted");
  return Reply::status(200);
}

Reply Skills::readSkillPolicy(const Request&) {
  return Reply::ok(json::from(contract::SkillRiskPolicyItem{catalog_.policy().mode()}));
}

Reply Skills::setSkillPolicy(const Request& request, const contract::SkillRiskPolicyItem& body) {
  db_.transaction([&](Transaction& tx) {
    const auto policy = catalog_.policy().in(tx);
    const auto before = policy.mode();
    policy.setMode(body.mode, request.principal().userId);
    audit_.in(tx).record(request, "skills.policy_changed", "policy",
                         json::object({{"from", before}, {"to", body.mode}}));
  });
  log_.info("the risk policy of skills was set", {{"mode", body.mode}});
  return Reply::ok(json::from(body));
}

Reply Skills::listUserSkills(const Request& request) {
  const auto preferences = catalog_.preferences().of(request.principal().userId);
  contract::ListUserSkillsReply reply;
  for (const auto snapshot = index_.current(); const auto& skill : snapshot->skills()) {
    const auto& record = skill.record;
    const auto& manifest = skill.content->manifest;
    reply.tools.push_back(
        {record.id, manifest.name, manifest.description, record.enabled, isOn(preferences, record.id)});
  }
  return Reply::ok(json::from(reply));
}

Reply Skills::setUserSkillEnabled(const Request& request, const contract::SetUserSkillEnabledBody& body) {
  catalog_.setPreference(request.principal().userId, keyOf(request), body.enabled);
  return Reply::status(200);
}

void Skills::refreshSources(JobRun& run) {
  if (!refreshes_) {
    run.output("switched off by skills.refresh");
    return;
  }
  refresh_.run(run);
}

void Skills::cleanUp(JobRun& run) {
  const auto leftovers = [&] {
    const auto lock = store_.lock();
    return store_.removeLeftovers(lock);
  }();
  const auto snapshot = index_.current();
  const auto forgotten =
      catalog_.preferences().forgetGoneSkills([&](std::string_view id) { return snapshot->find(id) != nullptr; });
  if (leftovers > 0) log_.warning("what crashes left of skills was removed", {{"count", leftovers}});
  run.output("removed " + std::to_string(leftovers) + " leftovers and " + std::to_string(forgotten) +
             " preferences about skills that are gone");
}

void Skills::forgetUsers(JobRun& run) {
  std::int64_t preferences = 0;
  removedUsers_.forgetEach(run, [&](const std::string& id) { preferences += catalog_.preferences().forgetUser(id); });
  if (preferences > 0) run.report({.target = "preferences of deleted users", .deleted = preferences});
}

}  // namespace skills

MORTISE_MODULE(skills::Skills)
