// /api/v1/projects/{id}/entries: what a project knows, entry by entry.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/entry_adding.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/retrieval_counts.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"

namespace projects {

class KnowledgeOperations final : public projects_contract::knowledge::Knowledge {
 public:
  // All must outlive this object.
  KnowledgeOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                      const EntryAdding& adding, RetrievalCounts& retrieved);

 private:
  mortise::Reply listEntries(const mortise::Request& request) override;
  mortise::Reply addEntry(const mortise::Request& request, const projects_contract::knowledge::NewEntry& body) override;
  mortise::Reply bulkPromoteEntries(const mortise::Request& request,
                                    const std::optional<projects_contract::knowledge::BulkPromotion>& sent) override;
  mortise::Reply dismissStaleEntries(const mortise::Request& request) override;
  mortise::Reply readEntry(const mortise::Request& request) override;
  mortise::Reply dismissEntry(const mortise::Request& request,
                              const projects_contract::knowledge::DismissEntryBody& body) override;
  mortise::Reply refreshEntry(const mortise::Request& request) override;
  mortise::Reply supersedeEntry(const mortise::Request& request,
                                const projects_contract::knowledge::SupersedeEntryBody& body) override;
  mortise::Reply promoteEntry(const mortise::Request& request) override;
  mortise::Reply setEntryConfidence(const mortise::Request& request,
                                    const projects_contract::knowledge::SetEntryConfidenceBody& body) override;

  void countFound(const mortise::Request& request, const std::vector<Entry>& entries) const;
  // The entry that the path names. Problem 404 entry_not_found.
  Entry entryOf(const mortise::Request& request, const Project& project) const;
  // Changes one entry and says so, in one transaction; `change` returns false where the entry is not there.
  Entry change(const mortise::Request& request, const Project& project, std::int64_t id, std::string_view what,
               const std::function<bool(mortise::Transaction&, const EntryChanges&)>& change) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Identity identity_;
  EntryStore entries_;
  PersonaStore personas_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
  const EntryAdding& adding_;
  RetrievalCounts& retrieved_;
};

}  // namespace projects
