// What an organisation sets for its projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_contract.hpp"

namespace auth {

// Empty: the server's default counts.
struct OrgSettings {
  std::string orgId;
  std::optional<std::int64_t> retentionDays;
  std::optional<std::int64_t> maxContextWords;
  std::optional<std::int64_t> sectionPageLimit;
  std::optional<std::int64_t> helperRetentionDays;
  std::vector<std::string> autoJoinDomains;
  bool restrictProjectVisibility = false;
  bool requireLeaseEpoch = false;  // of whoever writes to a ticket that somebody works on

  static constexpr auto kFields =
      mortise::fields("auth_org_settings", mortise::field("org_id", &OrgSettings::orgId).key().hidden(),
                      mortise::field("kb_retention_days", &OrgSettings::retentionDays),
                      mortise::field("kb_max_context_words", &OrgSettings::maxContextWords),
                      mortise::field("kb_section_page_limit", &OrgSettings::sectionPageLimit),
                      mortise::field("helper_retention_days", &OrgSettings::helperRetentionDays),
                      mortise::field("auto_join_domains", &OrgSettings::autoJoinDomains),
                      mortise::field("restrict_project_visibility", &OrgSettings::restrictProjectVisibility),
                      mortise::field("require_lease_epoch_on_ticket_writes", &OrgSettings::requireLeaseEpoch));
};

// Every member throws mortise::db::Error. [worker]
class OrgSettingsStore {
 public:
  explicit OrgSettingsStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  OrgSettingsStore in(const mortise::Transaction& tx) const { return OrgSettingsStore(db_.in(tx)); }

  OrgSettings read(std::string_view orgId) const;
  // Writes what the change has, null included, and returns all settings. Two changes of different settings at once both
  // count.
  OrgSettings change(std::string_view orgId, const auth_contract::organisations::OrgSettingsChange& change) const;
  // The organisation is gone.
  void forget(std::string_view orgId) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
