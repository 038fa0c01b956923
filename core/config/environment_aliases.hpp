// Variables that operators of the agent platform know from elsewhere (MINIO_ENDPOINT, REDIS_HOST, ...), as settings. A
// MORTISE_* variable beats them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::config {

struct AliasedSetting {
  std::string option;    // "blobs.s3_endpoint"
  std::string value;     // in the option's form
  std::string variable;  // where it came from, for refusals and Config::origin
};

bool isEnvironmentAlias(std::string_view variable);
// What the variables among `environment` (name -> text) that are aliases set. Empty ones set nothing.
std::vector<AliasedSetting> aliasedSettings(const std::vector<std::pair<std::string, std::string>>& environment);

}  // namespace mortise::config
