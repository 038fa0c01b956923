/* skills.catalog/1: the installed skills, for whoever runs agents. Offered by the module skills.
 *
 * A skill is a directory that teaches an agent: a SKILL.md, files beside it, and tools. Administrators install, switch
 * and delete skills over HTTP; this table reads them, chooses those that fit a message, and keeps what single users
 * switched off for themselves. The usual way, once per task: list (the pool, to be frozen for the task) -> per message:
 * select -> find -> tools; files and read_file to bring a bundle into a sandbox; check_command before a command runs.
 *
 * Get it in start(), not before: host->lookup(host, "skills.catalog/1"), with skills.catalog/1 under needs or optional.
 * Threads: [worker] and [start]. Every function takes `context` of the table.
 * Ownership: every text is copied; what is given to a sink is good until the sink returns. Sinks are called on the
 *   caller's thread before the function returns, and must not call the table.
 * Errors: MORTISE_INVALID (an argument breaks a rule), MORTISE_NOT_FOUND (no such skill), MORTISE_CLOSED (another
 *   version was installed meanwhile), MORTISE_UNAVAILABLE, MORTISE_FULL (database, disk), MORTISE_FAILED.
 * Since: skills 1.0. */
#ifndef MORTISE_ABI_SKILLS_CATALOG_H
#define MORTISE_ABI_SKILLS_CATALOG_H

#include "mortise/abi/base.h"

#define MORTISE_SKILLS_CATALOG_V1 "skills.catalog/1"

MORTISE_BEGIN_C

/* One installed skill. Times are ISO 8601 in UTC. */
typedef struct mortise_skill {
  uint32_t struct_size;
  int32_t enabled; /* by administrators, for everybody */
  mortise_str id;  /* SLUG--HASH; stays over installations of the same slug */
  mortise_str slug;
  mortise_str name;
  mortise_str description;
  mortise_str version;      /* what its author calls it */
  mortise_str source_type;  /* local, github */
  mortise_str source_ref;   /* normalised */
  mortise_str runtime_type; /* native, mcp, a2a */
  mortise_str installed_by; /* user id, or empty */
  mortise_str created_at;
  mortise_str updated_at;
  mortise_str last_sync_at; /* when this version was installed; another one with each installation */
  int64_t bundle_file_count;
  int64_t context_ref_count; /* bundle files that are in the context blob */
} mortise_skill;

/* What find tells beyond that. */
typedef struct mortise_skill_texts {
  uint32_t struct_size;
  mortise_str
      manifest; /* JSON object: name, slug, description, version, runtime_type, tools, activation, policy, ... */
  mortise_str skill_md;     /* whole */
  mortise_str body;         /* without its front matter */
  mortise_str context_blob; /* the body and the bundle files that it refers to, at most 12,288 characters */
} mortise_skill_texts;

/* One tool of a skill as a model is offered it. */
typedef struct mortise_skill_tool {
  uint32_t struct_size;
  int32_t model_invocable; /* 0: only for people and other tools; do not offer it to a model */
  mortise_str skill_id;
  mortise_str name;
  mortise_str function_name; /* [a-z0-9_], at most 64 bytes, unique among the tools of one call */
  mortise_str description;
  mortise_str parameters; /* JSON object: the properties of a JSON schema */
  mortise_str required;   /* JSON list of names of properties */
  mortise_str entry;      /* JSON object; native: command, exec_dir; mcp: tool_name; a2a: agent_id */
  mortise_str risk_level; /* low, medium, high: the tool's, else the skill's, else low */
  mortise_str runtime_type;
} mortise_skill_tool;

typedef struct mortise_skill_file {
  uint32_t struct_size;
  int32_t is_text; /* UTF-8 without NUL */
  mortise_str path;
  mortise_str sha256; /* lower-case hex */
  int64_t size;
} mortise_skill_file;

typedef struct mortise_skills_catalog_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] The pool of a user: skills that are enabled and that the user has not switched off, newest first.
   * Empty user_id: all enabled ones. Owner: sink called. */
  mortise_status (*list)(void* context, mortise_str user_id,
                         void (*sink)(void* sink_context, const mortise_skill* skill), void* sink_context,
                         mortise_error* error);
  /* [start] [worker] One skill, enabled or not. Owner: sink called. */
  mortise_status (*find)(void* context, mortise_str id,
                         void (*sink)(void* sink_context, const mortise_skill* skill, const mortise_skill_texts* texts),
                         void* sink_context, mortise_error* error);
  /* [start] [worker] At most `most` (0: 12) of the skills `ids`, best first for `message`. The score counts different
   * words and CJK characters that message and skill share; equal scores keep the order of ids, and a score of 0 may
   * fill up. Unknown ids are left out. Owner: ids borrowed; sink called. */
  mortise_status (*select)(void* context, mortise_str message, const mortise_str* ids, size_t count, size_t most,
                           void (*sink)(void* sink_context, mortise_str id, int64_t score), void* sink_context,
                           mortise_error* error);
  /* [start] [worker] The tools of the skills `ids`, in this order; unknown ids are left out. A tool has the same
   * function_name again for the same ids. Owner: ids borrowed; sink called. */
  mortise_status (*tools)(void* context, const mortise_str* ids, size_t count,
                          void (*sink)(void* sink_context, const mortise_skill_tool* tool), void* sink_context,
                          mortise_error* error);
  /* [start] [worker] The bundle's files by path; none when the skill was installed without its bundle. Owner: sink
   * called. */
  mortise_status (*files)(void* context, mortise_str id,
                          void (*sink)(void* sink_context, const mortise_skill_file* file), void* sink_context,
                          mortise_error* error);
  /* [start] [worker] The bytes of one file, at most 256 KiB. `last_sync_at`: the version that the caller works with;
   * MORTISE_CLOSED when another one is installed now; empty: whichever. MORTISE_NOT_FOUND: no such skill or file.
   * MORTISE_FAILED: the file is not what was installed. Owner: sink called. */
  mortise_status (*read_file)(void* context, mortise_str id, mortise_str last_sync_at, mortise_str path,
                              void (*sink)(void* sink_context, mortise_str bytes), void* sink_context,
                              mortise_error* error);
  /* [start] [worker] NUL-terminated: "off", or "enforce_confirmation": tools of high risk only run once the user
   * agreed. Owner: mode filled. */
  mortise_status (*policy_mode)(void* context, char mode[32], mortise_error* error);
  /* [start] [worker] What one user switched. *enabled: 1 when nothing is stored. MORTISE_NOT_FOUND: no such skill.
   * Owner: enabled filled. */
  mortise_status (*preference)(void* context, mortise_str user_id, mortise_str id, int32_t* enabled,
                               mortise_error* error);
  /* [start] [worker] Switches a skill for one user. MORTISE_NOT_FOUND: no such skill. */
  mortise_status (*set_preference)(void* context, mortise_str user_id, mortise_str id, int32_t enabled,
                                   mortise_error* error);
  /* [start] [worker] Every installed skill, newest first, with what the user said about it (1 when nothing). Owner:
   * sink called. */
  mortise_status (*preferences)(void* context, mortise_str user_id,
                                void (*sink)(void* sink_context, const mortise_skill* skill, int32_t enabled_user),
                                void* sink_context, mortise_error* error);
  /* [start] [worker] MORTISE_DENIED: the operator's list blocks the command; error.text is the entry. A seat belt, not
   * a sandbox. */
  mortise_status (*check_command)(void* context, mortise_str command, mortise_error* error);
  /* [start] [worker] A number that grows when skills change, by any server; -1 when the directory can't be read. Cheap:
   * ask it before reading again. Numbers of two servers have nothing to do with each other. */
  int64_t (*generation)(void* context);
} mortise_skills_catalog_v1;

MORTISE_END_C
#endif
