#include "members/members_interface.hpp"

void mortise::Crossing<mortise::MemberDeparture>::to(const mortise::MemberDeparture& departure,
                                                     mortise_member_departure* out) {
  out->projects_transferred = departure.projectsTransferred;
  out->pending_transfers_cancelled = departure.pendingTransfersCancelled;
}

namespace projects {

MembersInterface::MembersInterface(const mortise::Host& host, const MemberDepartures& departures)
    : Serving(host.log(), "the projects of a member who leaves can't be handed over"),
      departures_(departures),
      table_{sizeof table_, this, mortise::Served<&MembersInterface::left>::call} {}

mortise::MemberDeparture MembersInterface::left(std::string_view orgId, std::string_view userId,
                                                std::string_view heir) {
  return departures_.left(orgId, userId, heir);
}

}  // namespace projects
