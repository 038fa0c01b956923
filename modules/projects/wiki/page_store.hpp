// The tables of pages, their revisions and their references: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/paging.hpp>
#include <mortise/slice.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wiki/page.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class PageStore {
 public:
  static constexpr std::size_t kMaxReferences = 1000;     // of one page
  static constexpr std::int64_t kMaxRemovedPages = 1000;  // of one project, whose revisions stay

  explicit PageStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  PageStore in(const mortise::Transaction& tx) const { return PageStore(db_.in(tx)); }

  // Last changed first.
  std::vector<PageSummary> list(std::string_view projectId) const;
  // Pages that were made of knowledge, by slug.
  std::vector<PageSummary> generated(std::string_view projectId, PageType type) const;
  std::optional<Page> find(std::string_view projectId, std::string_view slug) const;
  std::optional<PageSummary> summaryOf(std::string_view projectId, std::string_view slug) const;
  // How many pages the project has.
  std::int64_t countOf(std::string_view projectId) const;

  // Adds the page (edition 0), or changes the one that has still the edition that was read; sets its word count,
  // edition and references. False: somebody else wrote that page meanwhile. Call it in a transaction with what
  // belongs to it.
  bool save(Page& page) const;
  // Appends what the page says now to its history, and forgets what is older than the newest `limit` revisions.
  void addRevision(const Page& page, const PageAuthor& author, mortise::Time at, std::int64_t limit) const;
  // With its references. Its history stays while the page is one of the kMaxRemovedPages removed last. False: there is
  // none.
  bool remove(std::string_view projectId, std::string_view slug, mortise::Time at) const;

  // Which pages a page refers to, and which pages refer to it: ids.
  std::vector<std::string> referencedBy(std::string_view pageId) const;
  std::vector<std::string> referringTo(const Page& page) const;

  // Newest first; a cursor is a revision number.
  mortise::db::Slice<PageRevision> history(std::string_view projectId, std::string_view slug,
                                           const mortise::Paging& paging) const;

  // Slugs of pages that a revision is kept of, of pages that are gone, too.
  std::vector<std::string> slugsWithHistory(std::string_view projectId) const;
  // Page, references and revisions of that slug go to another project, where nothing has the new slug.
  void move(std::string_view fromProjectId, std::string_view slug, std::string_view toProjectId,
            std::string_view newSlug) const;
  // Forgets the histories of removed pages of which there are more than kMaxRemovedPages: remove() does it by itself.
  void forgetHistories(std::string_view projectId) const;
  // All of a project, for good.
  void removeAllOf(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
