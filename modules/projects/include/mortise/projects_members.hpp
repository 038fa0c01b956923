// What becomes of an organisation's projects when somebody leaves it: projects.members/1, offered by the module projects.
#pragma once

#include <cstdint>
#include <string_view>

#include "mortise/abi/projects_members.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct MemberDeparture {
  std::int64_t projectsTransferred = 0;        // of the organisation, that were this member's
  std::int64_t pendingTransfersCancelled = 0;  // that hung on the membership
};

// Look it up where it is used:
//   if (auto projects = host_.optional<mortise::ProjectsMembers>())
//     departure = tx.call([&] { return projects->left(orgId, userId, heir); });
// [worker]. Failures throw Problem 503.
class ProjectsMembers {
 public:
  using Table = mortise_projects_members_v1;
  static constexpr const char* kInterface = MORTISE_PROJECTS_MEMBERS_V1;
  ProjectsMembers(mortise_host*, const Table* table) noexcept : table_(table) {}

  // The organisation's projects that the member owns are owned by `heir` from now on, transfers that hung on the
  // membership are cancelled, and the member leaves the organisation's groups of projects.
  MemberDeparture left(std::string_view org_id, std::string_view user_id, std::string_view heir) const {
    mortise_member_departure c{};
    c.struct_size = sizeof c;
    auto error = detail::noError();
    const auto status =
        table_->left(table_->context, detail::str(org_id), detail::str(user_id), detail::str(heir), &c, &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
    return {c.projects_transferred, c.pending_transfers_cancelled};
  }

 private:
  const Table* table_;
};

}  // namespace mortise::inline sdk1
