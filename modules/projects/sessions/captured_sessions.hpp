// What the module knows of people's captured sessions: through sync.captured_sessions/1 of the module that keeps them;
// without it nobody has any.
#pragma once

#include <mortise/captured_sessions.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// One for the module; faces keep a reference. It looks the other module up at each use: that one asks this one, too, and
// may start later. Remotes are normalised; sessions in the trash are none. [worker]; throws Problem 503.
class CapturedSessions {
 public:
  explicit CapturedSessions(const mortise::Host& host) : host_(host) {}

  // Has the user a session that was filed under the project, or is of one of these repositories?
  bool hasAny(std::string_view userId, std::string_view projectId, const std::vector<std::string>& gitRemotes) const;
  // Of which projects and repositories the user's sessions are, and how many.
  std::vector<mortise::SessionPlace> places(std::string_view userId) const;
  // The user's sessions of a repository, the last pushed first, at most `limit` (1..100).
  std::vector<mortise::KnownSession> newest(std::string_view userId, std::string_view gitRemote,
                                            std::int64_t limit) const;
  std::optional<mortise::KnownSession> find(std::string_view sessionId) const;
  // Reads the session's archive where no summary is kept: up to two minutes, so only in a job. Empty: it is gone.
  // Problem 422: it has no messages.
  std::optional<mortise::KnownSummary> summary(std::string_view sessionId) const;
  // Waits a handoff to be claimed that names this persona in one of these projects, at most 500?
  bool pendingHandoffOfPersona(const std::vector<std::string>& projectIds, std::string_view personaName) const;

  // Sessions filed under `from` are filed under `into` from now on; empty: under none.
  void moveProject(mortise::Transaction& tx, std::string_view from, std::string_view into) const;

 private:
  std::optional<mortise::CapturedSessionsFace> face() const { return host_.optional<mortise::CapturedSessionsFace>(); }

  mortise::Host host_;
};

}  // namespace projects
