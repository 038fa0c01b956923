#include "module.hpp"

#include <mortise/events.hpp>
#include <mortise/metrics.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "browser/browser.hpp"

#include "trial/capability_trials.hpp"

namespace agent {
namespace {

Conversations::Options conversationOptions(const mortise::Config& config) {
  Conversations::Options options;
  options.mostSessions = config.integer("sessions_per_user");
  options.mostThreads = config.integer("threads_per_user");
  options.mostBytes = config.size("session_size");
  options.mostTasks = config.integer("tasks_per_user");
  options.threads = {config.integer("tasks"), config.duration("lease")};
  options.tokensPerDay = config.integer("tokens_per_day");
  return options;
}

desktop::Desktops::Options desktopOptions(const mortise::Config& config) {
  desktop::Desktops::Options options;
  const auto most = config.integer("sandbox_desktops");
  options.most = most > 0 ? static_cast<std::size_t>(most) : std::max(2U, std::thread::hardware_concurrency());
  return options;
}

}  // namespace

Agent::Agent(mortise::Host host)
    : log_(host.log()),
      config_(host.config()),
      health_(host.health()),
      boxes_(host),
      desktops_(host, boxes_, desktopOptions(config_)),
      viewers_(host),
      takeovers_([this](std::string_view id) { return desktops_.seenAt(id); }),
      toolServers_(host, boxes_),
      configuration_(host, toolServers_.configuration(), toolServers_.probes()),
      userTools_(host, toolServers_.configuration(), toolServers_.probes()),
      settings_(toolServers_.configuration()),
      conversations_(host, conversationOptions(config_)),
      files_(host, conversations_.store()),
      streams_(host, conversations_),
      lists_(host, conversations_.store(), config_.integer("sessions_per_user")),
      sessions_(host, conversations_, streams_, lists_, files_, boxes_, takeovers_),
      desktopOperations_(host, conversations_.store(), boxes_, desktops_, viewers_, takeovers_),
      chats_(host, conversations_),
      search_(host, settings_),
      fileTools_(boxes_),
      shellTools_(boxes_),
      browserTools_(boxes_, [this](std::string_view id) { takeovers_.notify(id); }),
      desk_(host, conversations_.tokens(), config_.duration("model_timeout")),
      loop_(host, {settings_,
                   desk_,
                   files_,
                   boxes_,
                   {&messages_, &search_, &fileTools_, &shellTools_, &browserTools_, &toolServers_.mcpBoxes(),
                    &toolServers_.a2aBoxes()},
                   config_.duration("question_timeout")}),
      trial_(host, {settings_,
                    conversations_,
                    files_,
                    boxes_,
                    {&messages_, &search_, &toolServers_.mcpBoxes(), &toolServers_.a2aBoxes()}}),
      removedUsers_(host, "forget_users") {
  addTrials(health_, settings_, config_.text("sandbox") == "off", [this] { return boxes_.tryOut(); });
}

void Agent::start() {
  toolServers_.start();
  boxes_.start([this](std::string_view id) { return conversations_.store().find(id).has_value(); });
  desktops_.start([this](std::string_view id, std::string_view display) { showBrowser(id, display); });
  viewers_.start();
  takeovers_.start([this](std::string_view id, desktop::Holder holder) { handBrowser(id, holder); });
  conversations_.start([this](RunningTask& task) { loop_.run(task); },
                       [this] {
                         if (!settings_.model()) throw mortise::Problem(503, "agent_no_model");
                       },
                       [this](std::string_view id, const std::vector<std::string>& files) {
                         files_.remove(files);
                         viewers_.close(id, 4404, "agent_session_not_found");
                         takeovers_.remove(id);
                         desktops_.remove(id);
                         boxes_.remove(id);
                       });
  streams_.start();
  lists_.start();
  chats_.start();
  removedUsers_.start();
  health_.add("sandbox", false, std::chrono::seconds(5), [this](std::chrono::milliseconds) {
    // No driver has all; what sessions can't do without is files and shells.
    for (const auto& capability : boxes_.capabilities()) {
      if (!capability.available && (capability.name == "files" || capability.name == "shell"))
        throw std::runtime_error(capability.name + ": " + capability.detail);
    }
    return std::string("sessions have boxes");
  });
}

void Agent::stop() {
  stopping_ = true;
  removedUsers_.stop();
  chats_.stop();
  conversations_.stop();
  lists_.stop();
  streams_.stop();
  takeovers_.stop();
  viewers_.stop();
  desktops_.stop();
  toolServers_.stop();
  boxes_.stop();
}

void Agent::bind(mortise::Bindings& on) {
  on.operations(sessions_, desktopOperations_, chats_, configuration_, userTools_);
  on.job("repair_sessions", this, &Agent::repairSessions);
  on.job("forget_users", this, &Agent::forgetUsers);
  on.job("purge_sessions", this, &Agent::purgeSessions);
  on.command("try", &trial_, &ModelTrial::run);
}

void Agent::showBrowser(std::string_view sessionId, std::string_view display) {
  const auto box = boxes_.find(sessionId);
  try {
    const auto browser = box ? box->browser() : nullptr;
    if (!browser) return;
    browser->showOn(std::string(display), [this] { return stopping_.load(); });
  } catch (const mortise::Problem& problem) {
    log_.warning("a browser could not be brought onto its desktop",
                 {{"session", sessionId}, {"code", problem.code()}, {"reason", problem.note()}});
  } catch (const std::exception& error) {
    log_.warning("a browser could not be brought onto its desktop", {{"session", sessionId}, {"reason", error.what()}});
  }
  takeovers_.notify(sessionId);
}

void Agent::handBrowser(std::string_view sessionId, desktop::Holder holder) {
  const auto box = boxes_.find(sessionId);
  if (!box) return;
  try {
    const auto browser = box->browser();
    if (browser) holder == desktop::Holder::user ? browser->personTakes(sessionId) : browser->personGives(sessionId);
  } catch (const mortise::Problem& problem) {
    log_.warning("a browser could not be told who has it",
                 {{"session", sessionId}, {"code", problem.code()}, {"reason", problem.note()}});
  }
}

void Agent::repairSessions(mortise::JobRun& run) {
  const auto count = conversations_.repair([&] { return run.cancelled(); });
  if (count > 0) run.output("ended " + std::to_string(count) + " tasks of servers that are gone");
  const auto stopped = conversations_.stopDisabled([&] { return run.cancelled(); });
  if (stopped > 0) run.output("stopped " + std::to_string(stopped) + " tasks of accounts that are switched off");
}

void Agent::forgetUsers(mortise::JobRun& run) {
  std::int64_t sessions = 0, preferences = 0;
  removedUsers_.forgetEach(run, [&](const std::string& id) {
    sessions += conversations_.forgetUser(id, [&] { return run.cancelled(); });
    preferences += toolServers_.forgetUser(id);
  });
  if (preferences > 0) run.report({.target = "preferences of deleted users", .deleted = preferences});
  if (sessions > 0) run.report({.target = "sessions of deleted users", .updated = sessions});
}

void Agent::purgeSessions(mortise::JobRun& run) {
  const auto cancelled = [&] { return run.cancelled(); };
  std::int64_t count = 0;
  const auto now = mortise::now();
  if (const auto retention = config_.duration("session_retention"); retention.count() > 0)
    count += conversations_.purge(SessionKind::session, now - retention, cancelled);
  count += conversations_.purge(SessionKind::thread, now - config_.duration("chat_retention"), cancelled);
  conversations_.tokens().forgetOld();
  run.output("removed " + std::to_string(count) + " sessions");
  if (count > 0) run.report({.target = "sessions", .deleted = count});
}

}  // namespace agent

MORTISE_MODULE(agent::Agent)
