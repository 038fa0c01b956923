// The links that [[references]] of pages make: kept beside the pages in the table of links, in the transaction of the
// page that changes.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include "knowledge/link.hpp"
#include "knowledge/link_store.hpp"
#include "wiki/page_store.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class PageLinks {
 public:
  explicit PageLinks(mortise::Db db) : pages_(db), links_(db) {}
  PageLinks in(const mortise::Transaction& tx) const { return {pages_.in(tx), links_.in(tx)}; }

  // The page was saved: its links are what its text refers to; those that named it before it was there are links now.
  void saved(const Page& page, bool isNew, mortise::Time at) const;
  // The page is gone, and every link from and to it.
  void removed(std::string_view projectId, std::string_view pageId) const;

 private:
  PageLinks(PageStore pages, LinkStore links) : pages_(pages), links_(links) {}

  PageStore pages_;
  LinkStore links_;
};

}  // namespace projects
