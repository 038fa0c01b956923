// The table of links between entries and pages: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/link.hpp"

namespace projects {

// A pair has one link, whatever its type. [worker]; every member throws db::Error.
class LinkStore {
 public:
  explicit LinkStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  LinkStore in(const mortise::Transaction& tx) const { return LinkStore(db_.in(tx)); }

  // Adds it. A pair that has a link keeps the older one, but for its type and confidence.
  void put(const KnowledgeLink& link) const;
  void putAll(const std::vector<KnowledgeLink>& links) const;

  // What refers to that thing, the oldest first.
  std::vector<KnowledgeLink> backlinks(std::string_view projectId, std::string_view targetType,
                                       std::string_view targetId, std::size_t limit) const;
  // The live entries that contribute to a page, those that were linked last first.
  std::vector<std::int64_t> entriesOf(std::string_view projectId, std::string_view pageId, std::size_t limit) const;

  // Has the page one that is not dismissed?
  bool hasEntries(std::string_view projectId, std::string_view pageId) const;

  // Makes `targets` what links of that type go to from the source, and no others.
  void replaceFrom(std::string_view projectId, std::string_view sourceType, std::string_view sourceId,
                   std::string_view linkType, std::string_view targetType, const std::vector<std::string>& targets,
                   mortise::Time at) const;
  // A link of one type from each of the sources to one target.
  void addTo(std::string_view projectId, std::string_view sourceType, const std::vector<std::string>& sources,
             std::string_view linkType, std::string_view targetType, std::string_view targetId, mortise::Time at) const;

  // Every link from and to that thing, which is gone.
  void removeOf(std::string_view projectId, std::string_view type, std::string_view id) const;
  // All of a project, for good.
  void removeAllOf(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
