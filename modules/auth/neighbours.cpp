#include "neighbours.hpp"

namespace auth {

std::optional<mortise::SyncClient> Neighbours::lastClient(std::string_view userId) const {
  const auto sync = host_.optional<mortise::SyncStorage>();
  return sync ? sync->lastClient(userId) : std::nullopt;
}

std::optional<std::string> Neighbours::captureHealth(std::string_view userId) const {
  const auto sync = host_.optional<mortise::SyncStorage>();
  return sync ? sync->captureHealth(userId) : std::nullopt;
}

std::int64_t Neighbours::storageUsedByOrg(std::string_view orgId) const {
  const auto sync = host_.optional<mortise::SyncStorage>();
  return sync ? sync->usedByOrg(orgId) : 0;
}

mortise::MemberDeparture Neighbours::memberLeft(mortise::Transaction& tx, std::string_view orgId,
                                                std::string_view userId, std::string_view heir) const {
  const auto projects = host_.optional<mortise::ProjectsMembers>();
  return projects ? tx.call([&] { return projects->left(orgId, userId, heir); }) : mortise::MemberDeparture();
}

std::vector<mortise::RepresentedPersona> Neighbours::represented(std::string_view userId) const {
  const auto projects = host_.optional<mortise::ProjectsDirectory>();
  return projects ? projects->represented(userId) : std::vector<mortise::RepresentedPersona>();
}

}  // namespace auth
