#include "knowledge/extraction_store.hpp"

#include <mortise/rows.hpp>

namespace projects {

namespace db = mortise::db;
using mortise::Time;

void ExtractionStore::request(const Extraction& extraction, Time at) const {
  db_.execute(
      "INSERT INTO projects_extractions (session_id, user_id, etag, project_id, due_at, tries) "
      "VALUES (:session, :user, :etag, :project, :at, 0) ON CONFLICT (session_id) DO UPDATE SET "
      "user_id = excluded.user_id, etag = excluded.etag, project_id = excluded.project_id, due_at = excluded.due_at, "
      "tries = 0",
      {{"session", extraction.sessionId},
       {"user", extraction.userId},
       {"etag", extraction.etag},
       {"project", extraction.projectId},
       {"at", at}});
}

void ExtractionStore::requestBackFill(std::string_view projectId, std::string_view userId, Time at) const {
  db_.execute(
      "INSERT INTO projects_back_fills (project_id, user_id, requested_at) VALUES (:project, :user, :at) "
      "ON CONFLICT (project_id, user_id) DO NOTHING",
      {{"project", projectId}, {"user", userId}, {"at", at}});
}

std::vector<Extraction> ExtractionStore::due(Time now, std::size_t limit) const {
  return db::rows<Extraction>(db_,
                              "WHERE due_at IS NOT NULL AND due_at <= :now ORDER BY due_at, session_id LIMIT :limit",
                              {{"now", now}, {"limit", limit}});
}

std::vector<BackFill> ExtractionStore::backFills(std::size_t limit) const {
  return db::rows<BackFill>(db_, "ORDER BY requested_at LIMIT :limit", {{"limit", limit}});
}

void ExtractionStore::removeBackFill(const BackFill& backFill) const {
  db::remove<BackFill>(db_, backFill.projectId, backFill.userId);
}

void ExtractionStore::postpone(const BackFill& backFill, Time now) const {
  db_.execute(
      "UPDATE projects_back_fills SET requested_at = :now, tries = tries + 1 "
      "WHERE project_id = :project AND user_id = :user",
      {{"now", now}, {"project", backFill.projectId}, {"user", backFill.userId}});
}

bool ExtractionStore::begin(std::string_view projectId, const Extraction& extraction, Time at) const {
  return db_.execute(
             "INSERT INTO projects_extracted (project_id, session_id, etag, extracted_at) "
             "VALUES (:project, :session, :etag, :at) ON CONFLICT (project_id, session_id, etag) DO NOTHING",
             {{"project", projectId}, {"session", extraction.sessionId}, {"etag", extraction.etag}, {"at", at}}) > 0;
}

void ExtractionStore::done(const Extraction& extraction) const {
  db_.execute("UPDATE projects_extractions SET due_at = NULL, tries = 0 WHERE session_id = :session AND etag = :etag",
              {{"session", extraction.sessionId}, {"etag", extraction.etag}});
}

void ExtractionStore::postpone(const Extraction& extraction, Time until) const {
  db_.execute(
      "UPDATE projects_extractions SET due_at = :until, tries = tries + 1 "
      "WHERE session_id = :session AND etag = :etag",
      {{"until", until}, {"session", extraction.sessionId}, {"etag", extraction.etag}});
}

std::int64_t ExtractionStore::forgetBefore(Time time, std::int64_t limit) const {
  return db_.execute(
      "DELETE FROM projects_extracted WHERE (project_id, session_id, etag) IN (SELECT project_id, session_id, etag "
      "FROM projects_extracted WHERE extracted_at < :time ORDER BY extracted_at LIMIT :limit)",
      {{"time", time}, {"limit", limit}});
}

void ExtractionStore::projectRemoved(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_extracted WHERE project_id = :project", {{"project", projectId}});
  db_.execute("DELETE FROM projects_back_fills WHERE project_id = :project", {{"project", projectId}});
}

void ExtractionStore::userForgotten(std::string_view userId) const {
  db_.execute("DELETE FROM projects_extractions WHERE user_id = :user", {{"user", userId}});
  db_.execute("DELETE FROM projects_back_fills WHERE user_id = :user", {{"user", userId}});
}

}  // namespace projects
