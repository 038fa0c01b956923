#include "organisations/org_access.hpp"

#include <utility>

namespace auth {

mortise::Org requireOrg(const mortise::Orgs& orgs, const mortise::Principal& caller, std::string_view orgId,
                        std::string_view role) {
  auto org = orgs.find(orgId);
  if (!org) throw mortise::Problem(404, "org_not_found");
  const std::string_view current = caller.orgId == orgId ? std::string_view(caller.orgRole) : std::string_view();
  if (!roleSuffices(current, role)) throw insufficientRole(current, role);
  return std::move(*org);
}

}  // namespace auth
