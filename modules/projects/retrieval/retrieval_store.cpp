#include "retrieval/retrieval_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <string>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

}  // namespace

std::string RetrievalStore::open(RetrievalAuditContext context) const {
  if (context.id.empty()) context.id = mortise::makePrefixedId("ra_", 12);
  db_.transaction([&](db::Session& session) {
    db::insert(session, context);
    session.execute(
        "DELETE FROM projects_retrieval_contexts WHERE id IN (SELECT id FROM projects_retrieval_contexts WHERE "
        "project_id = :project AND created_by = :user ORDER BY created_at DESC, id DESC LIMIT :most OFFSET :kept)",
        {{"project", context.projectId},
         {"user", context.createdBy},
         {"most", kForgottenAtOnce},
         {"kept", kMaxContexts}});
  });
  return std::move(context.id);
}

std::optional<RetrievalAuditContext> RetrievalStore::find(std::string_view id) const {
  return db::find<RetrievalAuditContext>(db_, id);
}

void RetrievalStore::close(std::string_view ticketId, mortise::Time at) const {
  db_.execute("UPDATE projects_retrieval_contexts SET closed_at = :at WHERE ticket_id = :ticket AND closed_at IS NULL",
              {{"at", at}, {"ticket", ticketId}});
}

std::optional<RetrievalAuditEvent> RetrievalStore::add(const RetrievalAuditEvent& event) const {
  return db_.transaction([&](db::Session& session) -> std::optional<RetrievalAuditEvent> {
    // Holds the context to the commit: those who tell events of it at once come one after the other.
    if (session.execute("UPDATE projects_retrieval_contexts SET event_count = event_count + 1 "
                        "WHERE id = :id AND event_count < :most",
                        {{"id", event.contextId}, {"most", kMaxEvents}}) == 0)
      return std::nullopt;
    auto stored = db::insertReturning(session, event);
    stored.projectId = event.projectId;
    return stored;
  });
}

std::vector<RetrievalAuditEvent> RetrievalStore::events(std::string_view contextId, std::int64_t after,
                                                        std::int64_t limit) const {
  const auto context = find(contextId);
  if (!context) return {};
  std::vector<RetrievalAuditEvent> events;
  std::size_t bytes = 0;
  db::eachRow<RetrievalAuditEvent>(db_, "WHERE context_id = :context AND id > :after ORDER BY id LIMIT :limit",
                                   {{"context", contextId}, {"after", after}, {"limit", limit}},
                                   [&](RetrievalAuditEvent&& event) {
                                     bytes += event.arguments.size() + event.returnedRefs.size();
                                     if (bytes > kMaxBytes && !events.empty()) return false;
                                     event.projectId = context->projectId;
                                     events.push_back(std::move(event));
                                     return true;
                                   });
  return events;
}

void RetrievalStore::removeAllOf(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_retrieval_contexts WHERE project_id = :project", {{"project", projectId}});
}

std::int64_t RetrievalStore::moveAll(std::string_view fromProjectId, std::string_view toProjectId) const {
  return db_.execute("UPDATE projects_retrieval_contexts SET project_id = :to WHERE project_id = :from",
                     {{"to", toProjectId}, {"from", fromProjectId}});
}

void RetrievalStore::forgetUser(std::string_view userId) const {
  db_.execute("DELETE FROM projects_retrieval_contexts WHERE created_by = :user", {{"user", userId}});
}

}  // namespace projects
