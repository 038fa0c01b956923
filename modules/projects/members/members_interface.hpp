// projects.members/1, as a table of C functions for other modules.
#pragma once

#include <mortise/abi/projects_members.h>
#include <mortise/host.hpp>
#include <mortise/served.hpp>

#include <string_view>

#include "members/member_departure.hpp"

template <>
struct mortise::Crossing<mortise::MemberDeparture> {
  static void to(const mortise::MemberDeparture& departure, mortise_member_departure* out);
};

namespace projects {

// [worker]
class MembersInterface : public mortise::Serving {
 public:
  // `departures` must outlive this object.
  MembersInterface(const mortise::Host& host, const MemberDepartures& departures);

  mortise::MemberDeparture left(std::string_view orgId, std::string_view userId, std::string_view heir);

  const mortise_projects_members_v1* table() const { return &table_; }

 private:
  const MemberDepartures& departures_;
  mortise_projects_members_v1 table_;
};

}  // namespace projects
