#include "organisations/org_settings_interface.hpp"

mortise_org_settings mortise::Crossing<auth::OrgSettings>::to(const auth::OrgSettings& settings) {
  mortise_org_settings c{};
  c.struct_size = sizeof c;
  c.kb_retention_days = settings.retentionDays.value_or(-1);
  c.kb_max_context_words = settings.maxContextWords.value_or(-1);
  c.kb_section_page_limit = settings.sectionPageLimit.value_or(-1);
  c.restrict_project_visibility = settings.restrictProjectVisibility ? 1 : 0;
  c.require_lease_epoch_on_ticket_writes = settings.requireLeaseEpoch ? 1 : 0;
  return c;
}

namespace auth {

OrgSettingsInterface::OrgSettingsInterface(mortise::Host host)
    : Serving(host.log(), "the settings of an organisation can't be read"),
      settings_(host.db()),
      table_{sizeof table_, this, mortise::Served<&OrgSettingsInterface::read>::call} {}

void OrgSettingsInterface::read(std::string_view orgId, const mortise::Sink<OrgSettings>& sink) {
  sink(settings_.read(orgId));
}

}  // namespace auth
