#include "skill_item.hpp"

#include <optional>
#include <string>

namespace skills {
namespace {

std::optional<std::string> orNull(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

}  // namespace

skills_contract::skills::SkillItem skillItem(const SkillRecord& record, const SkillContent& content) {
  const auto& manifest = content.manifest;
  return {.id = record.id,
          .slug = record.slug,
          .name = manifest.name,
          .description = manifest.description,
          .version = manifest.version,
          .sourceType = record.sourceType,
          .sourceRef = record.sourceRef,
          .runtimeType = manifest.runtimeType,
          .enabled = record.enabled,
          .installedBy = orNull(record.installedBy),
          .createdAt = record.createdAt,
          .updatedAt = record.updatedAt,
          .bundleFileCount = static_cast<std::int64_t>(content.files.size()),
          .contextRefCount = static_cast<std::int64_t>(content.contextReferences),
          .lastSyncAt = orNull(content.lastSyncAt)};
}

}  // namespace skills
