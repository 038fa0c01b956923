#include "changes/change_store.hpp"

#include <mortise/rows.hpp>

#include <utility>

namespace projects {

std::int64_t ChangeStore::nextNumber(std::string_view projectId) const {
  return db_
      .queryOne<std::int64_t>("SELECT COALESCE(MAX(number), 0) + 1 FROM projects_changes WHERE project_id = :project",
                              {{"project", projectId}})
      .value_or(1);
}

void ChangeStore::add(const std::vector<RecordedChange>& changes) const { mortise::db::insertAll(db_, changes); }

std::vector<RecordedChange> ChangeStore::after(std::string_view projectId, std::int64_t after,
                                               std::int64_t limit) const {
  return mortise::db::rows<RecordedChange>(
      db_, "WHERE project_id = :project AND number > :after ORDER BY number LIMIT :limit",
      {{"project", projectId}, {"after", after}, {"limit", limit}});
}

ChangeStore::Range ChangeStore::rangeOf(std::string_view projectId) const {
  const auto row = db_.queryOne<std::optional<std::int64_t>, std::optional<std::int64_t>>(
      "SELECT (SELECT MIN(number) FROM projects_changes WHERE project_id = :project), (SELECT MAX(number) FROM "
      "projects_changes WHERE project_id = :project)",
      {{"project", projectId}});
  if (!row) return {};
  return {std::get<0>(*row).value_or(0), std::get<1>(*row).value_or(0)};
}

ChangeStore::Forgotten ChangeStore::forgetBefore(mortise::Time time, const Place& place, std::int64_t limit) const {
  Forgotten forgotten;
  if (auto last = db_.queryOne<mortise::Time, std::string, std::int64_t>(
          "SELECT at, project_id, number FROM projects_changes WHERE at < :time AND (at, project_id, number) > (:at, "
          ":project, :number) ORDER BY at, project_id, number LIMIT 1 OFFSET :others",
          {{"time", time},
           {"at", place.at},
           {"project", place.projectId},
           {"number", place.number},
           {"others", limit - 1}}))
    forgotten.next = Place{std::get<0>(*last), std::move(std::get<1>(*last)), std::get<2>(*last)};
  const auto end = forgotten.next.value_or(Place{time, {}, 0});
  forgotten.count = db_.execute(
      "DELETE FROM projects_changes WHERE (at, project_id, number) > (:at, :project, :number) AND (at, project_id, "
      "number) <= (:end_at, :end_project, :end_number) AND number < (SELECT MAX(n.number) FROM projects_changes n "
      "WHERE "
      "n.project_id = projects_changes.project_id)",
      {{"at", place.at},
       {"project", place.projectId},
       {"number", place.number},
       {"end_at", end.at},
       {"end_project", end.projectId},
       {"end_number", end.number}});
  return forgotten;
}

void ChangeStore::remove(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_changes WHERE project_id = :project", {{"project", projectId}});
}

}  // namespace projects
