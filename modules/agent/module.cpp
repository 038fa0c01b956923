#include "module.hpp"

#include <mortise/events.hpp>
#include <mortise/metrics.hpp>

#include <stdexcept>

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

}  // namespace

Agent::Agent(mortise::Host host)
    : log_(host.log()),
      config_(host.config()),
      health_(host.health()),
      boxes_(host),
      toolServers_(host),
      configuration_(host, toolServers_.configuration(), toolServers_.probes()),
      userTools_(host, toolServers_.configuration(), toolServers_.probes()),
      settings_(toolServers_.configuration()),
      conversations_(host, conversationOptions(config_)),
      files_(host, conversations_.store()),
      streams_(host, conversations_),
      lists_(host, conversations_.store(), config_.integer("sessions_per_user")),
      sessions_(host, conversations_, streams_, lists_, files_, boxes_),
      chats_(host, conversations_),
      search_(host, settings_),
      fileTools_(boxes_),
      shellTools_(boxes_),
      desk_(host, conversations_.tokens(), config_.duration("model_timeout")),
      loop_(host,
            {settings_,
             desk_,
             files_,
             boxes_,
             {&messages_, &search_, &fileTools_, &shellTools_, &toolServers_.mcpBoxes(), &toolServers_.a2aBoxes()}}),
      removedUsers_(host, "forget_users") {}

void Agent::start() {
  toolServers_.start();
  boxes_.start([this](std::string_view id) { return conversations_.store().find(id).has_value(); });
  conversations_.start([this](RunningTask& task) { loop_.run(task); },
                       [this] {
                         if (!settings_.model()) throw mortise::Problem(503, "agent_no_model");
                       },
                       [this](std::string_view id, const std::vector<std::string>& files) {
                         files_.remove(files);
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
  removedUsers_.stop();
  chats_.stop();
  conversations_.stop();
  lists_.stop();
  streams_.stop();
  boxes_.stop();
  toolServers_.stop();
}

void Agent::bind(mortise::Bindings& on) {
  on.operations(sessions_, chats_, configuration_, userTools_);
  on.job("repair_sessions", this, &Agent::repairSessions);
  on.job("forget_users", this, &Agent::forgetUsers);
  on.job("purge_sessions", this, &Agent::purgeSessions);
}

void Agent::repairSessions(mortise::JobRun& run) {
  const auto count = conversations_.repair([&] { return run.cancelled(); });
  if (count > 0) run.output("ended " + std::to_string(count) + " tasks of servers that are gone");
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
  if (const auto kept = config_.duration("session_retention"); kept.count() > 0)
    count += conversations_.purge(SessionKind::session, now - kept, cancelled);
  count += conversations_.purge(SessionKind::thread, now - config_.duration("chat_retention"), cancelled);
  conversations_.tokens().forgetOld();
  run.output("removed " + std::to_string(count) + " sessions");
  if (count > 0) run.report({.target = "sessions", .deleted = count});
}

}  // namespace agent

MORTISE_MODULE(agent::Agent)
