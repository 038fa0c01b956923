#include "feedback/feedback_store.hpp"

#include <mortise/ascii.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <map>
#include <tuple>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

constexpr std::int64_t kEver = -1;  // in place of a day: of all days
constexpr std::int64_t kDay = std::int64_t{86'400} * 1'000'000;

std::int64_t dayOf(mortise::Time time) { return mortise::micros(time) / kDay; }

std::optional<std::string> keyOf(const std::optional<std::string>& name) {
  return name ? std::optional(mortise::asciiLowerCase(*name)) : std::nullopt;
}

}  // namespace

void FeedbackStore::add(const Feedback& feedback) const {
  db_.transaction([&](db::Session& session) {
    db::insert(session, feedback);
    for (const auto day : {kEver, dayOf(feedback.createdAt)}) {
      session.execute(
          "INSERT INTO projects_feedback_counts (project_id, persona_key, day, feedback_type, verdict, label, count) "
          "VALUES (:project, :persona, :day, :type, :verdict, :label, 1) "
          "ON CONFLICT (project_id, persona_key, day, feedback_type, verdict, label) "
          "DO UPDATE SET count = projects_feedback_counts.count + 1",
          {{"project", feedback.projectId},
           {"persona", feedback.personaKey.value_or("")},
           {"day", day},
           {"type", feedback.feedbackType},
           {"verdict", feedback.verdict},
           {"label", feedback.label.value_or("")}});
    }
  });
}

std::vector<Feedback> FeedbackStore::list(std::string_view projectId, const FeedbackFilter& filter,
                                          std::size_t limit) const {
  // A label goes with one type: asked for both, it alone leads to the rows.
  const bool isLabelOfType =
      filter.feedbackType && filter.label && isFeedbackLabel(*filter.feedbackType, *filter.label);
  if (filter.feedbackType && filter.label && !isLabelOfType) return {};
  db::Where where;
  where.equals("project_id", projectId)
      .equals("agent_run_id", db::ifSent(filter.agentRunId))
      .equals("ticket_id", db::ifSent(filter.ticketId))
      .equals("feedback_type", db::ifSent(isLabelOfType ? std::nullopt : filter.feedbackType))
      .equals("verdict", db::ifSent(filter.verdict))
      .equals("label", db::ifSent(filter.label))
      .equals("persona_key", db::ifSent(keyOf(filter.persona)));
  if (filter.since && !filter.sinceId) where.greater("created_at", *filter.since);
  // Row values, so that the index leads to the place.
  if (filter.since && filter.sinceId)
    where.raw("(created_at, id) > (:since, :since_id)", {{"since", *filter.since}, {"since_id", *filter.sinceId}});
  return db::rows<Feedback>(db_, where.text() + " ORDER BY created_at, id LIMIT " + std::to_string(limit),
                            where.parameters());
}

std::vector<FeedbackCount> FeedbackStore::summary(std::string_view projectId, const std::optional<std::string>& persona,
                                                  const std::optional<mortise::Time>& since) const {
  // Nothing is older than the epoch, and the days before it are not counted.
  const bool isPart = since && mortise::micros(*since) >= 0;
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> counts;
  const auto take = [&](const std::string& type, const std::string& verdict, const std::string& label,
                        std::int64_t count) {
    counts[{type, verdict, label}] += count;
  };
  db::Where days;
  days.equals("project_id", projectId).equals("persona_key", db::ifSent(keyOf(persona)));
  if (isPart) {
    days.greater("day", dayOf(*since));
  } else {
    days.equals("day", kEver);
  }
  // Added up here: a database would sort what it groups.
  db_.each<std::string, std::string, std::string, std::int64_t>(
      "SELECT feedback_type, verdict, label, count FROM projects_feedback_counts " + days.text(), days.parameters(),
      take);
  if (isPart) {
    db::Where rest;
    rest.equals("project_id", projectId)
        .equals("persona_key", db::ifSent(keyOf(persona)))
        .greater("created_at", *since)
        .less("created_at", mortise::timeOf((dayOf(*since) + 1) * kDay));
    db_.each<std::string, std::string, std::string>(
        "SELECT feedback_type, verdict, COALESCE(label, '') FROM projects_feedback " + rest.text(), rest.parameters(),
        [&](const std::string& type, const std::string& verdict, const std::string& label) {
          take(type, verdict, label, 1);
        });
  }
  std::vector<FeedbackCount> out;
  for (const auto& [kind, count] : counts) {
    const auto& [type, verdict, label] = kind;
    out.push_back({type, verdict, label.empty() ? std::nullopt : std::optional(label), count});
  }
  return out;
}

void FeedbackStore::removed(mortise::Transaction& tx, std::string_view projectId) {
  tx.execute("DELETE FROM projects_feedback WHERE project_id = :project", {{"project", projectId}});
  tx.execute("DELETE FROM projects_feedback_counts WHERE project_id = :project", {{"project", projectId}});
}

void FeedbackStore::merged(mortise::Transaction& tx, ProjectMerge& merge) {
  for (const auto& [old, name] : merge.personaRenames) {
    const auto oldKey = mortise::asciiLowerCase(old), key = mortise::asciiLowerCase(name);
    tx.execute("UPDATE projects_feedback SET persona_key = :key WHERE project_id = :from AND persona_key = :old",
               {{"key", key}, {"from", merge.from}, {"old", oldKey}});
    tx.execute(
        "INSERT INTO projects_feedback_counts (project_id, persona_key, day, feedback_type, verdict, label, count) "
        "SELECT project_id, :key, day, feedback_type, verdict, label, count FROM projects_feedback_counts "
        "WHERE project_id = :from AND persona_key = :old "
        "ON CONFLICT (project_id, persona_key, day, feedback_type, verdict, label) "
        "DO UPDATE SET count = projects_feedback_counts.count + excluded.count",
        {{"key", key}, {"from", merge.from}, {"old", oldKey}});
    tx.execute("DELETE FROM projects_feedback_counts WHERE project_id = :from AND persona_key = :old",
               {{"from", merge.from}, {"old", oldKey}});
  }
  merge.stats["agent_feedback"] = tx.execute("UPDATE projects_feedback SET project_id = :into WHERE project_id = :from",
                                             {{"into", merge.into}, {"from", merge.from}});
  tx.execute(
      "INSERT INTO projects_feedback_counts (project_id, persona_key, day, feedback_type, verdict, label, count) "
      "SELECT :into, persona_key, day, feedback_type, verdict, label, count FROM projects_feedback_counts "
      "WHERE project_id = :from "
      "ON CONFLICT (project_id, persona_key, day, feedback_type, verdict, label) "
      "DO UPDATE SET count = projects_feedback_counts.count + excluded.count",
      {{"into", merge.into}, {"from", merge.from}});
  tx.execute("DELETE FROM projects_feedback_counts WHERE project_id = :from", {{"from", merge.from}});
}

}  // namespace projects
