// Organisations, who belongs to them, and what their tier lets in, for modules that give them a face: orgs/1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/orgs.h"
#include "mortise/db.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Times are microseconds since the epoch.
struct Org {
  std::string id;  // org_ and 16 lowercase hex digits
  std::string name;
  std::string slug;  // unique
  std::string tier;
  std::int64_t seatsLimit = 0;    // 0: no limit
  std::int64_t storageLimit = 0;  // bytes; 0: no limit
  std::int64_t seatsUsed = 0;     // members
  std::int64_t createdAt = 0;
};

struct NewOrg {
  std::string name;
  std::string slug;
  std::string tier;
  std::int64_t seatsLimit = 0;
  std::int64_t storageLimit = 0;
  std::string founderId;  // user; becomes the first member
  std::string founderRole = "owner";
};

// An empty optional leaves the field.
struct OrgChange {
  std::optional<std::string> name{};
  std::optional<std::string> tier{};
  std::optional<std::int64_t> seatsLimit{};
  std::optional<std::int64_t> storageLimit{};
};

struct Member {
  std::string orgId;
  std::string userId;
  std::string role;  // owner, admin, member
  std::int64_t joinedAt = 0;
  std::string email;  // of the account, as are the next two; may be empty
  std::string username;
  std::string nickname;
};

// A named group of members of one organisation. Since SDK 1.1.
struct Team {
  std::string id;  // tm_ and 16 lowercase hex digits
  std::string orgId;
  std::string name;
  std::string slug;       // unique in the organisation
  std::string createdBy;  // user
  std::int64_t createdAt = 0;
  std::int64_t memberCount = 0;
};

struct NewTeam {
  std::string orgId;
  std::string name;
  std::string slug;
  std::string createdBy;  // user
};

struct TeamMember {
  std::string teamId;
  std::string userId;
  std::string addedBy;  // user
  std::int64_t addedAt = 0;
  std::string email;  // of the account, as are the next two; may be empty
  std::string username;
  std::string nickname;
};

// [worker]. Whether the caller may do it is the module's to know. Failures throw Problem with the kernel's code:
// 404 org_not_found, user_not_found, not_in_org, member_not_found, team_not_found; 409 slug_taken, already_in_org,
// already_in_team, teams_full; 403 seat_limit (with
// its numbers), last_administrator, upgrade_required; 422; 503 unavailable.
class Orgs {
 public:
  using Table = mortise_orgs_v1;
  static constexpr const char* kInterface = MORTISE_ORGS_V1;
  Orgs(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // The same inside a transaction of Db::transaction().
  Orgs in(const Transaction& tx) const noexcept { return Orgs(tx.host(), table_); }

  Org create(const NewOrg& org) const {
    mortise_new_org c{};
    c.struct_size = sizeof c;
    c.name = detail::str(org.name);
    c.slug = detail::str(org.slug);
    c.tier = detail::str(org.tier);
    c.seats_limit = org.seatsLimit;
    c.storage_limit = org.storageLimit;
    c.founder_id = detail::str(org.founderId);
    c.founder_role = detail::str(org.founderRole);
    Got<Org> got;
    auto error = detail::noError();
    check(table_->create(host_, &c, takeOrg, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // Empty when there is no such organisation.
  std::optional<Org> find(std::string_view org_id) const {
    Got<Org> got;
    auto error = detail::noError();
    const auto status = table_->find(host_, detail::str(org_id), takeOrg, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Newest first. `total`, when given, receives the number of all organisations.
  std::vector<Org> list(std::int64_t skip, std::int64_t limit, std::int64_t* total = nullptr) const {
    Got<std::vector<Org>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->list(
        host_, skip, limit,
        [](void* context, const mortise_org* org) {
          auto& out = *static_cast<Got<std::vector<Org>>*>(context);
          out.keep([&] { out.value->push_back(copied(*org)); });
        },
        &got, total, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  Org change(std::string_view org_id, const OrgChange& change) const {
    mortise_org_change c{};
    c.struct_size = sizeof c;
    if (change.name) c.name = {change.name->c_str(), change.name->size()};
    if (change.tier) c.tier = {change.tier->c_str(), change.tier->size()};
    c.seats_limit = change.seatsLimit.value_or(-1);
    c.storage_limit = change.storageLimit.value_or(-1);
    Got<Org> got;
    auto error = detail::noError();
    check(table_->change(host_, detail::str(org_id), &c, takeOrg, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // With its memberships; its service keys are revoked.
  void remove(std::string_view org_id) const {
    auto error = detail::noError();
    check(table_->remove(host_, detail::str(org_id), &error), error);
  }

  // In the order in which they joined.
  std::vector<Member> members(std::string_view org_id) const {
    Got<std::vector<Member>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->members(
        host_, detail::str(org_id),
        [](void* context, const mortise_member* member) {
          auto& out = *static_cast<Got<std::vector<Member>>*>(context);
          out.keep([&] { out.value->push_back(copied(*member)); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Empty when the user is in no organisation.
  std::optional<Member> membership(std::string_view user_id) const {
    Got<Member> got;
    auto error = detail::noError();
    const auto status = table_->membership(host_, detail::str(user_id), takeMember, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  Member addMember(std::string_view org_id, std::string_view user_id, std::string_view role) const {
    Got<Member> got;
    auto error = detail::noError();
    check(table_->add_member(host_, detail::str(org_id), detail::str(user_id), detail::str(role), takeMember, &got,
                             &error),
          error);
    return std::move(got.finish(kInterface));
  }
  Member setRole(std::string_view org_id, std::string_view user_id, std::string_view role) const {
    Got<Member> got;
    auto error = detail::noError();
    check(
        table_->set_role(host_, detail::str(org_id), detail::str(user_id), detail::str(role), takeMember, &got, &error),
        error);
    return std::move(got.finish(kInterface));
  }
  // Service keys of the organisation that run as this user are revoked.
  void removeMember(std::string_view org_id, std::string_view user_id) const {
    auto error = detail::noError();
    check(table_->remove_member(host_, detail::str(org_id), detail::str(user_id), &error), error);
  }

  // Problem 403 upgrade_required unless the user's effective tier has the feature. An operation that always needs one
  // says so in its contract: x-mortise-feature.
  void requireFeature(std::string_view user_id, std::string_view feature) const {
    auto error = detail::noError();
    check(table_->require_feature(host_, detail::str(user_id), detail::str(feature), &error), error);
  }

  // The same for the organisation's own tier, whichever user asks: for what an organisation pays for, such as a
  // project. Since SDK 1.1: Problem 503 with an older kernel.
  void requireOrgFeature(std::string_view org_id, std::string_view feature) const {
    if (!MORTISE_HAS(table_, mortise_orgs_v1, require_org_feature))
      throw Problem(503, "unavailable")
          .note("this kernel's orgs/1 knows no features of organisations; run a newer one");
    auto error = detail::noError();
    check(table_->require_org_feature(host_, detail::str(org_id), detail::str(feature), &error), error);
  }

  // Teams, since SDK 1.1: Problem 503 with an older kernel. A member who leaves the organisation leaves its teams.
  Team createTeam(const NewTeam& team) const {
    requireTeams();
    mortise_new_team c{};
    c.struct_size = sizeof c;
    c.org_id = detail::str(team.orgId);
    c.name = detail::str(team.name);
    c.slug = detail::str(team.slug);
    c.created_by = detail::str(team.createdBy);
    Got<Team> got;
    auto error = detail::noError();
    check(table_->create_team(host_, &c, takeTeam, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // Empty when there is no such team.
  std::optional<Team> findTeam(std::string_view team_id) const {
    requireTeams();
    Got<Team> got;
    auto error = detail::noError();
    const auto status = table_->find_team(host_, detail::str(team_id), takeTeam, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Oldest first.
  std::vector<Team> teams(std::string_view org_id) const {
    requireTeams();
    Got<std::vector<Team>> got;
    got.value.emplace();
    auto error = detail::noError();
    check(table_->teams(host_, detail::str(org_id), takeTeams, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // Those that the user is in, by their ids.
  std::vector<Team> teamsOf(std::string_view user_id) const {
    requireTeams();
    Got<std::vector<Team>> got;
    got.value.emplace();
    auto error = detail::noError();
    check(table_->teams_of(host_, detail::str(user_id), takeTeams, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  void removeTeam(std::string_view team_id) const {
    requireTeams();
    auto error = detail::noError();
    check(table_->remove_team(host_, detail::str(team_id), &error), error);
  }
  // In the order in which they were added.
  std::vector<TeamMember> teamMembers(std::string_view team_id) const {
    requireTeams();
    Got<std::vector<TeamMember>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->team_members(
        host_, detail::str(team_id),
        [](void* context, const mortise_team_member* member) {
          auto& out = *static_cast<Got<std::vector<TeamMember>>*>(context);
          out.keep([&] { out.value->push_back(copied(*member)); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Problem 422 user_not_in_org: the user is no member of the team's organisation.
  TeamMember addTeamMember(std::string_view team_id, std::string_view user_id, std::string_view added_by) const {
    requireTeams();
    Got<TeamMember> got;
    auto error = detail::noError();
    const auto status = table_->add_team_member(
        host_, detail::str(team_id), detail::str(user_id), detail::str(added_by),
        [](void* context, const mortise_team_member* member) {
          auto& out = *static_cast<Got<TeamMember>*>(context);
          out.keep([&] { out.value = copied(*member); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  void removeTeamMember(std::string_view team_id, std::string_view user_id) const {
    requireTeams();
    auto error = detail::noError();
    check(table_->remove_team_member(host_, detail::str(team_id), detail::str(user_id), &error), error);
  }

 private:
  template <class T>
  using Got = detail::SinkResult<T>;

  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }
  void requireTeams() const {
    if (!MORTISE_HAS(table_, mortise_orgs_v1, remove_team_member))
      throw Problem(503, "unavailable").note("this kernel's orgs/1 has no teams; run a newer one");
  }
  static Org copied(const mortise_org& c) {
    Org org;
    org.id = detail::copied(c.id);
    org.name = detail::copied(c.name);
    org.slug = detail::copied(c.slug);
    org.tier = detail::copied(c.tier);
    org.seatsLimit = c.seats_limit;
    org.storageLimit = c.storage_limit;
    org.seatsUsed = c.seats_used;
    org.createdAt = c.created_at;
    return org;
  }
  static Member copied(const mortise_member& c) {
    Member member;
    member.orgId = detail::copied(c.org_id);
    member.userId = detail::copied(c.user_id);
    member.role = detail::copied(c.role);
    member.joinedAt = c.joined_at;
    member.email = detail::copied(c.email);
    member.username = detail::copied(c.username);
    member.nickname = detail::copied(c.nickname);
    return member;
  }
  static Team copied(const mortise_team& c) {
    Team team;
    team.id = detail::copied(c.id);
    team.orgId = detail::copied(c.org_id);
    team.name = detail::copied(c.name);
    team.slug = detail::copied(c.slug);
    team.createdBy = detail::copied(c.created_by);
    team.createdAt = c.created_at;
    team.memberCount = c.member_count;
    return team;
  }
  static TeamMember copied(const mortise_team_member& c) {
    TeamMember member;
    member.teamId = detail::copied(c.team_id);
    member.userId = detail::copied(c.user_id);
    member.addedBy = detail::copied(c.added_by);
    member.addedAt = c.added_at;
    member.email = detail::copied(c.email);
    member.username = detail::copied(c.username);
    member.nickname = detail::copied(c.nickname);
    return member;
  }
  static void takeTeam(void* context, const mortise_team* team) {
    auto& out = *static_cast<Got<Team>*>(context);
    out.keep([&] { out.value = copied(*team); });
  }
  static void takeTeams(void* context, const mortise_team* team) {
    auto& out = *static_cast<Got<std::vector<Team>>*>(context);
    out.keep([&] { out.value->push_back(copied(*team)); });
  }
  static void takeOrg(void* context, const mortise_org* org) {
    auto& out = *static_cast<Got<Org>*>(context);
    out.keep([&] { out.value = copied(*org); });
  }
  static void takeMember(void* context, const mortise_member* member) {
    auto& out = *static_cast<Got<Member>*>(context);
    out.keep([&] { out.value = copied(*member); });
  }

  mortise_host* host_;
  const Table* table_;
};

inline Orgs Host::orgs() const { return need<Orgs>(); }

}  // namespace mortise::inline sdk1
