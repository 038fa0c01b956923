// Which projects there are, who reaches them, and what they hold: projects.directory/1, offered by the module projects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/projects_directory.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct DirectoryProject {
  std::string id;
  std::string orgId;    // empty: belongs to no organisation
  std::string ownerId;  // user
  std::string name;
};

enum class ProjectItemKind {
  ticket = MORTISE_PROJECT_TICKET,    // by its id
  persona = MORTISE_PROJECT_PERSONA,  // by its name, ignoring case; active ones only
  entry = MORTISE_PROJECT_ENTRY,      // of the knowledge base, by its number
  page = MORTISE_PROJECT_PAGE         // of the wiki, by its slug
};

struct ProjectItem {
  std::string reference;                   // as the project writes it
  std::string title;                       // of a ticket or page; the name of a persona; empty: none
  std::optional<std::int64_t> leaseEpoch;  // of a ticket
};

// Why there is no item.
enum class ProjectItemMissing { invalidReference, notFound, notVisible };

struct ProjectItemAnswer {
  std::optional<ProjectItem> item;
  ProjectItemMissing missing = ProjectItemMissing::notFound;  // when there is no item
};

struct RetrievalContext {
  std::string id;
  std::string projectId;
  std::string userId;  // who opened it
};

struct RetrievalEvent {
  std::int64_t number = 0;
  std::string json;  // an object, as people are shown it
};

// A persona of an organisation that stands for one of its members.
struct RepresentedPersona {
  std::string id;
  std::string name;
  std::string role;  // what it does, in words
  std::string orgId;
};

// Take it in start(), not in the constructor:
//   projects_ = host_.optional<mortise::ProjectsDirectory>();     with projects.directory/1 under optional in module.yaml
// [worker] [start]. Failures throw Problem: 422, 503, 507. Remotes are normalised; an empty one names no project.
class ProjectsDirectory {
 public:
  using Table = mortise_projects_directory_v1;
  static constexpr const char* kInterface = MORTISE_PROJECTS_DIRECTORY_V1;
  ProjectsDirectory(mortise_host*, const Table* table) noexcept : table_(table) {}

  // Whoever asks: for the boundary of service keys (service_key.hpp). Of a merged one, the project it went into.
  std::optional<DirectoryProject> find(std::string_view project_id) const {
    return one<DirectoryProject>([&](auto* got, mortise_error* error) {
      return table_->find(table_->context, detail::str(project_id), takeProject, got, error);
    });
  }
  // The project that a remote belongs to, whoever asks.
  std::optional<DirectoryProject> ofRemote(std::string_view git_remote) const {
    return one<DirectoryProject>([&](auto* got, mortise_error* error) {
      return table_->of_remote(table_->context, detail::str(git_remote), takeProject, got, error);
    });
  }
  // The project that a session of this user with that remote belongs to: the remote's, if the user owns it or sees it as
  // a member of its organisation.
  std::optional<DirectoryProject> ofSession(std::string_view user_id, std::string_view git_remote) const {
    return one<DirectoryProject>([&](auto* got, mortise_error* error) {
      return table_->of_session(table_->context, detail::str(user_id), detail::str(git_remote), takeProject, got,
                                error);
    });
  }
  // False also when there is no such project.
  bool reaches(std::string_view user_id, std::string_view project_id) const {
    auto error = detail::noError();
    const auto status = table_->reaches(table_->context, detail::str(user_id), detail::str(project_id), &error);
    if (status == MORTISE_DENIED || status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }
  // What the project has under that reference. Ask reaches() before: this does not.
  ProjectItemAnswer item(std::string_view user_id, std::string_view project_id, ProjectItemKind kind,
                         std::string_view reference) const {
    detail::SinkResult<ProjectItem> got;
    auto error = detail::noError();
    const auto status =
        table_->item(table_->context, detail::str(user_id), detail::str(project_id),
                     static_cast<mortise_project_item_kind>(kind), detail::str(reference), takeItem, &got, &error);
    if (status == MORTISE_INVALID) return {{}, ProjectItemMissing::invalidReference};
    if (status == MORTISE_NOT_FOUND) return {{}, ProjectItemMissing::notFound};
    if (status == MORTISE_DENIED) return {{}, ProjectItemMissing::notVisible};
    check(status, error);
    return {std::move(got.finish(kInterface)), {}};
  }
  std::optional<RetrievalContext> retrievalContext(std::string_view id) const {
    return one<RetrievalContext>([&](auto* got, mortise_error* error) {
      return table_->retrieval_context(
          table_->context, detail::str(id),
          [](void* context, const mortise_retrieval_context* c) {
            auto& out = *static_cast<detail::SinkResult<RetrievalContext>*>(context);
            out.keep([&] {
              out.value =
                  RetrievalContext{detail::copied(c->id), detail::copied(c->project_id), detail::copied(c->user_id)};
            });
          },
          got, error);
    });
  }
  // Oldest first, at most `limit` (1..1000) after the event `after`; none when there is no such context.
  std::vector<RetrievalEvent> retrievalEvents(std::string_view id, std::int64_t after = 0,
                                              std::int64_t limit = 200) const {
    detail::SinkResult<std::vector<RetrievalEvent>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->retrieval_events(
        table_->context, detail::str(id), after, limit,
        [](void* context, std::int64_t number, mortise_str event) {
          auto& out = *static_cast<detail::SinkResult<std::vector<RetrievalEvent>>*>(context);
          out.keep([&] { out.value->push_back({number, detail::copied(event)}); });
        },
        &got, &error);
    if (status == MORTISE_NOT_FOUND) return {};
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // The active personas that stand for this user, by name.
  std::vector<RepresentedPersona> represented(std::string_view user_id) const {
    detail::SinkResult<std::vector<RepresentedPersona>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->represented(
        table_->context, detail::str(user_id),
        [](void* context, const mortise_represented_persona* c) {
          auto& out = *static_cast<detail::SinkResult<std::vector<RepresentedPersona>>*>(context);
          out.keep([&] {
            out.value->push_back(
                {detail::copied(c->id), detail::copied(c->name), detail::copied(c->role), detail::copied(c->org_id)});
          });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

 private:
  template <class T, class Call>
  static std::optional<T> one(Call&& call) {
    detail::SinkResult<T> got;
    auto error = detail::noError();
    const auto status = call(&got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }
  static void takeProject(void* context, const mortise_project* c) {
    auto& out = *static_cast<detail::SinkResult<DirectoryProject>*>(context);
    out.keep([&] {
      out.value = DirectoryProject{detail::copied(c->id), detail::copied(c->org_id), detail::copied(c->owner_id),
                                   detail::copied(c->name)};
    });
  }
  static void takeItem(void* context, const mortise_project_item* c) {
    auto& out = *static_cast<detail::SinkResult<ProjectItem>*>(context);
    out.keep([&] {
      ProjectItem item{detail::copied(c->reference), detail::copied(c->title), {}};
      if (c->lease_epoch >= 0) item.leaseEpoch = c->lease_epoch;
      out.value = std::move(item);
    });
  }

  const Table* table_;
};

}  // namespace mortise::inline sdk1
