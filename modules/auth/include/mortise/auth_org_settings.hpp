// What an organisation sets for its projects: auth.org_settings/1, offered by the module auth.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mortise/abi/auth_org_settings.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// An empty number: the organisation leaves it to the server.
struct OrgProjectSettings {
  std::optional<std::int64_t> retentionDays;
  std::optional<std::int64_t> maxContextWords;
  std::optional<std::int64_t> sectionPageLimit;
  bool restrictProjectVisibility = false;  // members see only the projects that a group gives them
  bool requireLeaseEpoch = false;          // whoever writes to a ticket names the lease epoch that it saw
};

// Look it up where it is used; without the module the defaults count:
//   if (auto settings = host_.optional<mortise::AuthOrgSettings>()) settings->read(orgId);
// [worker] [start]. Failures throw Problem 503.
class AuthOrgSettings {
 public:
  using Table = mortise_auth_org_settings_v1;
  static constexpr const char* kInterface = MORTISE_AUTH_ORG_SETTINGS_V1;
  AuthOrgSettings(mortise_host*, const Table* table) noexcept : table_(table) {}

  OrgProjectSettings read(std::string_view org_id) const {
    detail::SinkResult<OrgProjectSettings> got;
    auto error = detail::noError();
    const auto status = table_->read(
        table_->context, detail::str(org_id),
        [](void* context, const mortise_org_settings* c) {
          auto& out = *static_cast<detail::SinkResult<OrgProjectSettings>*>(context);
          const auto number = [](std::int64_t n) { return n < 0 ? std::nullopt : std::optional<std::int64_t>(n); };
          out.keep([&] {
            out.value = OrgProjectSettings{number(c->kb_retention_days), number(c->kb_max_context_words),
                                           number(c->kb_section_page_limit), c->restrict_project_visibility != 0,
                                           c->require_lease_epoch_on_ticket_writes != 0};
          });
        },
        &got, &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
    return got.finish(kInterface);
  }

 private:
  const Table* table_;
};

}  // namespace mortise::inline sdk1
