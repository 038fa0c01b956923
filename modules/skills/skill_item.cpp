#include "skill_item.hpp"

#include <mortise/text.hpp>

namespace skills {
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
          .installedBy = mortise::orNull(record.installedBy),
          .createdAt = record.createdAt,
          .updatedAt = record.updatedAt,
          .bundleFileCount = static_cast<std::int64_t>(content.files.size()),
          .contextRefCount = static_cast<std::int64_t>(content.contextReferences),
          .lastSyncAt = mortise::orNull(content.lastSyncAt)};
}

}  // namespace skills
