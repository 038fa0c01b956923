#include "knowledge/entry_changes.hpp"

#include <mortise/where.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "in_parts.hpp"
#include "knowledge/classification.hpp"
#include "knowledge/entry_sql.hpp"
#include "knowledge/word_overlap.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Time;

constexpr std::size_t kComparedClaims = 50;
constexpr int kMaxChain = 1000;

}  // namespace

bool EntryChanges::dismiss(std::int64_t id, std::string_view userId, const std::optional<std::string>& reason,
                           Time now) const {
  return db_.execute(
             "UPDATE projects_entries SET dismissed_at = CASE WHEN dismissed = 1 THEN dismissed_at ELSE :now END, "
             "dismissed_by = CASE WHEN dismissed = 1 THEN dismissed_by ELSE :user END, "
             "dismissed_reason = CASE WHEN dismissed = 1 THEN COALESCE(:reason, dismissed_reason) ELSE :reason END, "
             "dismissed = 1 WHERE id = :id AND project_id = :project",
             {{"now", now}, {"user", userId}, {"reason", reason}, {"id", id}, {"project", projectId_}}) > 0;
}

bool EntryChanges::takeBack(std::int64_t id) const {
  return db_.execute(
             "UPDATE projects_entries SET dismissed = 0, dismissed_at = NULL, dismissed_by = NULL, "
             "dismissed_reason = NULL WHERE id = :id AND project_id = :project",
             {{"id", id}, {"project", projectId_}}) > 0;
}

bool EntryChanges::refresh(std::int64_t id, Time now) const {
  return db_.execute(
             "UPDATE projects_entries SET freshness_class = 'current', last_relevant_at = :now "
             "WHERE id = :id AND project_id = :project AND freshness_class <> 'superseded'",
             {{"now", now}, {"id", id}, {"project", projectId_}}) > 0;
}

bool EntryChanges::supersede(std::int64_t older, std::int64_t newer, std::string_view reason) const {
  return db_.execute(
             "UPDATE projects_entries SET freshness_class = 'superseded', superseded_by = :newer, "
             "supersession_reason = :reason WHERE id = :older AND project_id = :project",
             {{"newer", newer}, {"reason", reason}, {"older", older}, {"project", projectId_}}) > 0;
}

bool EntryChanges::isReplacedBy(std::int64_t newer, std::int64_t older) const {
  auto at = newer;
  for (int i = 0; i < kMaxChain; ++i) {
    const auto next = db_.queryOne<std::optional<std::int64_t>>(
        "SELECT superseded_by FROM projects_entries WHERE id = :id AND project_id = :project",
        {{"id", at}, {"project", projectId_}});
    if (!next || !*next) return false;
    if (**next == older) return true;
    at = **next;
  }
  return true;  // too long a chain to add to
}

void EntryChanges::replaceAll(const std::vector<std::int64_t>& older, std::int64_t newer, std::string_view userId,
                              Time now) const {
  eachBatch(older, "id", [&](db::Where& where) {
    auto parameters = where.parameters();
    parameters.emplace_back("now", now);
    parameters.emplace_back("user", userId);
    parameters.emplace_back("newer", newer);
    db_.execute(
        "UPDATE projects_entries SET dismissed = 1, dismissed_at = :now, dismissed_by = :user, "
        "dismissed_reason = 'A newer entry has its place', freshness_class = 'superseded', superseded_by = :newer, "
        "supersession_reason = 'A newer entry has its place' " +
            where.text(),
        parameters);
  });
}

bool EntryChanges::promote(std::int64_t id, std::string_view userId, Time now) const {
  return db_.execute(
             "UPDATE projects_entries SET claim_class = 'claim', promoted_at = :now, promoted_by = :user "
             "WHERE id = :id AND project_id = :project AND claim_class <> 'claim'",
             {{"now", now}, {"user", userId}, {"id", id}, {"project", projectId_}}) > 0;
}

bool EntryChanges::setConfidence(std::int64_t id, double confidence) const {
  // What stands below Unverified is compiled again once it is believed.
  return db_.execute(
             "UPDATE projects_entries SET compiled_at = CASE WHEN confidence < 0.5 AND :confidence >= 0.5 "
             "THEN NULL ELSE compiled_at END, confidence = :confidence WHERE id = :id AND project_id = :project",
             {{"confidence", confidence}, {"id", id}, {"project", projectId_}}) > 0;
}

std::int64_t EntryChanges::dismissStale(std::string_view userId, Time now) const {
  return db_.execute(
      "UPDATE projects_entries SET dismissed = 1, dismissed_at = :now, dismissed_by = :user, "
      "dismissed_reason = 'Stale and hardly believed' WHERE project_id = :project AND " PROJECTS_LIVE
      " AND confidence < 0.5 AND COALESCE(last_relevant_at, created_at) < :forgotten",
      {{"now", now}, {"user", userId}, {"project", projectId_}, {"forgotten", now - kForgotten}});
}

BulkPromoted EntryChanges::promotable(const BulkPromotion& wish, const std::function<void()>& stop) const {
  BulkPromoted out;
  for (const auto* reason :
       {"already_claim", "dismissed", "superseded", "wrong_type", "too_short", "low_confidence", "duplicate"})
    out.skipped[reason] = 0;
  std::vector<WordSet> claims;
  for (const auto& text :
       db_.query<std::string>("SELECT content FROM projects_entries WHERE project_id = :project "
                              "AND claim_class = 'claim' AND " PROJECTS_LIVE " ORDER BY id DESC LIMIT :count",
                              {{"project", projectId_}, {"count", kComparedClaims}}))
    claims.emplace_back(text);
  db_.each<std::int64_t, EntryType, double, bool, Freshness, bool, std::int64_t, std::string>(
      "SELECT id, entry_type, confidence, dismissed, freshness_class, by_reader, content_length, content "
      "FROM projects_entries WHERE project_id = :project AND claim_class = 'note' ORDER BY id DESC LIMIT :most",
      {{"project", projectId_}, {"most", kMaxPromoted}},
      [&](std::int64_t id, EntryType type, double confidence, bool dismissed, Freshness freshness, bool byReader,
          std::int64_t length, const std::string& content) {
        stop();
        if (byReader && !wish.includeReaderNotes) {
          ++out.readerNotes;
          return;
        }
        const char* reason = dismissed                                                ? "dismissed"
                             : freshness == Freshness::superseded                     ? "superseded"
                             : wish.type && *wish.type != type                        ? "wrong_type"
                             : length < wish.minLength                                ? "too_short"
                             : !wish.setConfidence && confidence < wish.minConfidence ? "low_confidence"
                                                                                      : nullptr;
        const WordSet words(reason == nullptr ? std::string_view(content) : std::string_view());
        const auto says = [&](const WordSet& claim) { return claim.overlap(words) > kNearDuplicate; };
        if (reason == nullptr && std::any_of(claims.begin(), claims.end(), says)) reason = "duplicate";
        if (reason != nullptr) {
          ++out.skipped[reason];
          return;
        }
        out.ids.push_back(id);
        // What is promoted is compared with, too.
        claims.push_back(words);
        if (claims.size() > 2 * kComparedClaims) claims.erase(claims.begin());
      });
  std::sort(out.ids.begin(), out.ids.end());
  return out;
}

void EntryChanges::promoteAll(const std::vector<std::int64_t>& ids, const std::optional<double>& confidence,
                              std::string_view userId, Time now) const {
  eachBatch(ids, "id", [&](db::Where& where) {
    auto parameters = where.parameters();
    parameters.emplace_back("now", now);
    parameters.emplace_back("user", userId);
    parameters.emplace_back("confidence", confidence.value_or(-1));
    db_.execute(
        "UPDATE projects_entries SET claim_class = 'claim', promoted_at = :now, promoted_by = :user, "
        "confidence = CASE WHEN CAST(:confidence AS DOUBLE PRECISION) < 0 THEN confidence "
        "ELSE CAST(:confidence AS DOUBLE PRECISION) END " +
            where.text(),
        parameters);
  });
}

KnowledgeNumbers EntryChanges::numbers(Time now) const {
  KnowledgeNumbers out;
  const auto row = db_.queryOne<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                                std::int64_t, std::int64_t, std::int64_t>(
      "SELECT COUNT(*), COUNT(CASE WHEN " PROJECTS_PENDING
      " THEN 1 END), "
      "COUNT(CASE WHEN claim_class = 'note' AND " PROJECTS_LIVE
      " THEN 1 END), "
      "COUNT(CASE WHEN " PROJECTS_PROMOTABLE " AND " PROJECTS_WAITING
      " THEN 1 END), "
      "COUNT(compiled_at), COUNT(CASE WHEN dismissed = 1 THEN 1 END), "
      "COUNT(CASE WHEN " PROJECTS_LIVE
      " AND COALESCE(last_relevant_at, created_at) < :forgotten THEN 1 END), "
      "COUNT(CASE WHEN " PROJECTS_LIVE
      " AND confidence < 0.3 THEN 1 END), "
      "COUNT(CASE WHEN " PROJECTS_LIVE
      " AND confidence >= 0.1 AND confidence < 0.5 AND created_at < :forgotten THEN 1 END) "
      "FROM projects_entries WHERE project_id = :project",
      {{"forgotten", now - kForgotten}, {"project", projectId_}});
  if (row) {
    std::tie(out.total, out.pending, out.liveNotes, out.promotable, out.compiled, out.dismissed, out.stale,
             out.lowConfidence, out.decayed) = *row;
  }
  return out;
}

std::int64_t EntryChanges::pendingClaims(std::int64_t most) const {
  return db_
      .queryOne<std::int64_t>(
          "SELECT COUNT(*) FROM (SELECT 1 FROM projects_entries WHERE project_id = :project AND " PROJECTS_PENDING
          " LIMIT :most) AS waiting",
          {{"project", projectId_}, {"most", most}})
      .value();
}

std::vector<std::string> EntryChanges::pendingTexts(std::size_t count) const {
  // Asked for the order of numbers, PostgreSQL would walk along the entries of all projects in it.
  return db_.query<std::string>(
      db_.isSqlite() ? "SELECT content FROM projects_entries WHERE project_id = :project AND " PROJECTS_PENDING
                       " ORDER BY id DESC LIMIT :count"
                     : "SELECT content FROM projects_entries WHERE project_id = :project AND " PROJECTS_PENDING
                       " ORDER BY id + 0 DESC LIMIT :count",
      {{"project", projectId_}, {"count", count}});
}

void EntryChanges::wantCompilation(Time now) const {
  db_.execute(
      "UPDATE projects_knowledge SET compile_wanted_at = COALESCE(compile_wanted_at, :now) WHERE project_id = :project",
      {{"now", now}, {"project", projectId_}});
}

std::int64_t EntryChanges::countOf(const std::vector<std::int64_t>& ids) const {
  std::int64_t count = 0;
  eachBatch(ids, "id", [&](db::Where& where) {
    where.equals("project_id", projectId_);
    count +=
        db_.queryOne<std::int64_t>("SELECT COUNT(*) FROM projects_entries " + where.text(), where.parameters()).value();
  });
  return count;
}

std::int64_t EntryChanges::markCompiledAt(const std::vector<std::int64_t>& ids, Time at) const {
  std::int64_t count = 0;
  eachBatch(ids, "id", [&](db::Where& where) {
    where.equals("project_id", projectId_);
    auto parameters = where.parameters();
    parameters.emplace_back("at", at);
    count += db_.execute("UPDATE projects_entries SET compiled_at = :at " + where.text(), parameters);
  });
  return count;
}

}  // namespace projects
