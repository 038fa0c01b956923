// projects.directory/1: projects and what they hold, as a table of C functions for other modules.
#pragma once

#include <mortise/abi/projects_directory.h>
#include <mortise/host.hpp>
#include <mortise/orgs.hpp>
#include <mortise/served.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "access/project_access.hpp"
#include "knowledge/entry_store.hpp"
#include "personas/persona_store.hpp"
#include "registry/project_store.hpp"
#include "retrieval/retrieval_store.hpp"
#include "tickets/ticket_store.hpp"
#include "wiki/page_store.hpp"

namespace projects {

// What the project has under a reference.
struct DirectoryItem {
  std::string reference;
  std::string title;
  std::int64_t leaseEpoch = -1;
};

}  // namespace projects

template <>
struct mortise::Crossing<projects::Project> {
  static mortise_project to(const projects::Project& project);
};
template <>
struct mortise::Crossing<projects::DirectoryItem> {
  static mortise_project_item to(const projects::DirectoryItem& item);
};
template <>
struct mortise::Crossing<projects::RetrievalAuditContext> {
  static mortise_retrieval_context to(const projects::RetrievalAuditContext& context);
};
template <>
struct mortise::Crossing<projects::PersonaSummary> {
  static mortise_represented_persona to(const projects::PersonaSummary& persona);
};

namespace projects {

// [worker] [start]
class DirectoryInterface : public mortise::Serving {
 public:
  // `access` must outlive this object.
  DirectoryInterface(const mortise::Host& host, const ProjectAccess& access);

  void find(std::string_view projectId, const mortise::Sink<Project>& sink);
  void ofRemote(std::string_view gitRemote, const mortise::Sink<Project>& sink);
  void ofSession(std::string_view userId, std::string_view gitRemote, const mortise::Sink<Project>& sink);
  void reaches(std::string_view userId, std::string_view projectId);
  void item(std::string_view userId, std::string_view projectId, mortise_project_item_kind kind,
            std::string_view reference, const mortise::Sink<DirectoryItem>& sink);
  void retrievalContext(std::string_view id, const mortise::Sink<RetrievalAuditContext>& sink);
  void retrievalEvents(std::string_view id, std::int64_t after, std::int64_t limit,
                       const mortise::Sink<std::int64_t, std::string>& sink);
  void represented(std::string_view userId, const mortise::Sink<PersonaSummary>& sink);

  const mortise_projects_directory_v1* table() const { return &table_; }

 private:
  // Of a merged one the project that it went into. Problem 404 project_not_found.
  Project project(std::string_view id) const;
  Project projectOf(std::string_view gitRemote) const;
  bool isMember(std::string_view userId, const std::string& orgId) const;
  DirectoryItem ticket(const Project& project, std::string_view id) const;
  DirectoryItem persona(std::string_view userId, const Project& project, std::string_view name) const;
  DirectoryItem entry(const Project& project, std::string_view number) const;
  DirectoryItem page(const Project& project, std::string_view slug) const;

  mortise::Orgs orgs_;
  ProjectStore projects_;
  TicketStore tickets_;
  PersonaStore personas_;
  EntryStore entries_;
  PageStore pages_;
  RetrievalStore retrievals_;
  const ProjectAccess& access_;
  mortise_projects_directory_v1 table_;
};

}  // namespace projects
