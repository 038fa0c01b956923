// projects.directory/1 out of what a test wrote down: in memory, for one server.
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>
#include <mortise/projects_directory.hpp>
#include <mortise/served.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project_book_contract.hpp"

namespace contract = projects_contract::book;

template <>
struct mortise::Crossing<contract::BookProject> {
  static mortise_project to(const contract::BookProject& project) {
    using detail::str;
    return {sizeof(mortise_project), str(project.id), str(project.orgId), str(project.ownerId), str(project.id)};
  }
};
template <>
struct mortise::Crossing<contract::BookItem> {
  static mortise_project_item to(const contract::BookItem& item) {
    using detail::str;
    return {sizeof(mortise_project_item), str(item.reference), str(item.title), item.leaseEpoch};
  }
};
template <>
struct mortise::Crossing<contract::BookPersona> {
  static mortise_represented_persona to(const contract::BookPersona& persona) {
    using detail::str;
    return {sizeof(mortise_represented_persona), str(persona.id), str(persona.name), str(persona.role),
            str(persona.orgId)};
  }
};

namespace {

using mortise::Problem;
using mortise::Served;
using mortise::Sink;

struct FoundContext {
  std::string id, projectId, userId;
};

}  // namespace

template <>
struct mortise::Crossing<FoundContext> {
  static mortise_retrieval_context to(const FoundContext& found) {
    using detail::str;
    return {sizeof(mortise_retrieval_context), str(found.id), str(found.projectId), str(found.userId)};
  }
};

namespace {

class Directory : public mortise::Serving {
 public:
  explicit Directory(mortise::Host host)
      : Serving(host.log(), "a call of projects.directory/1 failed"),
        orgs_(host.orgs()),
        table_{sizeof table_,
               this,
               Served<&Directory::find>::call,
               Served<&Directory::ofRemote>::call,
               Served<&Directory::ofSession>::call,
               Served<&Directory::reaches>::call,
               Served<&Directory::item>::call,
               Served<&Directory::retrievalContext>::call,
               Served<&Directory::retrievalEvents>::call,
               Served<&Directory::represented>::call} {}

  const mortise_projects_directory_v1* table() const noexcept { return &table_; }
  void write(const contract::WriteBookBody& book) {
    const std::lock_guard lock(mutex_);
    book_ = book;
  }

  void find(std::string_view id, const Sink<contract::BookProject>& sink) { sink(project(id)); }
  void ofRemote(std::string_view remote, const Sink<contract::BookProject>& sink) { sink(projectOf(remote)); }
  void ofSession(std::string_view userId, std::string_view remote, const Sink<contract::BookProject>& sink) {
    const auto found = projectOf(remote);
    if (found.ownerId != userId && !isMember(userId, found.orgId)) throw Problem(404, "project_not_found");
    sink(found);
  }
  void reaches(std::string_view userId, std::string_view id) {
    const auto found = project(id);
    const bool reads = std::find(found.readers.begin(), found.readers.end(), userId) != found.readers.end();
    if (found.ownerId != userId && !reads && !isMember(userId, found.orgId)) throw Problem(403, "project_not_reached");
  }
  void item(std::string_view userId, std::string_view id, mortise_project_item_kind kind, std::string_view reference,
            const Sink<contract::BookItem>& sink) {
    const bool isNumber = std::all_of(reference.begin(), reference.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (kind == MORTISE_PROJECT_ENTRY && !isNumber) throw Problem(422, "entry_id_invalid");
    const auto found = project(id);
    for (const auto& item : found.items) {
      if (item.kind != kind || item.reference != reference) continue;
      if (!item.orgId.empty() && !isMember(userId, item.orgId)) throw Problem(403, "item_not_visible");
      sink(item);
      return;
    }
    throw Problem(404, "item_not_found");
  }
  void retrievalContext(std::string_view id, const Sink<FoundContext>& sink) {
    const std::lock_guard lock(mutex_);
    for (const auto& project : book_.projects) {
      for (const auto& context : project.contexts) {
        if (context.id == id) {
          sink(FoundContext{context.id, project.id, context.userId});
          return;
        }
      }
    }
    throw Problem(404, "context_not_found");
  }
  void retrievalEvents(std::string_view id, std::int64_t after, std::int64_t limit,
                       const Sink<std::int64_t, std::string>& sink) {
    const std::lock_guard lock(mutex_);
    for (const auto& project : book_.projects) {
      for (const auto& context : project.contexts) {
        if (context.id != id) continue;
        for (std::int64_t i = after; i < std::ssize(context.events) && i < after + limit; ++i)
          sink(i + 1, context.events[static_cast<std::size_t>(i)]);
        return;
      }
    }
    throw Problem(404, "context_not_found");
  }
  void represented(std::string_view userId, const Sink<contract::BookPersona>& sink) {
    const std::lock_guard lock(mutex_);
    for (const auto& persona : book_.personas) {
      if (persona.userId == userId) sink(persona);
    }
  }

 private:
  contract::BookProject project(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    for (const auto& project : book_.projects) {
      if (project.id == id) return project;
    }
    throw Problem(404, "project_not_found");
  }
  contract::BookProject projectOf(std::string_view remote) const {
    const std::lock_guard lock(mutex_);
    for (const auto& project : book_.projects) {
      if (std::find(project.remotes.begin(), project.remotes.end(), remote) != project.remotes.end()) return project;
    }
    throw Problem(404, "project_not_found");
  }
  bool isMember(std::string_view userId, std::string_view orgId) const {
    const auto member = orgs_.membership(userId);
    return !orgId.empty() && member && member->orgId == orgId;
  }

  mortise::Orgs orgs_;
  mutable std::mutex mutex_;
  contract::WriteBookBody book_;
  mortise_projects_directory_v1 table_;
};

class ProjectBook final : public mortise::ModuleServing<contract::Book> {
 public:
  explicit ProjectBook(mortise::Host host) : directory_(host) {}
  const void* provide(std::string_view name) override {
    return name == MORTISE_PROJECTS_DIRECTORY_V1 ? directory_.table() : nullptr;
  }

 private:
  mortise::Reply writeBook(const mortise::Request&, const contract::WriteBookBody& body) override {
    directory_.write(body);
    return mortise::Reply::noContent();
  }

  Directory directory_;
};

}  // namespace

MORTISE_MODULE(ProjectBook)
