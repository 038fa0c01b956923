// What happens in projects, for those who follow one: each face says it in the transaction of the change.
//   changes_.record(tx, {ProjectEvent::ticketChanged, project.id, ticket.id, "started", caller.userId});
// Say it last in the transaction: from there to the commit no other change of this project is committed.
#pragma once

#include <mortise/db.hpp>
#include <mortise/events.hpp>
#include <mortise/host.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "changes/change_store.hpp"

namespace projects {

// Borrows its texts.
struct ProjectChange {
  ProjectEvent event;
  std::string_view projectId;
  std::string_view reference;  // what changed: the id of a ticket, entry, run or persona, the slug of a page
  std::string_view change;     // how, in a word: created, updated, removed, started
  std::string_view userId{};   // who did it; empty: a schedule
};

// What clients and other modules get: {project_id, number, id, change, user_id, at}.
std::string textOf(const RecordedChange& change);

// One for the module; faces keep a reference. [worker]; throws db::Error.
class ProjectChanges {
 public:
  explicit ProjectChanges(const mortise::Host& host) : store_(host.db()), events_(host.events()) {}

  // Counts it, and publishes it once `tx` is committed.
  void record(mortise::Transaction& tx, const ProjectChange& change) const;
  // The same change of several things of the project: one for each of these ids, in place of the change's own.
  void recordEach(mortise::Transaction& tx, const ProjectChange& change, const std::vector<std::string>& ids) const;
  // The project is gone.
  void removed(mortise::Transaction& tx, std::string_view projectId) const;

 private:
  ChangeStore store_;
  mortise::Events events_;
};

}  // namespace projects
