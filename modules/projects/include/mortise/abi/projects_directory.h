/* projects.directory/1: which projects there are, who reaches them, and what they hold, for modules whose objects belong
 * to a project. Offered by the module projects.
 *
 * Get it in start(), not before: host->lookup(host, "projects.directory/1"), with projects.directory/1 under optional (a
 * module that can't do without: needs). Without it no project, and nothing in one, can be found.
 * Threads: [worker] and [start]. Every function takes `context` of the table. Called in a transaction of db/1 of the same
 *   thread (Transaction::call), it reads what that transaction wrote.
 * Ownership: every text is copied; what is given to a sink is good until the sink returns. Sinks are called on the
 *   caller's thread before the function returns, and must not call the table.
 * Errors: MORTISE_NOT_FOUND and MORTISE_DENIED as each function says, MORTISE_INVALID (an argument breaks a rule),
 *   MORTISE_UNAVAILABLE, MORTISE_FAILED.
 * Remotes are normalised: owner/repository, in lower case, as captured sessions keep them. Empty names no project.
 * Since: projects 1.0. */
#ifndef MORTISE_ABI_PROJECTS_DIRECTORY_H
#define MORTISE_ABI_PROJECTS_DIRECTORY_H

#include "mortise/abi/base.h"

#define MORTISE_PROJECTS_DIRECTORY_V1 "projects.directory/1"

MORTISE_BEGIN_C

/* One project. One that was merged into another is given as that other one. */
typedef struct mortise_project {
  uint32_t struct_size;
  mortise_str id;       /* proj_ and 16 lowercase hex digits */
  mortise_str org_id;   /* empty: belongs to no organisation */
  mortise_str owner_id; /* user */
  mortise_str name;
} mortise_project;

/* [start] [worker] Gets one project. Owner: project borrowed. */
typedef void (*mortise_project_sink)(void* context, const mortise_project* project);

/* What a project holds that other objects refer to. */
typedef enum mortise_project_item_kind {
  MORTISE_PROJECT_TICKET = 0, /* by its id */
  MORTISE_PROJECT_PERSONA =
      1, /* by its name, ignoring case; the project's own, else its organisation's; active ones only */
  MORTISE_PROJECT_ENTRY = 2, /* of the knowledge base, by its number in decimal digits */
  MORTISE_PROJECT_PAGE = 3,  /* of the wiki, by its slug */
  MORTISE_PROJECT_ITEM_KIND_SIZE_ = 0x7fffffff
} mortise_project_item_kind;

typedef struct mortise_project_item {
  uint32_t struct_size;
  mortise_str reference; /* as the project writes it */
  mortise_str title;     /* of a ticket or page; the name of a persona; empty: none */
  int64_t lease_epoch;   /* of a ticket; -1: none */
} mortise_project_item;

/* [start] [worker] Gets one item. Owner: item borrowed. */
typedef void (*mortise_project_item_sink)(void* context, const mortise_project_item* item);

/* What an agent read of a project while it worked is kept under such a context. */
typedef struct mortise_retrieval_context {
  uint32_t struct_size;
  mortise_str id; /* ra_ and 24 lowercase hex digits */
  mortise_str project_id;
  mortise_str user_id; /* who opened it */
} mortise_retrieval_context;

/* [start] [worker] Gets one context. Owner: found borrowed. */
typedef void (*mortise_retrieval_context_sink)(void* context, const mortise_retrieval_context* found);

/* A persona of an organisation that stands for one of its members. */
typedef struct mortise_represented_persona {
  uint32_t struct_size;
  mortise_str id; /* per_ and 16 lowercase hex digits */
  mortise_str name;
  mortise_str role; /* what it does, in words */
  mortise_str org_id;
} mortise_represented_persona;

/* [start] [worker] Gets one such persona. Owner: persona borrowed. */
typedef void (*mortise_represented_persona_sink)(void* context, const mortise_represented_persona* persona);

typedef struct mortise_projects_directory_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] One project, whoever asks: for the boundary of service keys. MORTISE_NOT_FOUND. Owner: sink called.
   */
  mortise_status (*find)(void* context, mortise_str project_id, mortise_project_sink sink, void* sink_context,
                         mortise_error* error);
  /* [start] [worker] The project that a remote belongs to, as its first or a linked one, whoever asks.
   * MORTISE_NOT_FOUND. Owner: sink called. */
  mortise_status (*of_remote)(void* context, mortise_str git_remote, mortise_project_sink sink, void* sink_context,
                              mortise_error* error);
  /* [start] [worker] The project that a session of this user with that remote belongs to: the remote's, if the user owns
   * it or sees it as a member of its organisation. MORTISE_NOT_FOUND otherwise. Owner: sink called. */
  mortise_status (*of_session)(void* context, mortise_str user_id, mortise_str git_remote, mortise_project_sink sink,
                               void* sink_context, mortise_error* error);
  /* [start] [worker] May this user reach the project (own it, be in its organisation, or have a session of it)?
   * MORTISE_OK, MORTISE_DENIED, MORTISE_NOT_FOUND. */
  mortise_status (*reaches)(void* context, mortise_str user_id, mortise_str project_id, mortise_error* error);
  /* [start] [worker] What the project has under that reference. Whether the user reaches the project is not asked again.
   * MORTISE_INVALID: the reference can't name such a thing. MORTISE_NOT_FOUND: there is none, or no more.
   * MORTISE_DENIED: there is, but not for this user (a persona of an organisation is for its members). Owner: sink
   * called. */
  mortise_status (*item)(void* context, mortise_str user_id, mortise_str project_id, mortise_project_item_kind kind,
                         mortise_str reference, mortise_project_item_sink sink, void* sink_context,
                         mortise_error* error);
  /* [start] [worker] One context of retrievals. MORTISE_NOT_FOUND. Owner: sink called. */
  mortise_status (*retrieval_context)(void* context, mortise_str id, mortise_retrieval_context_sink sink,
                                      void* sink_context, mortise_error* error);
  /* [start] [worker] The events of a context, oldest first, at most `limit` (1..1000) after the event `after` (0: from the
   * first): each its number and a JSON object as people are shown it. MORTISE_NOT_FOUND: no such context. Owner: sink
   * called. */
  mortise_status (*retrieval_events)(void* context, mortise_str id, int64_t after, int64_t limit,
                                     void (*sink)(void* sink_context, int64_t number, mortise_str event),
                                     void* sink_context, mortise_error* error);
  /* [start] [worker] The active personas that stand for this user, by name. Owner: sink called. */
  mortise_status (*represented)(void* context, mortise_str user_id, mortise_represented_persona_sink sink,
                                void* sink_context, mortise_error* error);
} mortise_projects_directory_v1;

MORTISE_END_C
#endif
