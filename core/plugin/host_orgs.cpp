// orgs/1 over identity::Orgs, identity::Teams and identity::Features.
#include "mortise/abi/orgs.h"

#include "core/plugin/host_tables.hpp"
#include "core/plugin/on_identity.hpp"

namespace mortise::plugin {
namespace {

using identity::Identity;

void give(const identity::Org& org, mortise_org_sink sink, void* context) {
  if (sink == nullptr) return;
  const mortise_org face{.struct_size = sizeof(mortise_org),
                         .id = str(org.id),
                         .name = str(org.name),
                         .slug = str(org.slug),
                         .tier = str(org.tier),
                         .seats_limit = org.seatsLimit,
                         .storage_limit = org.storageLimit,
                         .seats_used = org.seatsUsed,
                         .created_at = org.createdAt};
  sink(context, &face);
}

void give(const identity::Member& member, mortise_member_sink sink, void* context) {
  if (sink == nullptr) return;
  const mortise_member face{.struct_size = sizeof(mortise_member),
                            .org_id = str(member.orgId),
                            .user_id = str(member.userId),
                            .role = str(member.role),
                            .joined_at = member.joinedAt,
                            .email = str(member.email),
                            .username = str(member.username),
                            .nickname = str(member.nickname)};
  sink(context, &face);
}

void give(const identity::Team& team, mortise_team_sink sink, void* context) {
  if (sink == nullptr) return;
  const mortise_team face{.struct_size = sizeof(mortise_team),
                          .id = str(team.id),
                          .org_id = str(team.orgId),
                          .name = str(team.name),
                          .slug = str(team.slug),
                          .created_by = str(team.createdBy),
                          .created_at = team.createdAt,
                          .member_count = team.memberCount};
  sink(context, &face);
}

void give(const identity::TeamMember& member, mortise_team_member_sink sink, void* context) {
  if (sink == nullptr) return;
  const mortise_team_member face{.struct_size = sizeof(mortise_team_member),
                                 .team_id = str(member.teamId),
                                 .user_id = str(member.userId),
                                 .added_by = str(member.addedBy),
                                 .added_at = member.addedAt,
                                 .email = str(member.email),
                                 .username = str(member.username),
                                 .nickname = str(member.nickname)};
  sink(context, &face);
}

// A number to change: a negative one means no change.
std::optional<std::int64_t> changedNumber(std::int64_t number) {
  return number < 0 ? std::nullopt : std::optional<std::int64_t>(number);
}

extern "C" {

mortise_status orgsCreate(mortise_host* host, const mortise_new_org* org, mortise_org_sink sink, void* context,
                          mortise_error* error) {
  if (!MORTISE_COMPLETE(org, mortise_new_org, founder_role)) return tooShort(error, "mortise_new_org");
  return onIdentity(host, "orgs/1 create", error, [&](Identity& identity) {
    identity::NewOrg newOrg;
    newOrg.name = copy(org->name);
    newOrg.slug = copy(org->slug);
    newOrg.tier = copy(org->tier);
    newOrg.seatsLimit = org->seats_limit;
    newOrg.storageLimit = org->storage_limit;
    newOrg.founderId = copy(org->founder_id);
    newOrg.founderRole = copy(org->founder_role);
    give(identity.orgs().create(newOrg), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsFind(mortise_host* host, mortise_str orgId, mortise_org_sink sink, void* context,
                        mortise_error* error) {
  return onIdentity(host, "orgs/1 find", error, [&](Identity& identity) {
    give(identity.orgs().find(view(orgId)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsList(mortise_host* host, int64_t skip, int64_t limit, mortise_org_sink sink, void* context,
                        int64_t* total, mortise_error* error) {
  return onIdentity(host, "orgs/1 list", error, [&](Identity& identity) {
    std::int64_t all = 0;
    for (const auto& org : identity.orgs().list(skip, limit, all)) give(org, sink, context);
    if (total != nullptr) *total = all;
    return MORTISE_OK;
  });
}

mortise_status orgsChange(mortise_host* host, mortise_str orgId, const mortise_org_change* change,
                          mortise_org_sink sink, void* context, mortise_error* error) {
  if (!MORTISE_COMPLETE(change, mortise_org_change, storage_limit)) return tooShort(error, "mortise_org_change");
  return onIdentity(host, "orgs/1 change", error, [&](Identity& identity) {
    identity::OrgChange orgChange;
    orgChange.name = changed(change->name);
    orgChange.tier = changed(change->tier);
    orgChange.seatsLimit = changedNumber(change->seats_limit);
    orgChange.storageLimit = changedNumber(change->storage_limit);
    give(identity.orgs().change(view(orgId), orgChange), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsRemove(mortise_host* host, mortise_str orgId, mortise_error* error) {
  return onIdentity(host, "orgs/1 remove", error, [&](Identity& identity) {
    identity.orgs().remove(view(orgId));
    return MORTISE_OK;
  });
}

mortise_status orgsMembers(mortise_host* host, mortise_str orgId, mortise_member_sink sink, void* context,
                           mortise_error* error) {
  return onIdentity(host, "orgs/1 members", error, [&](Identity& identity) {
    for (const auto& member : identity.orgs().members(view(orgId))) give(member, sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsMembership(mortise_host* host, mortise_str userId, mortise_member_sink sink, void* context,
                              mortise_error* error) {
  return onIdentity(host, "orgs/1 membership", error, [&](Identity& identity) {
    const auto member = identity.orgs().membership(view(userId));
    if (!member) return answer(error, MORTISE_NOT_FOUND, "not_in_org", "the user is in no organisation");
    give(*member, sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsAddMember(mortise_host* host, mortise_str orgId, mortise_str userId, mortise_str role,
                             mortise_member_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "orgs/1 add_member", error, [&](Identity& identity) {
    give(identity.orgs().addMember(view(orgId), view(userId), view(role)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsSetRole(mortise_host* host, mortise_str orgId, mortise_str userId, mortise_str role,
                           mortise_member_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "orgs/1 set_role", error, [&](Identity& identity) {
    give(identity.orgs().setRole(view(orgId), view(userId), view(role)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsRemoveMember(mortise_host* host, mortise_str orgId, mortise_str userId, mortise_error* error) {
  return onIdentity(host, "orgs/1 remove_member", error, [&](Identity& identity) {
    identity.orgs().removeMember(view(orgId), view(userId));
    return MORTISE_OK;
  });
}

mortise_status orgsRequireFeature(mortise_host* host, mortise_str userId, mortise_str feature, mortise_error* error) {
  return onIdentity(host, "orgs/1 require_feature", error, [&](Identity& identity) {
    const auto user = identity.find(identity::UserKey::id, view(userId));
    if (!user) return answer(error, MORTISE_NOT_FOUND, "user_not_found", "no such user");
    identity.features().require(view(feature), identity.effectiveTier(*user));
    return MORTISE_OK;
  });
}

mortise_status orgsRequireOrgFeature(mortise_host* host, mortise_str orgId, mortise_str feature, mortise_error* error) {
  return onIdentity(host, "orgs/1 require_org_feature", error, [&](Identity& identity) {
    identity.features().require(view(feature), identity.orgs().find(view(orgId)).tier);
    return MORTISE_OK;
  });
}

mortise_status orgsCreateTeam(mortise_host* host, const mortise_new_team* team, mortise_team_sink sink, void* context,
                              mortise_error* error) {
  if (!MORTISE_COMPLETE(team, mortise_new_team, created_by)) return tooShort(error, "mortise_new_team");
  return onIdentity(host, "orgs/1 create_team", error, [&](Identity& identity) {
    give(identity.teams().create({copy(team->org_id), copy(team->name), copy(team->slug), copy(team->created_by)}),
         sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsFindTeam(mortise_host* host, mortise_str teamId, mortise_team_sink sink, void* context,
                            mortise_error* error) {
  return onIdentity(host, "orgs/1 find_team", error, [&](Identity& identity) {
    give(identity.teams().find(view(teamId)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsTeams(mortise_host* host, mortise_str orgId, mortise_team_sink sink, void* context,
                         mortise_error* error) {
  return onIdentity(host, "orgs/1 teams", error, [&](Identity& identity) {
    for (const auto& team : identity.teams().ofOrg(view(orgId))) give(team, sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsTeamsOf(mortise_host* host, mortise_str userId, mortise_team_sink sink, void* context,
                           mortise_error* error) {
  return onIdentity(host, "orgs/1 teams_of", error, [&](Identity& identity) {
    for (const auto& team : identity.teams().ofUser(view(userId))) give(team, sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsRemoveTeam(mortise_host* host, mortise_str teamId, mortise_error* error) {
  return onIdentity(host, "orgs/1 remove_team", error, [&](Identity& identity) {
    identity.teams().remove(view(teamId));
    return MORTISE_OK;
  });
}

mortise_status orgsTeamMembers(mortise_host* host, mortise_str teamId, mortise_team_member_sink sink, void* context,
                               mortise_error* error) {
  return onIdentity(host, "orgs/1 team_members", error, [&](Identity& identity) {
    for (const auto& member : identity.teams().members(view(teamId))) give(member, sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsAddTeamMember(mortise_host* host, mortise_str teamId, mortise_str userId, mortise_str addedBy,
                                 mortise_team_member_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "orgs/1 add_team_member", error, [&](Identity& identity) {
    give(identity.teams().addMember(view(teamId), view(userId), view(addedBy)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status orgsRemoveTeamMember(mortise_host* host, mortise_str teamId, mortise_str userId, mortise_error* error) {
  return onIdentity(host, "orgs/1 remove_team_member", error, [&](Identity& identity) {
    identity.teams().removeMember(view(teamId), view(userId));
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_orgs_v1 kTable = {sizeof(mortise_orgs_v1),
                                &orgsCreate,
                                &orgsFind,
                                &orgsList,
                                &orgsChange,
                                &orgsRemove,
                                &orgsMembers,
                                &orgsMembership,
                                &orgsAddMember,
                                &orgsSetRole,
                                &orgsRemoveMember,
                                &orgsRequireFeature,
                                &orgsCreateTeam,
                                &orgsFindTeam,
                                &orgsTeams,
                                &orgsTeamsOf,
                                &orgsRemoveTeam,
                                &orgsTeamMembers,
                                &orgsAddTeamMember,
                                &orgsRemoveTeamMember,
                                &orgsRequireOrgFeature};

}  // namespace

template <>
ServedInterface serve<mortise_orgs_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::identity>};
}

}  // namespace mortise::plugin
