// Projects as the faces ask about them: through projects.directory/1 where a module offers it; elsewhere there is no
// project, and so nothing in one.
#pragma once

#include <mortise/host.hpp>
#include <mortise/projects_directory.hpp>
#include <mortise/service_key.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"

namespace session_sharing {

// One for the module; faces keep a reference. [worker]
class ProjectLookup {
 public:
  explicit ProjectLookup(const mortise::Host& host) : host_(host) {}

  // The project that a session of this user with that remote belongs to: the remote's, if the user owns it or is in its
  // organisation.
  std::optional<std::string> idOfSession(std::string_view userId, const std::optional<std::string>& gitRemote) const;
  // The project that a session is of, whoever asks: the one it was filed under, else its remote's.
  std::optional<mortise::DirectoryProject> projectOf(const CapturedSession& session) const;
  bool reaches(std::string_view userId, std::string_view projectId) const;
  mortise::ProjectItemAnswer item(std::string_view userId, std::string_view projectId, mortise::ProjectItemKind kind,
                                  std::string_view reference) const;
  // Does this context belong to the user and to that project?
  bool isRetrievalContextOf(std::string_view contextId, std::string_view userId, std::string_view projectId) const;
  std::vector<mortise::RetrievalEvent> retrievalEvents(std::string_view contextId, std::int64_t after,
                                                       std::int64_t limit) const;

 private:
  // Looked up at each use: the module that offers it asks this one, too, and may start later.
  std::optional<mortise::ProjectsDirectory> directory() const { return host_.optional<mortise::ProjectsDirectory>(); }

  mortise::Host host_;
};

// The boundary of service keys for a route about a session: throws what mortise::requireDerivedProject() does. An empty
// session: there is none (any more). Other callers pass.
void requireProjectOf(const ProjectLookup& projects, const mortise::Principal& caller,
                      const std::optional<CapturedSession>& session);

}  // namespace session_sharing
