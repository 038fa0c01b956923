#include "organisations/org_access.hpp"

#include <mortise/json.hpp>

namespace auth {
namespace {

int rankOf(std::string_view role) {
  if (role == "owner") return 100;
  if (role == "admin") return 50;
  return role == "member" ? 10 : 0;
}

}  // namespace

bool suffices(std::string_view role, std::string_view required) {
  const int rank = rankOf(role);
  return rank > 0 && rank >= rankOf(required);
}

mortise::Problem insufficientRole(std::string_view current, std::string_view required) {
  return mortise::Problem(403, "insufficient_role")
      .details(mortise::json::object(
          {{"current_role", current.empty() ? std::string_view("none") : current}, {"required_role", required}}));
}

std::string requireOwnOrg(const mortise::Principal& caller, std::string_view role) {
  if (caller.orgId.empty() || !suffices(caller.orgRole, role)) throw insufficientRole(caller.orgRole, role);
  return caller.orgId;
}

mortise::Org requireOrg(const mortise::Orgs& orgs, const mortise::Principal& caller, std::string_view orgId,
                        std::string_view role) {
  auto org = orgs.find(orgId);
  if (!org) throw mortise::Problem(404, "org_not_found");
  const std::string_view current = caller.orgId == orgId ? std::string_view(caller.orgRole) : std::string_view();
  if (!suffices(current, role)) throw insufficientRole(current, role);
  return std::move(*org);
}

}  // namespace auth
