#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/json.hpp>

#include <filesystem>

#include "installing/reason.hpp"
#include "moved/moved.hpp"
#include "skills.hpp"
#include "views.hpp"

namespace skills {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr std::string_view kMovedAppConfig = "movedAppConfig";

std::string rootFrom(const mortise::Config& config) {
  const auto given = config.text("root_dir");
  if (!given.empty()) return std::filesystem::absolute(given).string();
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

InstallRequest requestFrom(const mortise::Json& body) {
  InstallRequest out;
  out.sourceType = body["source_type"].text();
  out.sourceRef = body["source_ref"].text();
  if (const auto manifest = body["manifest"]; manifest.size() > 0) out.manifest = manifest.toText();
  out.skillMd = body["skill_md"].text();
  if (out.skillMd.find_first_not_of(" \t\r\n") == std::string::npos) out.skillMd.clear();
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
    : host_(host),
      log_(host.log()),
      audit_(host.audit()),
      identity_(host.identity()),
      refreshes_(host.config().boolean("refresh")),
      store_(rootFrom(host.config())),
      index_(store_, log_, host.metrics()),
      sources_(sourcesFrom(host.config()), host.httpClient()),
      installer_(sources_, store_, index_, log_),
      catalog_(host.db(), store_, index_, CommandRules(host.config().list("blocked_commands"))),
      interface_(catalog_, log_),
      changes_(host.optional<mortise::Events>(), log_),
      refresh_(installer_, index_, changes_, log_, host.metrics()),
      metrics_(host.metrics()) {}

void Skills::bind(mortise::Bindings& on) {
  on.operation("listSkills", &Skills::listSkills);
  on.operation("installSkill", &Skills::installSkill);
  on.operation("setSkillEnabled", &Skills::setSkillEnabled);
  on.operation("deleteSkill", &Skills::deleteSkill);
  on.operation("readSkillPolicy", &Skills::readSkillPolicy);
  on.operation("setSkillPolicy", &Skills::setSkillPolicy);
  for (const char* method : {"Get", "Post", "Put", "Patch", "Delete"}) {
    for (const char* path : {"AppConfigSkills", "AppConfigSkillsBelow", "UserToolsSkills", "UserToolsSkillsBelow"})
      on.operation("moved" + std::string(path) + method, &Skills::movedSkills);
  }
  on.job("refresh_sources", &Skills::refreshSources);
  on.job("clean_up", &Skills::cleanUp);
}

void Skills::start() {
  store_.open();
  sessions_ = host_.optional<mortise::SyncSessions>();
  const auto installed = index_.current()->skills().size();
  log_.info("skills are read", {{"root", store_.root()}, {"skills", installed}});
}

const void* Skills::provide(std::string_view interfaceName) {
  return interfaceName == MORTISE_SKILLS_CATALOG_V1 ? interface_.table() : nullptr;
}

Reply Skills::listSkills(const Request&) {
  const auto snapshot = index_.current();
  return Reply::ok(json::object({{"skills", json::list(snapshot->skills(), [](const Skill& skill) {
                                    return skillItem(skill.record, *skill.content);
                                  })}}));
}

Reply Skills::installSkill(const Request& request) {
  const auto wanted = requestFrom(request.body());
  const auto installed = [&] {
    try {
      return installer_.install(wanted, request.principal().userId);
    } catch (const Problem& problem) {
      const bool refused = problem.status() < 500;
      (refused ? metrics_.refused : metrics_.failed).add();
      log_.warning("a skill was not installed", {{"source", wanted.sourceRef}, {"reason", reasonOf(problem)}});
      throw;
    } catch (...) {
      metrics_.failed.add();
      throw;
    }
  }();
  const auto& record = installed.record;
  (installed.replaced ? metrics_.updated : metrics_.installed).add();
  log_.info("skill installed", {{"skill", record.id},
                                {"source", record.sourceRef},
                                {"files", installed.content->files.size()},
                                {"replaced", installed.replaced}});
  changes_.announce(record.id, installed.replaced ? "updated" : "installed");
  audit_.record(request, "skills.installed", targetOf(record.id),
                json::object({{"source", record.sourceRef},
                              {"version", installed.content->manifest.version},
                              {"replaced", installed.replaced}}));
  return Reply::ok(skillItem(record, *installed.content)).message("skill_installed");
}

Reply Skills::setSkillEnabled(const Request& request) {
  const auto id = keyOf(request);
  const bool enabled = request.body()["enabled"].boolean();
  catalog_.setEnabled(id, enabled);
  log_.info("skill switched", {{"skill", id}, {"enabled", enabled}});
  changes_.announce(id, enabled ? "enabled" : "disabled");
  audit_.record(request, "skills.switched", targetOf(id), json::object({{"enabled", enabled}}));
  return Reply::status(200);
}

Reply Skills::deleteSkill(const Request& request) {
  const auto id = keyOf(request);
  const auto preferences = catalog_.remove(id);
  log_.info("skill deleted", {{"skill", id}, {"preferences", preferences}});
  changes_.announce(id, "deleted");
  audit_.record(request, "skills.deleted", targetOf(id), json::object({{"preferences", preferences}}));
  return Reply::status(200);
}

Reply Skills::readSkillPolicy(const Request&) const {
  return Reply::ok(json::object({{"mode", catalog_.policy().mode()}}));
}

Reply Skills::setSkillPolicy(const Request& request) {
  const std::string mode = request.body()["mode"].text();
  const auto before = catalog_.policy().setMode(mode, request.principal().userId);
  log_.info("the risk policy of skills was set", {{"mode", mode}});
  audit_.record(request, "skills.policy_changed", "policy", json::object({{"from", before}, {"to", mode}}));
  return Reply::ok(json::object({{"mode", mode}}));
}

Reply Skills::movedSkills(const Request& request) const {
  const std::string_view operation = request.operationId();
  const bool below = operation.find("Below") != std::string_view::npos;
  const std::string rest = below ? request.path("rest").string() : std::string();
  const bool appConfig = operation.substr(0, kMovedAppConfig.size()) == kMovedAppConfig;
  throw Problem(410, "skill_api_moved")
      .details(json::object(
          {{"code", "SKILL_API_MOVED"}, {"migrate_to", appConfig ? movedAppConfig(rest) : movedUserTools(rest)}}));
}

void Skills::refreshSources(JobRun& run) {
  if (!refreshes_) {
    run.output("switched off by skills.refresh");
    return;
  }
  refresh_.run(run, sessions_);
}

void Skills::cleanUp(JobRun& run) {
  const auto leftovers = [&] {
    const auto lock = store_.lock();
    return store_.removeLeftovers(lock);
  }();
  const auto snapshot = index_.current();
  const auto forgotten = catalog_.preferences().forgetGone(
      [&](std::string_view id) { return snapshot->find(id) != nullptr; },
      [&](std::string_view user) { return identity_.find(mortise::UserKey::id, user).has_value(); });
  if (leftovers > 0) log_.warning("what crashes left of skills was removed", {{"count", leftovers}});
  run.output("removed " + std::to_string(leftovers) + " leftovers and " + std::to_string(forgotten) +
             " preferences of skills or users that are no more");
}

}  // namespace skills

MORTISE_MODULE(skills::Skills)
