// A link from an entry or a page to another one of the same project. Its JSON is a backlink, as pages show it.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>

namespace projects {

inline constexpr const char* kEntryKind = "entry";  // named by its number
inline constexpr const char* kPageKind = "page";    // named by its id

struct KnowledgeLink {
  std::int64_t id = 0;
  std::string projectId;
  std::string sourceType;
  std::string sourceId;
  std::string targetType;
  std::string targetId;
  std::string linkType;  // contributes, supersedes, contradicts, references
  double confidence = 1;
  mortise::Time createdAt{};

  // Its key is what it links, which is UNIQUE in the table: that is what upsert() goes by.
  static constexpr auto kFields =
      mortise::fields("projects_links", mortise::field("id", &KnowledgeLink::id).generated().hidden(),
                      mortise::field("project_id", &KnowledgeLink::projectId).key().hidden(),
                      mortise::field("source_type", &KnowledgeLink::sourceType).key(),
                      mortise::field("source_id", &KnowledgeLink::sourceId).key(),
                      mortise::field("target_type", &KnowledgeLink::targetType).key().hidden(),
                      mortise::field("target_id", &KnowledgeLink::targetId).key().hidden(),
                      mortise::field("link_type", &KnowledgeLink::linkType),
                      mortise::field("confidence", &KnowledgeLink::confidence),
                      mortise::field("created_at", &KnowledgeLink::createdAt).fixed().hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
