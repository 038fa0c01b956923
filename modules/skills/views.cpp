#include "views.hpp"

#include <optional>

namespace skills {
namespace {

std::optional<std::string> orNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

mortise::json::Value skillItem(const SkillRecord& record, const SkillContent& content) {
  const auto& manifest = content.manifest;
  return mortise::json::object({{"id", record.id},
                                {"slug", record.slug},
                                {"name", manifest.name},
                                {"description", manifest.description},
                                {"version", manifest.version},
                                {"source_type", record.sourceType},
                                {"source_ref", record.sourceRef},
                                {"runtime_type", manifest.runtimeType},
                                {"enabled", record.enabled},
                                {"installed_by", orNull(record.installedBy)},
                                {"created_at", record.createdAt},
                                {"updated_at", record.updatedAt},
                                {"bundle_file_count", content.files.size()},
                                {"context_ref_count", content.contextReferences},
                                {"last_sync_at", orNull(content.lastSyncAt)}});
}

}  // namespace skills
