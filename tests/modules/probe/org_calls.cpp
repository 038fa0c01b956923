#include "org_calls.hpp"

#include <string>

using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

void OrgCalls::bind(mortise::Bindings& on) {
  on.operation("foundOrg", this, &OrgCalls::found);
  on.operation("orgMe", this, &OrgCalls::me);
  on.operation("administerOrgs", this, &OrgCalls::me);
  on.operation("addOrgMember", this, &OrgCalls::add);
  on.operation("removeOrgMember", this, &OrgCalls::remove);
  on.operation("gated", this, &OrgCalls::gated);
  on.operation("asked", this, &OrgCalls::asked);
}

Reply OrgCalls::found(const Request& request) {
  mortise::NewOrg wanted;
  wanted.name = wanted.slug = std::string(request.body()["slug"].text());
  wanted.tier = std::string(request.body()["tier"].text());
  wanted.seatsLimit = request.body()["seats"].integer(0);
  wanted.founderId = std::string(request.principal().userId);
  const auto org = orgs_.create(wanted);
  return Reply::created(json::object({{"id", org.id}, {"tier", org.tier}, {"seats_used", org.seatsUsed}}));
}

Reply OrgCalls::me(const Request& request) {
  const auto who = request.principal();
  return Reply::ok(json::object({{"id", who.userId},
                                 {"number", who.userNumber},
                                 {"email_confirmed", who.emailConfirmed},
                                 {"tier", who.tier},
                                 {"org", who.orgId},
                                 {"org_role", who.orgRole}}));
}

Reply OrgCalls::add(const Request& request) {
  const auto member =
      orgs_.addMember(request.path("org_id"), request.body()["user_id"].text(), request.body()["role"].text());
  return Reply::created(json::object({{"role", member.role}}));
}

Reply OrgCalls::remove(const Request& request) {
  orgs_.removeMember(request.path("org_id"), request.path("user_id"));
  return Reply::noContent();
}

Reply OrgCalls::gated(const Request& request) {
  return Reply::ok(json::object({{"name", request.body()["name"].text()}}));
}

Reply OrgCalls::asked(const Request& request) {
  orgs_.requireFeature(request.principal().userId, "probe_gate");
  return Reply::ok(json::object({{"let_in", true}}));
}
