// What organisations set for their projects: through an interface of the module that keeps organisations; without it the
// server's defaults count.
#pragma once

#include <mortise/auth_org_settings.hpp>
#include <mortise/host.hpp>

#include <map>
#include <optional>
#include <string>

namespace projects {

// One for the module; faces keep a reference. [worker]
class OrgSettings {
 public:
  explicit OrgSettings(const mortise::Host& host) : host_(host) {}

  // Of the organisation that a project belongs to; an empty one: the defaults.
  mortise::OrgProjectSettings of(const std::optional<std::string>& orgId) const {
    // Looked up at each use: auth may start after this module.
    const auto settings = orgId ? host_.optional<mortise::AuthOrgSettings>() : std::nullopt;
    return settings ? settings->read(*orgId) : mortise::OrgProjectSettings();
  }

 private:
  mortise::Host host_;
};

// The same for a list of projects: each organisation is asked once. [one thread]
class KnownOrgSettings {
 public:
  // `settings` must outlive this object.
  explicit KnownOrgSettings(const OrgSettings& settings) : settings_(settings) {}

  const mortise::OrgProjectSettings& of(const std::optional<std::string>& orgId) {
    const auto [known, isNew] = known_.try_emplace(orgId.value_or(""));
    if (isNew) known->second = settings_.of(orgId);
    return known->second;
  }

 private:
  const OrgSettings& settings_;
  std::map<std::string, mortise::OrgProjectSettings> known_;
};

}  // namespace projects
