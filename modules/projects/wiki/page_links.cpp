#include "wiki/page_links.hpp"

namespace projects {
namespace {

constexpr const char* kReferences = "references";

}  // namespace

void PageLinks::saved(const Page& page, bool isNew, mortise::Time at) const {
  links_.replaceFrom(page.projectId, kPageKind, page.id, kReferences, kPageKind, pages_.referencedBy(page.id), at);
  if (!isNew) return;
  links_.addTo(page.projectId, kPageKind, pages_.referringTo(page), kReferences, kPageKind, page.id, at);
}

void PageLinks::removed(std::string_view projectId, std::string_view pageId) const {
  links_.removeOf(projectId, kPageKind, pageId);
}

}  // namespace projects
