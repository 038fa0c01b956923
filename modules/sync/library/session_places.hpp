// Of which projects and repositories captured sessions are: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"

namespace session_sharing {

// [worker]; every member throws db::Error.
class SessionPlaces {
 public:
  explicit SessionPlaces(mortise::Db db) : db_(db) {}

  // A live session filed under the project, or of one of the remotes? At most 1000 of these count.
  bool hasAny(std::string_view userId, std::string_view projectId, const std::vector<std::string>& remotes) const;
  // Those with the most live sessions first, at most `limit`.
  void each(std::string_view userId, std::int64_t limit,
            const std::function<void(const std::string& projectId, const std::string& gitRemote,
                                     std::int64_t sessions)>& use) const;
  // Live ones, the last pushed first.
  std::vector<CapturedSession> newest(std::string_view userId, std::string_view gitRemote, std::int64_t limit) const;
  // Those in the trash too; an empty `into`: filed under no project.
  void moveProject(std::string_view from, std::string_view into) const;
  // Does a handoff that waits to be claimed name this persona, as its project writes it, in one of the projects? At
  // most db::Where::kMaxIn of them.
  bool hasPendingHandoff(const std::vector<std::string>& projectIds, std::string_view personaName,
                         mortise::Time now) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
