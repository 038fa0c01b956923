/* orgs/1: organisations, who belongs to them, and what their tier lets in.
 *
 * A user is in at most one organisation. Roles rank owner > admin > member. The tier of an organisation counts for all
 * its members; outside of one the user's own tier counts. Tiers rank free < starter < pro < team < enterprise; an
 * administrator of the server has "admin", which lets everything in.
 * Threads: [start] [worker]. Sinks are called before the function returns, on the same thread; what they are given
 *   lives for that call only.
 * Errors: MORTISE_NOT_FOUND, MORTISE_EXISTS, MORTISE_DENIED, MORTISE_INVALID, each with the code named below and, where
 *   there are any, its details in mortise_error; MORTISE_UNAVAILABLE (database down). Whether the caller may do it is
 *   the module's to know: nothing here looks at a principal. Each function is one transaction; a change counts from the
 *   next request on, on every server.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_ORGS_H
#define MORTISE_ABI_ORGS_H

#include "module.h"

#define MORTISE_ORGS_V1 "orgs/1"

MORTISE_BEGIN_C

/* Times are microseconds since the epoch. */
typedef struct mortise_org {
  uint32_t struct_size;
  mortise_str id; /* org_ and 16 lowercase hex digits */
  mortise_str name;
  mortise_str slug; /* unique */
  mortise_str tier;
  int64_t seats_limit;   /* 0: no limit */
  int64_t storage_limit; /* bytes; 0: no limit */
  int64_t seats_used;    /* members */
  int64_t created_at;
} mortise_org;

typedef struct mortise_new_org {
  uint32_t struct_size;
  mortise_str name;
  mortise_str slug;
  mortise_str tier;
  int64_t seats_limit;
  int64_t storage_limit;
  mortise_str founder_id;   /* user; becomes the first member */
  mortise_str founder_role; /* owner or admin */
} mortise_new_org;

/* A NULL data pointer, or a negative number, leaves a field. */
typedef struct mortise_org_change {
  uint32_t struct_size;
  mortise_str name;
  mortise_str tier;
  int64_t seats_limit;
  int64_t storage_limit;
} mortise_org_change;

typedef struct mortise_member {
  uint32_t struct_size;
  mortise_str org_id;
  mortise_str user_id;
  mortise_str role; /* owner, admin, member */
  int64_t joined_at;
  mortise_str email; /* of the account, as are the next two; may be empty */
  mortise_str username;
  mortise_str nickname;
} mortise_member;

/* A named group of members of one organisation. Since SDK 1.1. */
typedef struct mortise_team {
  uint32_t struct_size;
  mortise_str id; /* tm_ and 16 lowercase hex digits */
  mortise_str org_id;
  mortise_str name;
  mortise_str slug;       /* unique in the organisation */
  mortise_str created_by; /* user */
  int64_t created_at;
  int64_t member_count;
} mortise_team;

/* Since SDK 1.1. */
typedef struct mortise_new_team {
  uint32_t struct_size;
  mortise_str org_id;
  mortise_str name;
  mortise_str slug;
  mortise_str created_by; /* user */
} mortise_new_team;

/* Since SDK 1.1. */
typedef struct mortise_team_member {
  uint32_t struct_size;
  mortise_str team_id;
  mortise_str user_id;
  mortise_str added_by; /* user */
  int64_t added_at;
  mortise_str email; /* of the account, as are the next two; may be empty */
  mortise_str username;
  mortise_str nickname;
} mortise_team_member;

/* [start] [worker] Gets one organisation. Owner: org borrowed. */
typedef void (*mortise_org_sink)(void* context, const mortise_org* org);
/* [start] [worker] Gets one member. Owner: member borrowed. */
typedef void (*mortise_member_sink)(void* context, const mortise_member* member);
/* [start] [worker] Gets one team. Owner: team borrowed. */
typedef void (*mortise_team_sink)(void* context, const mortise_team* team);
/* [start] [worker] Gets one member of a team. Owner: member borrowed. */
typedef void (*mortise_team_member_sink)(void* context, const mortise_team_member* member);

typedef struct mortise_orgs_v1 {
  uint32_t struct_size;
  /* [start] [worker] Makes an organisation with its first member. EXISTS slug_taken, already_in_org (the founder is in
   * one); NOT_FOUND user_not_found; INVALID unknown_tier, unknown_role, validation_failed (no name, no slug, a negative
   * limit). Owner: org borrowed; sink called. */
  mortise_status (*create)(mortise_host* host, const mortise_new_org* org, mortise_org_sink sink, void* context,
                           mortise_error* error);
  /* [start] [worker] One organisation. NOT_FOUND org_not_found. Owner: sink called. */
  mortise_status (*find)(mortise_host* host, mortise_str org_id, mortise_org_sink sink, void* context,
                         mortise_error* error);
  /* [start] [worker] All organisations, newest first. `total` (may be NULL) receives their number. Owner: sink called;
   * total filled. */
  mortise_status (*list)(mortise_host* host, int64_t skip, int64_t limit, mortise_org_sink sink, void* context,
                         int64_t* total, mortise_error* error);
  /* [start] [worker] Changes an organisation. NOT_FOUND org_not_found; INVALID unknown_tier, validation_failed. A seat
   * limit below the number of members removes no member. Owner: change borrowed; sink called. */
  mortise_status (*change)(mortise_host* host, mortise_str org_id, const mortise_org_change* change,
                           mortise_org_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Removes an organisation with its memberships; its service keys are revoked. NOT_FOUND
   * org_not_found. */
  mortise_status (*remove)(mortise_host* host, mortise_str org_id, mortise_error* error);

  /* [start] [worker] The members in the order in which they joined. NOT_FOUND org_not_found. Owner: sink called. */
  mortise_status (*members)(mortise_host* host, mortise_str org_id, mortise_member_sink sink, void* context,
                            mortise_error* error);
  /* [start] [worker] The membership of one user. NOT_FOUND not_in_org. Owner: sink called. */
  mortise_status (*membership)(mortise_host* host, mortise_str user_id, mortise_member_sink sink, void* context,
                               mortise_error* error);
  /* [start] [worker] Adds a member. NOT_FOUND org_not_found, user_not_found; EXISTS already_in_org (in this one or
   * another); DENIED seat_limit, with details {"seats_used": n, "seats_limit": n}; INVALID unknown_role. Owner: sink
   * called. */
  mortise_status (*add_member)(mortise_host* host, mortise_str org_id, mortise_str user_id, mortise_str role,
                               mortise_member_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Changes the role of a member. NOT_FOUND member_not_found; DENIED last_administrator: no member
   * with role owner or admin would be left; INVALID unknown_role. Owner: sink called. */
  mortise_status (*set_role)(mortise_host* host, mortise_str org_id, mortise_str user_id, mortise_str role,
                             mortise_member_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Removes a member, with the errors of set_role. Service keys of the organisation that run as this
   * user are revoked ("left the organisation"). */
  mortise_status (*remove_member)(mortise_host* host, mortise_str org_id, mortise_str user_id, mortise_error* error);

  /* [start] [worker] Whether the user's effective tier has a feature that some module.yaml declares under `features`.
   * DENIED upgrade_required, with details {"feature", "current_tier", "required_tier", "upgrade_url"}; INVALID
   * unknown_feature; NOT_FOUND user_not_found. An operation that always needs one says so by x-mortise-feature instead.
   */
  mortise_status (*require_feature)(mortise_host* host, mortise_str user_id, mortise_str feature, mortise_error* error);

  /* Teams, since SDK 1.1. Members who leave the organisation, and all when it is removed, leave its teams. */
  /* [start] [worker] Makes a team without members. NOT_FOUND org_not_found; EXISTS slug_taken, teams_full (an
   * organisation has 1000 at most); INVALID validation_failed (no name, no slug). Owner: team borrowed; sink called. */
  mortise_status (*create_team)(mortise_host* host, const mortise_new_team* team, mortise_team_sink sink, void* context,
                                mortise_error* error);
  /* [start] [worker] One team. NOT_FOUND team_not_found. Owner: sink called. */
  mortise_status (*find_team)(mortise_host* host, mortise_str team_id, mortise_team_sink sink, void* context,
                              mortise_error* error);
  /* [start] [worker] The teams of an organisation, oldest first. Owner: sink called. */
  mortise_status (*teams)(mortise_host* host, mortise_str org_id, mortise_team_sink sink, void* context,
                          mortise_error* error);
  /* [start] [worker] The teams that a user is in, by their ids. Owner: sink called. */
  mortise_status (*teams_of)(mortise_host* host, mortise_str user_id, mortise_team_sink sink, void* context,
                             mortise_error* error);
  /* [start] [worker] Removes a team with its memberships. NOT_FOUND team_not_found. */
  mortise_status (*remove_team)(mortise_host* host, mortise_str team_id, mortise_error* error);
  /* [start] [worker] The members of a team in the order in which they were added. NOT_FOUND team_not_found. Owner: sink
   * called. */
  mortise_status (*team_members)(mortise_host* host, mortise_str team_id, mortise_team_member_sink sink, void* context,
                                 mortise_error* error);
  /* [start] [worker] Puts a member of the organisation into a team. NOT_FOUND team_not_found; INVALID user_not_in_org (the
   * user is no member of the team's organisation); EXISTS already_in_team. Owner: sink called. */
  mortise_status (*add_team_member)(mortise_host* host, mortise_str team_id, mortise_str user_id, mortise_str added_by,
                                    mortise_team_member_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Takes a member out of a team. NOT_FOUND team_not_found, member_not_found. */
  mortise_status (*remove_team_member)(mortise_host* host, mortise_str team_id, mortise_str user_id,
                                       mortise_error* error);

  /* [start] [worker] Whether an organisation's own tier has a feature, whichever user asks: for what an organisation
   * pays for (a project). Errors as of require_feature, but NOT_FOUND org_not_found. Since SDK 1.1. */
  mortise_status (*require_org_feature)(mortise_host* host, mortise_str org_id, mortise_str feature,
                                        mortise_error* error);
} mortise_orgs_v1;

MORTISE_END_C
#endif
