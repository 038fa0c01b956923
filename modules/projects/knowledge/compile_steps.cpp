#include "knowledge/compile_steps.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "in_parts.hpp"
#include "knowledge/classification.hpp"
#include "knowledge/entry_sql.hpp"
#include "knowledge/link_store.hpp"
#include "knowledge/word_overlap.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Time;
using std::chrono::hours;

constexpr double kReplaces = 0.9, kContradicts = 0.5;
constexpr double kDecay = 0.8, kLeastConfidence = 0.1, kRetiredBelow = 0.3;
constexpr hours kBetweenDecays{30 * 24};
constexpr std::int64_t kMaxDays = 36'500;

Time before(Time now, std::int64_t days) { return now - hours(std::clamp<std::int64_t>(days, 0, kMaxDays) * 24); }

// How long an entry counts as fresh: half of it as current, and then as aging.
#define PROJECTS_FRESH_HALF                                                                                        \
  "(CASE entry_type WHEN 'bug' THEN 30 WHEN 'dependency' THEN 60 WHEN 'convention' THEN 180 WHEN 'decision' THEN " \
  "365 ELSE 90 END) * CAST(:half_day AS BIGINT)"
#define PROJECTS_FRESHNESS                                                                                    \
  "CASE WHEN COALESCE(last_relevant_at, created_at) > CAST(:now AS BIGINT) - " PROJECTS_FRESH_HALF            \
  " THEN 'current' WHEN COALESCE(last_relevant_at, created_at) > CAST(:now AS BIGINT) - " PROJECTS_FRESH_HALF \
  " * 2 THEN 'aging' ELSE 'stale' END"

// One entry about something, while those about it are compared.
struct Compared {
  std::int64_t id = 0;
  double confidence = 0;
  WordSet words;
};

}  // namespace

std::int64_t CompileSteps::refreshFreshness() const {
  return db_.execute("UPDATE projects_entries SET freshness_class = " PROJECTS_FRESHNESS
                     " WHERE project_id = :project AND " PROJECTS_LIVE " AND freshness_class <> " PROJECTS_FRESHNESS,
                     {{"project", projectId_}, {"now", now_}, {"half_day", std::int64_t{43'200'000'000}}});
}

std::vector<Supersession> CompileSteps::supersessions(std::int64_t retentionDays, bool decays) const {
  std::vector<Supersession> out;
  std::size_t contradictions = 0;
  std::string entity;
  std::array<std::deque<Compared>, 6> newer;  // by type; the nearest last
  const auto retired = before(now_, retentionDays), forgotten = now_ - kForgotten;
  db_.each<std::int64_t, std::string, EntryType, double, Time, std::optional<Time>, bool, std::string>(
      "SELECT id, entity_ref, entry_type, confidence, created_at, last_relevant_at, by_reader, content "
      "FROM projects_entries WHERE project_id = :project AND entity_ref IS NOT NULL AND " PROJECTS_LIVE
      " ORDER BY entity_ref DESC, id DESC",
      {{"project", projectId_}},
      [&](std::int64_t id, const std::string& about, EntryType type, double confidence, Time createdAt,
          std::optional<Time> relevantAt, bool byReader, const std::string& content) {
        stop_();
        if (about != entity) {
          for (auto& list : newer) list.clear();
          entity = about;
        }
        const bool willDecay = decays && relevantAt.value_or(createdAt) < forgotten && confidence > kLeastConfidence;
        if (confidence * (willDecay ? kDecay : 1) < kRetiredBelow && createdAt < retired) return;
        auto& list = newer[static_cast<std::size_t>(type)];
        Compared one{id, confidence, WordSet(content)};
        std::vector<Supersession> contradicted;
        for (auto other = list.rbegin(); other != list.rend(); ++other) {
          const auto overlap = other->words.overlap(one.words);
          if (overlap > kReplaces && other->confidence >= kClaimConfidence) {
            out.push_back({other->id, id, overlap, true});
            return;
          }
          if (overlap >= kContradicts && overlap <= kReplaces &&
              contradictions + contradicted.size() < kMaxContradictions)
            contradicted.push_back({other->id, id, overlap, false});
        }
        contradictions += contradicted.size();
        out.insert(out.end(), contradicted.begin(), contradicted.end());
        if (byReader) return;  // replaces and contradicts nothing, so that it takes no place of what does
        list.push_back(std::move(one));
        if (list.size() > kCompared) list.pop_front();
      });
  return out;
}

void CompileSteps::apply(const std::vector<Supersession>& pairs) const {
  std::vector<KnowledgeLink> links;
  for (const auto& one : pairs) {
    stop_();
    links.push_back({.projectId = std::string(projectId_),
                     .sourceType = kEntryKind,
                     .sourceId = std::to_string(one.newer),
                     .targetType = kEntryKind,
                     .targetId = std::to_string(one.older),
                     .linkType = one.replaces ? "supersedes" : "contradicts",
                     .confidence = one.overlap,
                     .createdAt = now_});
    if (!one.replaces) continue;
    db_.execute(
        "UPDATE projects_entries SET freshness_class = 'superseded', superseded_by = :newer, "
        "supersession_reason = 'A newer entry says the same of it' WHERE id = :older",
        {{"newer", one.newer}, {"older", one.older}});
  }
  LinkStore(db_).putAll(links);
}

bool CompileSteps::decayIsDue() const {
  const auto last = db_.queryOne<std::optional<Time>>(
      "SELECT decayed_at FROM projects_knowledge WHERE project_id = :project", {{"project", projectId_}});
  return !last || !*last || **last <= now_ - kBetweenDecays;
}

std::int64_t CompileSteps::decay() const {
  const auto count = db_.execute(
      "UPDATE projects_entries SET confidence = confidence * 0.8 WHERE project_id = :project AND dismissed = 0 "
      "AND COALESCE(last_relevant_at, created_at) < :forgotten AND confidence > 0.1",
      {{"project", projectId_}, {"forgotten", now_ - kForgotten}});
  if (count > 0) {
    db_.execute("UPDATE projects_knowledge SET decayed_at = :now WHERE project_id = :project",
                {{"now", now_}, {"project", projectId_}});
  }
  return count;
}

std::int64_t CompileSteps::retire(std::int64_t retentionDays) const {
  return db_.execute(
      "UPDATE projects_entries SET dismissed = 1, dismissed_at = :now, dismissed_by = NULL, "
      "dismissed_reason = 'Hardly believed, and older than this project keeps such entries' "
      "WHERE project_id = :project AND dismissed = 0 AND confidence < 0.3 AND created_at < :retired",
      {{"now", now_}, {"project", projectId_}, {"retired", before(now_, retentionDays)}});
}

std::int64_t CompileSteps::promote() const {
  return db_.execute(
      "UPDATE projects_entries SET claim_class = 'claim', promoted_at = :now WHERE project_id = :project "
      "AND " PROJECTS_PROMOTABLE,
      {{"now", now_}, {"project", projectId_}});
}

std::vector<TakenClaim> CompileSteps::pending() const {
  std::vector<TakenClaim> out;
  std::size_t size = 0;
  db_.each<std::int64_t, EntryType, double, Time, std::string>(
      "SELECT id, entry_type, confidence, created_at, content FROM projects_entries WHERE project_id = :project "
      "AND " PROJECTS_PENDING
      " ORDER BY confidence DESC, COALESCE(last_relevant_at, created_at) DESC, "
      "CASE WHEN entity_ref IS NULL THEN 1 ELSE 0 END, id DESC LIMIT :most",
      {{"project", projectId_}, {"most", kMaxClaims}},
      [&](std::int64_t id, EntryType type, double confidence, Time createdAt, std::string content) {
        stop_();
        size += content.size();
        if (size > kMaxText) return false;  // the next compilation takes the rest
        out.push_back({id, type, confidence, createdAt, std::move(content)});
        return true;
      });
  return out;
}

void CompileSteps::markCompiled(const std::vector<std::int64_t>& ids) const {
  eachBatch(ids, "id", [&](db::Where& where) {
    stop_();
    auto parameters = where.parameters();
    parameters.emplace_back("now", now_);
    // What was needed a moment ago is current.
    db_.execute(
        "UPDATE projects_entries SET compiled_at = :now, last_relevant_at = :now, compiled_count = compiled_count + 1, "
        "freshness_class = 'current' " +
            where.text(),
        parameters);
  });
}

std::vector<RecentFact> CompileSteps::recent(std::size_t count) const {
  std::vector<RecentFact> out;
  db_.each<EntryType, std::string, Time>(
      "SELECT entry_type, content, created_at FROM projects_entries WHERE project_id = :project "
      "AND compiled_at IS NOT NULL AND claim_class = 'claim' AND " PROJECTS_LIVE " ORDER BY id DESC LIMIT :count",
      {{"project", projectId_}, {"count", count}}, [&](EntryType type, std::string content, Time createdAt) {
        out.push_back({type, std::move(content), createdAt});
      });
  return out;
}

void CompileSteps::unmarkAll() const {
  db_.execute("UPDATE projects_entries SET compiled_at = NULL WHERE project_id = :project AND compiled_at IS NOT NULL",
              {{"project", projectId_}});
  db_.execute("DELETE FROM projects_section_entries WHERE project_id = :project", {{"project", projectId_}});
}

}  // namespace projects
