// auth.org_settings/1: the settings of an organisation as a table of C functions for other modules.
#pragma once

#include <mortise/abi/auth_org_settings.h>
#include <mortise/host.hpp>
#include <mortise/served.hpp>

#include <string_view>

#include "organisations/org_settings_store.hpp"

template <>
struct mortise::Crossing<auth::OrgSettings> {
  static mortise_org_settings to(const auth::OrgSettings& settings);
};

namespace auth {

// [worker] [start]
class OrgSettingsInterface : public mortise::Serving {
 public:
  explicit OrgSettingsInterface(mortise::Host host);

  void read(std::string_view orgId, const mortise::Sink<OrgSettings>& sink);

  const mortise_auth_org_settings_v1* table() const { return &table_; }

 private:
  OrgSettingsStore settings_;
  mortise_auth_org_settings_v1 table_;
};

}  // namespace auth
