// /api/v1/projects/{id}/pages and links.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/compilation_store.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/link_store.hpp"
#include "knowledge/model_merge.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_part.hpp"
#include "tickets/ticket_store.hpp"
#include "wiki/page_links.hpp"
#include "wiki/page_store.hpp"

namespace projects {

class WikiOperations final : public projects_contract::wiki::Wiki, public ProjectPart {
 public:
  static constexpr std::int64_t kMaxPages = 5000;  // of one project; several requests at once may go past it by a few

  // `access`, `changes` and `models` must outlive this object.
  WikiOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                 const ModelMerge& models);

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listPages(const Request& request) override;
  Reply readPage(const Request& request) override;
  Reply readPageHistory(const Request& request) override;
  Reply writePage(const Request& request, const projects_contract::wiki::PageWrite& body) override;
  Reply publishPage(const Request& request, const projects_contract::wiki::PagePublishing& body) override;
  Reply removePage(const Request& request) override;
  Reply regeneratePage(const Request& request,
                       const std::optional<projects_contract::wiki::Regeneration>& body) override;
  Reply regenerateNestedPage(const Request& request,
                             const std::optional<projects_contract::wiki::Regeneration>& body) override;
  Reply listBacklinks(const Request& request) override;

  Reply history(const Request& request, std::string_view slug) const;
  Reply regenerated(const Request& request, std::string_view slug,
                    const std::optional<projects_contract::wiki::Regeneration>& body) const;
  // What a page is made of: the entries that contribute to it, else the claims of its type, else those that mention a
  // word of its title.
  std::vector<Entry> entriesFor(const Request& request, const Page& page) const;
  // The page's text by the model of the body, or without one.
  std::string articleFor(const Request& request, const Page& page, const std::vector<Entry>& entries,
                         const std::optional<projects_contract::wiki::Regeneration>& body) const;
  // Whom the body names as author. Problems 422 of the contract.
  PageAuthor authorOf(const Request& request, const Project& project,
                      const projects_contract::wiki::PageWrite& body) const;
  mortise::json::Value shown(const Page& page) const;

  mortise::Db db_;
  mortise::Audit audit_;
  PageStore pages_;
  PageLinks pageLinks_;
  LinkStore links_;
  EntryStore entries_;
  CompilationStore compilations_;
  PersonaStore personas_;
  TicketStore tickets_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
  const ModelMerge& models_;
  const std::int64_t keptRevisions_;
  const std::int64_t keptCompilations_;
};

}  // namespace projects
