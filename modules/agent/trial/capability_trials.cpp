#include "trial/capability_trials.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace agent {
namespace {

using sandbox::Capability;

constexpr std::chrono::seconds kModelLimit{10};
constexpr std::chrono::seconds kBoxLimit{30};  // of the box that a driver makes to see whether it can

// Asked by the first trial of a box; the others wait for it.
class OnceAsked {
 public:
  explicit OnceAsked(std::function<std::vector<Capability>()> ask) : ask_(std::move(ask)) {}
  Capability named(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (!all_) all_ = ask_();
    for (const auto& capability : *all_) {
      if (capability.name == name) return capability;
    }
    return {std::string(name), false, "the driver of the boxes does not know it"};
  }

 private:
  std::mutex mutex_;
  const std::function<std::vector<Capability>()> ask_;
  std::optional<std::vector<Capability>> all_;
};

}  // namespace

void addTrials(mortise::Health& health, const AgentSettings& settings, bool boxesAreOff,
               std::function<std::vector<Capability>()> capabilities) {
  health.addTrial("model", false, kModelLimit, [&settings](std::chrono::milliseconds) -> mortise::Tried {
    const auto model = settings.model();
    if (!model) return {"none is set up: POST /api/app-config/llm, or agent.model_api_key", true};
    return {model->name + " at " + model->baseUrl + " is set up; mortise agent try asks it"};
  });
  const auto asked = std::make_shared<OnceAsked>(std::move(capabilities));
  // No driver has all; what sessions can't do without is files and shells.
  for (const auto& [name, isNeeded] :
       {std::pair("files", true), std::pair("shell", true), std::pair("browser", false), std::pair("desktop", false)}) {
    const bool mayLack = boxesAreOff || !isNeeded;
    health.addTrial(name, false, kBoxLimit,
                    [asked, name = std::string(name), mayLack](std::chrono::milliseconds) -> mortise::Tried {
                      auto capability = asked->named(name);
                      if (!capability.available && !mayLack) throw std::runtime_error(capability.detail);
                      return {std::move(capability.detail), !capability.available};
                    });
  }
}

}  // namespace agent
