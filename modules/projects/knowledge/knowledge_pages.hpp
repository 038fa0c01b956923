// The pages of the wiki that are made of knowledge: one for each type of claims, and one for each phrase that many claims
// share. A page that somebody wrote is left alone.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "knowledge/entry.hpp"
#include "wiki/page.hpp"

namespace projects {

struct PageCounts {
  std::int64_t sections = 0;
  std::int64_t concepts = 0;
};

// Of which type the page of that slug tells the claims; empty: it is none of those.
std::optional<EntryType> sectionTypeOf(std::string_view slug);

// [worker]; members throw db::Error, and Problem 409 concurrent_update where somebody writes such a page meanwhile.
class KnowledgePages {
 public:
  // `stop` is called again and again; what it throws ends the work.
  KnowledgePages(mortise::Db db, std::string_view projectId, mortise::Time now, std::function<void()> stop)
      : db_(db), projectId_(projectId), now_(now), stop_(std::move(stop)) {}

  // Writes the pages whose claims changed, and removes those that have none any more. `limit`: entries of a page.
  PageCounts rebuild(std::int64_t limit) const;

 private:
  void rebuildSection(EntryType type, const char* slug, std::int64_t limit) const;
  void rebuildConcepts(std::int64_t limit) const;
  // Returns how many are left.
  std::size_t pruneConcepts() const;
  // The page's id; empty: somebody wrote it.
  std::optional<std::string> save(std::string_view slug, std::string_view title, PageType type,
                                  const std::string& content, std::int64_t entries) const;
  void remove(const std::string& slug, const std::string& pageId) const;

  mortise::Db db_;
  std::string_view projectId_;
  mortise::Time now_;
  std::function<void()> stop_;
};

}  // namespace projects
