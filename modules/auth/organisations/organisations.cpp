#include "organisations/organisations.hpp"

#include <mortise/characters.hpp>
#include <mortise/config.hpp>
#include <mortise/link_text.hpp>
#include <mortise/paging.hpp>

#include <optional>
#include <string>
#include <vector>

#include "caller.hpp"
#include "invalid.hpp"
#include "organisations/org_access.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::organisations;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

// Problem 400 when a setting of the body is out of its range.
void requireRange(const mortise::BodyMember<std::int64_t>& setting, const char* name, std::int64_t least,
                  std::int64_t most) {
  if (setting.has() && (*setting < least || *setting > most))
    throw Problem(400, "setting_out_of_range").with("setting", name).with("least", least).with("most", most);
}

// Whoever has an address of such a domain would come in by themselves, so it must be proved that the domain is the
// organisation's. That comes with single sign-on, which no module has yet: no domain is verified. Problem 422.
void requireVerified(const mortise::BodyMember<std::vector<std::string>>& domains) {
  for (const auto& domain : domains.valueOr(std::vector<std::string>())) {
    throw Problem(422, "unverified_domain").with("domain", domain).details(json::object({{"domain", domain}}));
  }
}

contract::ReadOwnOrgReply::Org view(const mortise::Org& org, std::int64_t storageUsed) {
  return {.id = org.id,
          .name = org.name,
          .slug = org.slug,
          .tier = org.tier,
          .seatsLimit = org.seatsLimit,
          .seatsUsed = org.seatsUsed,
          .storageLimitBytes = org.storageLimit,
          .storageUsedBytes = storageUsed};
}

}  // namespace

Organisations::Organisations(mortise::Host host, const Neighbours& neighbours)
    : neighbours_(neighbours),
      db_(host.db()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      settings_(host.db()),
      team_{host.config().integer("team_seats"), host.config().size("team_storage_per_seat")},
      enterprise_{host.config().integer("enterprise_seats"), host.config().size("enterprise_storage_per_seat")},
      transfers_(host),
      members_(host, neighbours),
      invites_(host),
      serviceKeys_(host),
      teams_(host) {}

void Organisations::bind(mortise::Bindings& on) {
  on.operations(*this, transfers_, members_, invites_, serviceKeys_, teams_);
  on.job("purge_invites", this, &Organisations::purge);
}

Reply Organisations::createOrg(const Request& request, const contract::CreateOrgBody& body) {
  mortise::NewOrg wish;
  wish.name = mortise::trimmed(body.name);
  if (!mortise::isOneLine(wish.name)) throw invalid("body/name", "control_character");
  if (mortise::readsAsLink(wish.name)) throw invalid("body/name", "link_in_name");
  // The account's own tier: an organisation that the caller is in lends its tier, but not the right to found another.
  const auto user = callerOf(identity_, request);
  if (user.tier != "team" && user.tier != "enterprise" && user.tier != "admin") throw Problem(403, "org_tier_required");
  wish.tier = user.tier == "enterprise" ? "enterprise" : "team";
  const auto& allowed = wish.tier == "enterprise" ? enterprise_ : team_;
  wish.slug = body.slug;
  wish.seatsLimit = allowed.seats;
  wish.storageLimit = allowed.seats * allowed.storagePerSeat;
  wish.founderId = user.id;
  wish.founderRole = "owner";
  const auto org = db_.transaction([&](Transaction& tx) {
    auto created = orgs_.in(tx).create(wish);
    audit_.in(tx).record(request, "auth.org_created", "org:" + created.id,
                         json::object({{"slug", created.slug}, {"tier", created.tier}}));
    return created;
  });
  return Reply::ok(json::from(contract::CreateOrgReply{.orgId = org.id, .name = org.name, .slug = org.slug}));
}

Reply Organisations::readOwnOrg(const Request& request) {
  const auto caller = request.principal();
  contract::ReadOwnOrgReply reply;
  if (const auto org = caller.orgId.empty() ? std::nullopt : orgs_.find(caller.orgId)) {
    reply.org = view(*org, neighbours_.storageUsedByOrg(org->id));
    reply.members = memberViews(orgs_.members(org->id));
    reply.currentUserRole = caller.orgRole.string();
  }
  return Reply::ok(json::from(reply));
}

Reply Organisations::listOrgs(const Request& request) {
  const auto caller = request.principal();
  contract::ListOrgsReply reply;
  if (const auto org = caller.orgId.empty() ? std::nullopt : orgs_.find(caller.orgId))
    reply.orgs.push_back({.orgId = org->id, .name = org->name, .role = caller.orgRole});
  return Reply::ok(json::from(reply));
}

Reply Organisations::readOrgSettings(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "member");
  return Reply::ok(json::from(settings_.read(org.id)));
}

Reply Organisations::changeOrgSettings(const Request& request, const contract::OrgSettingsChange& body) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  requireRange(body.kbRetentionDays, "kb_retention_days", 1, 730);
  requireRange(body.kbMaxContextWords, "kb_max_context_words", 100, 50000);
  requireRange(body.kbSectionPageLimit, "kb_section_page_limit", 1, 200);
  requireRange(body.helperRetentionDays, "helper_retention_days", 1, 3650);
  requireVerified(body.autoJoinDomains);
  return Reply::ok(db_.transaction([&](Transaction& tx) {
    json::Value settings = json::from(settings_.in(tx).change(org.id, body));
    audit_.in(tx).record(request, "auth.org_settings_changed", "org:" + org.id, settings);
    return settings;
  }));
}

void Organisations::purge(mortise::JobRun& /*run*/) {
  invites_.purge();
  transfers_.purge();
}

}  // namespace auth
