#include "organisations/org_settings_store.hpp"

namespace auth {

OrgSettings OrgSettingsStore::read(std::string_view orgId) const {
  using N = std::optional<std::int64_t>;
  const auto row = db_.queryOne<N, N, N>(
      "SELECT kb_retention_days, kb_max_context_words, kb_section_page_limit FROM auth_org_settings WHERE org_id = "
      ":org_id",
      {{"org_id", orgId}});
  if (!row) return {};
  const auto& [retentionDays, maxContextWords, sectionPageLimit] = *row;
  return {retentionDays, maxContextWords, sectionPageLimit};
}

void OrgSettingsStore::change(std::string_view orgId, const OrgSettingsChange& change) const {
  db_.execute(
      "INSERT INTO auth_org_settings (org_id, kb_retention_days, kb_max_context_words, kb_section_page_limit) VALUES "
      "(:org_id, :retention_days, :max_context_words, :section_page_limit) ON CONFLICT (org_id) DO UPDATE SET "
      "kb_retention_days = CASE WHEN :set_retention_days = 1 THEN excluded.kb_retention_days ELSE "
      "auth_org_settings.kb_retention_days END, "
      "kb_max_context_words = CASE WHEN :set_max_context_words = 1 THEN excluded.kb_max_context_words ELSE "
      "auth_org_settings.kb_max_context_words END, "
      "kb_section_page_limit = CASE WHEN :set_section_page_limit = 1 THEN excluded.kb_section_page_limit ELSE "
      "auth_org_settings.kb_section_page_limit END",
      {{"org_id", orgId},
       {"retention_days", change.values.retentionDays},
       {"max_context_words", change.values.maxContextWords},
       {"section_page_limit", change.values.sectionPageLimit},
       {"set_retention_days", change.retentionDays},
       {"set_max_context_words", change.maxContextWords},
       {"set_section_page_limit", change.sectionPageLimit}});
}

}  // namespace auth
