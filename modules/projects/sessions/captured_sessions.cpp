#include "sessions/captured_sessions.hpp"

namespace projects {

bool CapturedSessions::hasAny(std::string_view userId, std::string_view projectId,
                              const std::vector<std::string>& gitRemotes) const {
  const auto sessions = face();
  return sessions && sessions->hasAny(userId, projectId, gitRemotes);
}

std::vector<mortise::SessionPlace> CapturedSessions::places(std::string_view userId) const {
  const auto sessions = face();
  return sessions ? sessions->places(userId) : std::vector<mortise::SessionPlace>();
}

std::vector<mortise::KnownSession> CapturedSessions::newest(std::string_view userId, std::string_view gitRemote,
                                                            std::int64_t limit) const {
  const auto sessions = face();
  return sessions ? sessions->newest(userId, gitRemote, limit) : std::vector<mortise::KnownSession>();
}

std::optional<mortise::KnownSession> CapturedSessions::find(std::string_view sessionId) const {
  const auto sessions = face();
  return sessions ? sessions->find(sessionId) : std::nullopt;
}

std::optional<mortise::KnownSummary> CapturedSessions::summary(std::string_view sessionId) const {
  const auto sessions = face();
  return sessions ? sessions->summary(sessionId) : std::nullopt;
}

bool CapturedSessions::pendingHandoffOfPersona(const std::vector<std::string>& projectIds,
                                               std::string_view personaName) const {
  const auto sessions = face();
  return sessions && sessions->pendingHandoffOfPersona(projectIds, personaName);
}

void CapturedSessions::moveProject(mortise::Transaction& tx, std::string_view from, std::string_view into) const {
  if (const auto sessions = face()) tx.call([&] { sessions->moveProject(from, into); });
}

}  // namespace projects
