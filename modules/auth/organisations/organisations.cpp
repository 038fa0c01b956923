#include "organisations/organisations.hpp"

#include <mortise/config.hpp>
#include <mortise/db.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "names.hpp"
#include "organisations/org_access.hpp"

namespace auth {
namespace {

namespace json = mortise::json;
using mortise::Problem;

// A setting of the body, in `into` when it is there. Problem 400 when it is out of its range.
bool read(const mortise::Json& body, const char* name, std::int64_t least, std::int64_t most,
          std::optional<std::int64_t>& into) {
  const auto node = body[name];
  if (!node.exists()) return false;
  into = node.optionalInteger();
  if (into && (*into < least || *into > most)) {
    throw Problem(400, "setting_out_of_range").with("setting", name).with("least", least).with("most", most);
  }
  return true;
}

json::Value view(const OrgSettings& settings) {
  return json::object({{"kb_retention_days", settings.retentionDays},
                       {"kb_max_context_words", settings.maxContextWords},
                       {"kb_section_page_limit", settings.sectionPageLimit}});
}

json::Value view(const mortise::Org& org) {
  // Nothing that counts against an organisation's storage is kept by any module yet.
  const std::int64_t storageUsed = 0;
  return json::object({{"id", org.id},
                       {"name", org.name},
                       {"slug", org.slug},
                       {"tier", org.tier},
                       {"seats_limit", org.seatsLimit},
                       {"seats_used", org.seatsUsed},
                       {"storage_limit_bytes", org.storageLimit},
                       {"storage_used_bytes", storageUsed}});
}

}  // namespace

Organisations::Organisations(mortise::Host host)
    : identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      settings_(host.db()),
      team_{host.config().integer("team_seats"), host.config().size("team_storage_per_seat")},
      enterprise_{host.config().integer("enterprise_seats"), host.config().size("enterprise_storage_per_seat")},
      transfers_(host),
      members_(host, transfers_),
      invites_(host),
      serviceKeys_(host) {}

void Organisations::bind(mortise::Bindings& on) {
  on.operation("createOrg", this, &Organisations::create);
  on.operation("readOwnOrg", this, &Organisations::readOwn);
  on.operation("listOrgs", this, &Organisations::list);
  on.operation("readOrgSettings", this, &Organisations::readSettings);
  on.operation("changeOrgSettings", this, &Organisations::changeSettings);
  on.job("purge_invites", this, &Organisations::purge);
  transfers_.bind(on);
  members_.bind(on);
  invites_.bind(on);
  serviceKeys_.bind(on);
}

mortise::Reply Organisations::create(const Request& request) {
  const auto caller = request.principal();
  const auto body = request.body();
  mortise::NewOrg wanted;
  wanted.name = std::string(trimmed(body["name"].text()));
  if (!isOneLine(wanted.name)) throw Problem(422, "validation_failed").field("body/name", "control_character");
  // The account's own tier: an organisation that the caller is in lends its tier, but not the right to found another.
  const auto user = identity_.find(mortise::UserKey::id, caller.userId);
  if (!user) throw Problem(401, "not_authenticated").note("the account was deleted a moment ago");
  if (user->tier != "team" && user->tier != "enterprise" && user->tier != "admin")
    throw Problem(403, "org_tier_required");
  wanted.tier = user->tier == "enterprise" ? "enterprise" : "team";
  const auto& allowed = wanted.tier == "enterprise" ? enterprise_ : team_;
  wanted.slug = body["slug"].text();
  wanted.seatsLimit = allowed.seats;
  wanted.storageLimit = allowed.seats * allowed.storagePerSeat;
  wanted.founderId = caller.userId;
  wanted.founderRole = "admin";
  const auto org = orgs_.create(wanted);
  audit_.record(request, "auth.org_created", "org:" + org.id, json::object({{"slug", org.slug}, {"tier", org.tier}}));
  return Reply::ok(json::object({{"org_id", org.id}, {"name", org.name}, {"slug", org.slug}}));
}

mortise::Reply Organisations::readOwn(const Request& request) {
  const auto caller = request.principal();
  const auto org = caller.orgId.empty() ? std::nullopt : orgs_.find(caller.orgId);
  if (!org) {
    return Reply::ok(json::object({{"org", nullptr}, {"members", json::list()}, {"current_user_role", nullptr}}));
  }
  return Reply::ok(json::object({{"org", view(*org)},
                                 {"members", json::list(orgs_.members(org->id), memberView)},
                                 {"current_user_role", caller.orgRole}}));
}

mortise::Reply Organisations::list(const Request& request) {
  const auto caller = request.principal();
  json::List shown;
  const auto org = caller.orgId.empty() ? std::nullopt : orgs_.find(caller.orgId);
  if (org) shown.add(json::object({{"org_id", org->id}, {"name", org->name}, {"role", caller.orgRole}}));
  return Reply::ok(json::object({{"orgs", shown.build()}}));
}

mortise::Reply Organisations::readSettings(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "member");
  return Reply::ok(view(settings_.read(org.id)));
}

mortise::Reply Organisations::changeSettings(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  const auto body = request.body();
  OrgSettingsChange change;
  auto& values = change.values;
  change.retentionDays = read(body, "kb_retention_days", 1, 730, values.retentionDays);
  change.maxContextWords = read(body, "kb_max_context_words", 100, 50000, values.maxContextWords);
  change.sectionPageLimit = read(body, "kb_section_page_limit", 1, 200, values.sectionPageLimit);
  settings_.change(org.id, change);
  const auto now = view(settings_.read(org.id));
  audit_.record(request, "auth.org_settings_changed", "org:" + org.id, now);
  return Reply::ok(now);
}

void Organisations::purge(mortise::JobRun& /*run*/) {
  invites_.purge();
  transfers_.purge();
}

}  // namespace auth
