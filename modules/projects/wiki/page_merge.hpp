// What becomes of the pages of a project that goes into another one.
#pragma once

#include "registry/project_part.hpp"
#include "wiki/page_links.hpp"
#include "wiki/page_store.hpp"

namespace projects {

// Moves pages and revisions. A page whose slug the other project has gets another slug, slug-2 and so on, which is
// told in the merge; one that was made of knowledge and whose slug is taken goes: it is made anew from what both
// projects know. Throws db::Error.
void mergePages(const PageStore& pages, const PageLinks& links, ProjectMerge& merge);

}  // namespace projects
