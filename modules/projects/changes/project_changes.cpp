#include "changes/project_changes.hpp"

#include <mortise/json.hpp>
#include <mortise/time.hpp>

namespace projects {

namespace json = mortise::json;

std::string textOf(const RecordedChange& change) {
  return json::object({{"project_id", change.projectId},
                       {"number", change.number},
                       {"id", change.reference},
                       {"change", change.change},
                       {"user_id", change.userId.empty() ? json::Value() : json::value(change.userId)},
                       {"at", mortise::isoTime(change.at, mortise::kIsoMicros)}})
      .text();
}

void ProjectChanges::record(mortise::Transaction& tx, const ProjectChange& change) const {
  recordEach(tx, change, {std::string(change.reference)});
}

void ProjectChanges::recordEach(mortise::Transaction& tx, const ProjectChange& change,
                                const std::vector<std::string>& ids) const {
  const auto store = store_.in(tx);
  RecordedChange recorded;
  recorded.projectId = change.projectId;
  recorded.event = change.event;
  recorded.change = change.change;
  recorded.userId = change.userId;
  recorded.at = mortise::now();
  tx.lock("projects_changes:" + recorded.projectId);
  recorded.number = store.nextNumber(recorded.projectId);
  const auto topic = "projects." + std::string(mortise::detail::nameOf(recorded.event));
  std::vector<RecordedChange> all;
  for (const auto& id : ids) {
    recorded.reference = id;
    events_.publish(topic, textOf(recorded));
    all.push_back(recorded);
    ++recorded.number;
  }
  store.add(all);
}

void ProjectChanges::removed(mortise::Transaction& tx, std::string_view projectId) const {
  store_.in(tx).remove(projectId);
}

}  // namespace projects
