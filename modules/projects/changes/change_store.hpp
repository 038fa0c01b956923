// The table of what happened in projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// The event of the feed; for other modules the topic "projects." and this name.
enum class ProjectEvent : std::uint8_t {
  projectChanged,
  contextChanged,
  knowledgeChanged,
  knowledgeCompiled,
  pageChanged,
  rulesChanged,
  ticketChanged,
  personaChanged,
  runChanged,
  queueChanged
};
constexpr auto mortiseNames(ProjectEvent) {
  return mortise::names<ProjectEvent>({{ProjectEvent::projectChanged, "project_changed"},
                                       {ProjectEvent::contextChanged, "context_changed"},
                                       {ProjectEvent::knowledgeChanged, "knowledge_changed"},
                                       {ProjectEvent::knowledgeCompiled, "knowledge_compiled"},
                                       {ProjectEvent::pageChanged, "page_changed"},
                                       {ProjectEvent::rulesChanged, "rules_changed"},
                                       {ProjectEvent::ticketChanged, "ticket_changed"},
                                       {ProjectEvent::personaChanged, "persona_changed"},
                                       {ProjectEvent::runChanged, "run_changed"},
                                       {ProjectEvent::queueChanged, "queue_changed"}});
}

// One as it is on record.
struct RecordedChange {
  std::string projectId;
  std::int64_t number = 0;  // counted in its project
  ProjectEvent event = ProjectEvent::projectChanged;
  std::string reference;
  std::string change;
  std::string userId;  // empty: a schedule
  mortise::Time at;

  static constexpr auto kFields = mortise::fields(
      "projects_changes", mortise::field("project_id", &RecordedChange::projectId).key(),
      mortise::field("number", &RecordedChange::number).key(), mortise::field("event", &RecordedChange::event),
      mortise::field("reference", &RecordedChange::reference), mortise::field("change", &RecordedChange::change),
      mortise::field("user_id", &RecordedChange::userId), mortise::field("at", &RecordedChange::at));
};

// [worker]; every member throws db::Error.
class ChangeStore {
 public:
  explicit ChangeStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ChangeStore in(const mortise::Transaction& tx) const { return ChangeStore(db_.in(tx)); }

  // The number of the project's next change: whoever asks holds the project's changes until it is added.
  std::int64_t nextNumber(std::string_view projectId) const;
  void add(const std::vector<RecordedChange>& changes) const;

  // Oldest first, at most `limit` behind the number `after`.
  std::vector<RecordedChange> after(std::string_view projectId, std::int64_t after, std::int64_t limit) const;
  // The numbers of the oldest and the newest that are on record; zeros: nothing is.
  struct Range {
    std::int64_t oldest = 0;
    std::int64_t newest = 0;
  };
  Range rangeOf(std::string_view projectId) const;

  // A place among all changes in the order of their times.
  struct Place {
    mortise::Time at;
    std::string projectId;
    std::int64_t number = 0;
  };
  struct Forgotten {
    std::int64_t count = 0;
    std::optional<Place> next;  // where to go on; empty: at the end
  };
  // Of the `limit` oldest changes behind `place` drops those of before `time`, but never a project's newest one, after
  // which the next is numbered. Steps go from place to place, so that what stays is looked at once.
  Forgotten forgetBefore(mortise::Time time, const Place& place, std::int64_t limit) const;
  // Those of a project that is gone.
  void remove(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
