#include "organisations/org_settings_store.hpp"

#include <mortise/rows.hpp>

namespace auth {

namespace db = mortise::db;

OrgSettings OrgSettingsStore::read(std::string_view orgId) const {
  return db::find<OrgSettings>(db_, orgId).value_or(OrgSettings());
}

OrgSettings OrgSettingsStore::change(std::string_view orgId,
                                     const auth_contract::organisations::OrgSettingsChange& change) const {
  return db_.transaction([&](db::Session& session) {
    OrgSettings settings;
    settings.orgId = orgId;
    // The row is written first, so that another change of it waits here until this one has ended.
    session.execute(
        "INSERT INTO auth_org_settings (org_id) VALUES (:org_id) ON CONFLICT (org_id) DO UPDATE SET org_id = "
        "excluded.org_id",
        {{"org_id", orgId}});
    settings = db::find<OrgSettings>(session, orgId).value_or(settings);
    if (!change.kbRetentionDays.absent()) settings.retentionDays = change.kbRetentionDays.optional();
    if (!change.kbMaxContextWords.absent()) settings.maxContextWords = change.kbMaxContextWords.optional();
    if (!change.kbSectionPageLimit.absent()) settings.sectionPageLimit = change.kbSectionPageLimit.optional();
    if (!change.helperRetentionDays.absent()) settings.helperRetentionDays = change.helperRetentionDays.optional();
    // A list is emptied by an empty one: clients send null with every other change.
    if (change.autoJoinDomains.has()) settings.autoJoinDomains = *change.autoJoinDomains;
    if (!change.restrictProjectVisibility.absent())
      settings.restrictProjectVisibility = change.restrictProjectVisibility.valueOr(false);
    if (!change.requireLeaseEpochOnTicketWrites.absent())
      settings.requireLeaseEpoch = change.requireLeaseEpochOnTicketWrites.valueOr(false);
    db::update(session, settings);
    return settings;
  });
}

void OrgSettingsStore::forget(std::string_view orgId) const { db::remove<OrgSettings>(db_, orgId); }

}  // namespace auth
