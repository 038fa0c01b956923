// The settings that administrators keep in the database, as tasks read them.
#pragma once

#include <optional>
#include <utility>

#include "configuration/configuration_store.hpp"
#include "loop/agent_settings.hpp"

namespace agent {

class StoredSettings final : public AgentSettings {
 public:
  explicit StoredSettings(ConfigurationStore store) : store_(std::move(store)) {}

  std::optional<ModelSettings> model() const override;
  LoopSettings loop() const override;

 private:
  const ConfigurationStore store_;
};

}  // namespace agent
