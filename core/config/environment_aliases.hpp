// Settings from variables that operators of the agent platform use already (MINIO_ENDPOINT, REDIS_HOST, ...). A
// MORTISE_* variable takes precedence.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::config {

struct AliasedSetting {
  std::string option;    // "blobs.s3_endpoint"
  std::string value;     // in the option's form
  std::string variable;  // its source, for refusals and Config::origin
};

bool isEnvironmentAlias(std::string_view variable);
// The settings made by those variables of `environment` (name -> text) that are aliases. Empty ones set nothing.
std::vector<AliasedSetting> aliasedSettings(const std::vector<std::pair<std::string, std::string>>& environment);

}  // namespace mortise::config
