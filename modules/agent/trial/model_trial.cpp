#include "trial/model_trial.hpp"

#include <mortise/db.hpp>
#include <mortise/problem.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "loop/model_caller.hpp"
#include "loop/task_loop.hpp"
#include "sandbox/periodic.hpp"
#include "trial/trial_task.hpp"

namespace agent {
namespace {

// What administrators set, but each question is asked once: an operator wants to see what happens.
class AskedOnce final : public AgentSettings {
 public:
  explicit AskedOnce(const AgentSettings& settings) : settings_(settings) {}
  std::optional<ModelSettings> model() const override { return settings_.model(); }
  LoopSettings loop() const override {
    auto loop = settings_.loop();
    loop.maxRetries = 1;
    return loop;
  }

 private:
  const AgentSettings& settings_;
};

}  // namespace

ModelTrial::ModelTrial(mortise::Host host, Parts parts) : host_(host), parts_(std::move(parts)) {}

int ModelTrial::run(mortise::Command& command) const {
  const AskedOnce settings(parts_.settings);
  const auto model = settings.model();
  if (!model) {
    command.writeError(
        "no model is set up: set one at POST /api/app-config/llm, or agent.model_base_url, agent.model_name and "
        "agent.model_api_key\n");
    return 1;
  }
  command.write("model     " + model->name + " at " + model->baseUrl +
                (model->apiKey.empty() ? ", without a key" : "") + "\n");
  const ModelDesk desk(host_, parts_.conversations.tokens(), command.duration("timeout").value());
  TaskLoop loop(host_, {settings, desk, parts_.files, parts_.driver, parts_.makers});
  const StopSign stop;
  TrialTask task(host_.db(), parts_.conversations.store(), parts_.conversations.live(), command,
                 command.text("prompt").value(), stop);
  sandbox::Periodic watch;
  watch.start(std::chrono::milliseconds(100), [&] {
    if (command.stopped()) stop.raise();
  });
  try {
    loop.run(task);
  } catch (const TaskStopped&) {
  }
  watch.stop();
  if (command.stopped()) command.writeError("stopped\n");
  return task.succeeded() && !command.stopped() ? 0 : 1;
}

}  // namespace agent
