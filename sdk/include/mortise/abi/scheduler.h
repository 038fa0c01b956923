/* scheduler/1: the jobs of all modules and of the kernel, for a module that gives them a face: see, change, pause, run,
 * remove, and what their runs did. A module that only wants work done uses jobs/1.
 *
 * One server of a cluster, the runner, starts the runs that the clock asks for; every server answers reads and takes
 * changes, which reach the runner through the database (at once when events/1 has a bridge, else within a second). Ids
 * are "module.job". A job is built in when a module.yaml or the kernel declares it; one put through jobs/1 is not. What
 * a job runs only works where its module is loaded; elsewhere the job is listed and waits.
 *
 * Threads: [worker] [start]. Sinks are called before the function returns, on the same thread; what they are given
 *   lives for that call only.
 * Errors: MORTISE_NOT_FOUND job_not_found, run_not_found; MORTISE_INVALID with the codes named below, error.text names
 *   field and rule; MORTISE_UNAVAILABLE (database down; scheduler_off where it says so). Whether the caller may do it
 *   is the module's to know.
 * Ownership: the kernel copies every text before a function returns.
 * Since: SDK 1.0.
 *
 * Times are microseconds since the epoch, 0: none. A time beside one as text is ISO 8601 with an offset, empty: none.
 */
#ifndef MORTISE_ABI_SCHEDULER_H
#define MORTISE_ABI_SCHEDULER_H

#include "jobs.h"
#include "module.h"

#define MORTISE_SCHEDULER_V1 "scheduler/1"

MORTISE_BEGIN_C

/* The most bytes that cron_expression, a single field of cron and run_date may have each; longer: MORTISE_INVALID. */
#define MORTISE_TRIGGER_FIELD_MAX 500

/* When a job runs. A text whose data is NULL, or blank, is not given. */
typedef struct mortise_trigger {
  uint32_t struct_size;
  mortise_str type; /* "cron", "interval" or "date"; case counts */
  /* IANA name that cron counts in; not given: the option jobs.timezone. No effect on the other types. */
  mortise_str timezone;
  /* cron: 5 parts (minute hour day month weekday), 6 (second first) or 7 (year last), parted by white space; and single
   * fields, each of which overrides its part. At least one of the eight. Weekday 0 is Monday. A field that is not given
   * gets its minimum when a more significant one is given (year, month, day, weekday, hour, minute, second), else "*".
   */
  mortise_str cron_expression;
  mortise_str second;
  mortise_str minute;
  mortise_str hour;
  mortise_str day; /* also "last", "2nd fri", "last fri" */
  mortise_str month;
  mortise_str weekday;
  mortise_str year;
  /* interval: added up; one that is not positive counts nothing. The first run comes after one interval from now. */
  int64_t weeks;
  int64_t days;
  int64_t hours;
  int64_t minutes;
  int64_t seconds;
  /* date: ISO 8601 date, or date and time; without an offset in the zone of jobs.timezone */
  mortise_str run_date;
} mortise_trigger;

typedef struct mortise_scheduled_job {
  uint32_t struct_size;
  mortise_str id;     /* "module.job" */
  mortise_str module; /* "kernel" for the kernel's own */
  mortise_str job;    /* its id within the module: the function's name */
  mortise_str name;
  mortise_str description; /* one sentence; the name when none was given */
  int32_t builtin;
  int32_t paused;
  int32_t loaded;            /* its module runs on this server */
  int64_t running;           /* runs that go on, on all servers */
  int64_t next_run_at;       /* 0: paused, or never again */
  mortise_str next_run_time; /* in the trigger's zone, with the offset of that instant; a fraction only for interval */
  int64_t last_run_at;       /* start of the newest run, manual ones included */
  mortise_str last_run_time; /* in UTC, "+00:00" */
  mortise_str trigger_type;  /* cron, interval, date */
  mortise_str trigger_text;  /* "cron[hour='1', minute='0']", "interval[0:15:00]", "date[2030-01-01 19:04:00 UTC]" */
  mortise_str timezone;      /* IANA */
  /* cron only: the effective text of each field */
  mortise_str second;
  mortise_str minute;
  mortise_str hour;
  mortise_str day;
  mortise_str month;
  mortise_str weekday;
  mortise_str year;
  mortise_str payload;           /* of a put job */
  int64_t misfire_grace_seconds; /* -1: a late run always starts */
  int64_t max_instances;
  int32_t coalesce;
  int64_t jitter_seconds;
  int64_t time_limit_seconds; /* 0: none */
} mortise_scheduled_job;

typedef struct mortise_job_run_record {
  uint32_t struct_size;
  mortise_str id; /* UUID; grows with time */
  mortise_str job_id;
  /* running, succeeded, failed, cancelled, timed_out (asked to stop by its time limit), lost (its server died) */
  mortise_str outcome;
  mortise_str error;  /* why it failed; may be empty */
  mortise_str output; /* the last 64 KiB of what it wrote */
  mortise_str node;   /* the server that ran it */
  int64_t due_at;     /* when the clock asked for it; a manual run: when it was asked for */
  int64_t started_at;
  int64_t ended_at; /* 0: goes on */
  int32_t manual;
  int64_t created_by;   /* user number that asked for a manual run; 0: none */
  int32_t percent;      /* progress, 0..100; -1: none reported */
  mortise_str progress; /* its text */
} mortise_job_run_record;

typedef struct mortise_scheduler_status {
  uint32_t struct_size;
  int32_t enabled;         /* 0 after enable(0) on this server */
  int32_t runner;          /* non-zero: this server holds the lease */
  mortise_str node;        /* this server */
  mortise_str runner_node; /* the server that holds the lease; empty: none */
  int64_t epoch;           /* grows with each change of the runner */
  int64_t jobs;            /* of all modules */
  int64_t running;         /* runs that go on, on all servers */
} mortise_scheduler_status;

typedef struct mortise_scheduler_reload {
  uint32_t struct_size;
  const mortise_str* deleted; /* every id that existed, by its next run, those without one last */
  size_t deleted_size;
  int64_t deleted_count;       /* removals that worked */
  const mortise_str* reloaded; /* the declared jobs of the loaded modules, in the same order */
  size_t reloaded_size;
} mortise_scheduler_reload;

/* What a run reported of one target (jobs/1 report). Since SDK 1.1. */
typedef struct mortise_reported_target {
  uint32_t struct_size;
  int32_t state;  /* mortise_target_state */
  int64_t number; /* within the run: 1, 2, ... in the order of their first reports */
  mortise_str target;
  int64_t synced;
  int64_t created;
  int64_t updated;
  int64_t deleted;
  mortise_str failure;
  mortise_str details; /* JSON object, or empty */
  int64_t started_at;  /* when it was first reported as running; 0: never */
  int64_t ended_at;    /* when it was reported as done; 0: not yet */
  int64_t revision;    /* of this change */
} mortise_reported_target;

/* Changes of one run that come one after the other: of targets, of the run itself, or both. Each has the next revision,
 * over all runs and servers. Since SDK 1.1. */
typedef struct mortise_reported_run {
  uint32_t struct_size;
  int32_t is_latest; /* 0: later changes of the run follow, perhaps of targets that it reported before it ended */
  int64_t revision;  /* of the last change in here */
  const mortise_job_run_record* run;             /* as it stands */
  const mortise_reported_target* const* targets; /* that changed, by revision */
  size_t targets_count;
} mortise_reported_run;

/* [start] [worker] Gets one job. Owner: job borrowed. */
typedef void (*mortise_scheduled_job_sink)(void* context, const mortise_scheduled_job* job);
/* [start] [worker] Gets one run. Owner: run borrowed. */
typedef void (*mortise_job_run_sink)(void* context, const mortise_job_run_record* run);
/* [start] [worker] Gets one run with its reports. Owner: run borrowed. */
typedef void (*mortise_reported_run_sink)(void* context, const mortise_reported_run* run);
/* [start] [worker] Gets the state of the scheduler. Owner: status borrowed. */
typedef void (*mortise_scheduler_status_sink)(void* context, const mortise_scheduler_status* status);
/* [start] [worker] Gets what a reload did. Owner: result borrowed. */
typedef void (*mortise_scheduler_reload_sink)(void* context, const mortise_scheduler_reload* result);
/* [start] [worker] Gets one time; `text` is in the trigger's zone. */
typedef void (*mortise_fire_time_sink)(void* context, int64_t at, mortise_str text);

typedef struct mortise_scheduler_v1 {
  uint32_t struct_size;
  /* [start] [worker] Switches this server's part on or off, for good until it is called again: while off it is not the
   * runner, starts no run and refuses manual ones; what runs goes on. Reads and changes work either way. Call it in
   * start(). */
  mortise_status (*enable)(mortise_host* host, int32_t on, mortise_error* error);
  /* [start] [worker] Whether jobs run, and where. Owner: sink called. */
  mortise_status (*status)(mortise_host* host, mortise_scheduler_status_sink sink, void* context, mortise_error* error);

  /* [start] [worker] All jobs by id, ascending. Owner: sink called. */
  mortise_status (*list)(mortise_host* host, mortise_scheduled_job_sink sink, void* context, mortise_error* error);
  /* [start] [worker] One job. Owner: sink called. */
  mortise_status (*find)(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                         mortise_error* error);
  /* [start] [worker] Gives a job another trigger and reckons its next run anew; a paused job stays paused. INVALID
   * trigger_type (unknown or none), cron_parts (another number of parts), timezone (unknown), trigger (anything else).
   * `sink` (may be NULL) gets the job as it is then, here and in pause and resume. Owner: trigger borrowed; sink
   * called. */
  mortise_status (*change_trigger)(mortise_host* host, mortise_str id, const mortise_trigger* trigger,
                                   mortise_scheduled_job_sink sink, void* context, mortise_error* error);
  /* [start] [worker] No further runs by the clock, over restarts too; one that goes on is not touched. Twice is fine.
   * Owner: sink called. */
  mortise_status (*pause)(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                          mortise_error* error);
  /* [start] [worker] The next run is the first from now on; what was missed is not made up. A job that never fires
   * again stays paused. Owner: sink called. */
  mortise_status (*resume)(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                           mortise_error* error);
  /* [start] [worker] Starts a run now, on this server, besides the schedule; paused or running already does not matter.
   * `created_by`: the user's number, or 0. `run_id` (may be NULL): 37 bytes that receive the run's UUID and a NUL.
   * UNAVAILABLE scheduler_off, job_not_loaded (its module does not run here), workers_busy. Owner: run_id filled. */
  mortise_status (*run_now)(mortise_host* host, mortise_str id, int64_t created_by, char* run_id, mortise_error* error);
  /* [start] [worker] Removes a job; a run that goes on is asked to stop. A built-in one comes back by reload only. */
  mortise_status (*remove)(mortise_host* host, mortise_str id, mortise_error* error);
  /* [start] [worker] Removes all jobs, put ones too, then takes in the declared ones of the modules that are loaded
   * here, with their declared triggers and not paused. Owner: sink called. */
  mortise_status (*reload)(mortise_host* host, mortise_scheduler_reload_sink sink, void* context, mortise_error* error);

  /* [start] [worker] Runs, newest first; `job_id` may be empty (all jobs), or of a job that is gone. `limit` 1..1000.
   * `total` (may be NULL) receives the number of all. Owner: sink called; total filled. */
  mortise_status (*runs)(mortise_host* host, mortise_str job_id, int64_t skip, int64_t limit, mortise_job_run_sink sink,
                         void* context, int64_t* total, mortise_error* error);
  /* [start] [worker] Asks a run to stop, on whichever server it goes on; a run that is over is NOT_FOUND. */
  mortise_status (*cancel_run)(mortise_host* host, mortise_str run_id, mortise_error* error);
  /* [start] [worker] Drops the records of runs that ended before `before`; not those of runs that go on. `removed` may
   * be NULL. The kernel drops what is older than the option jobs.history by itself. Owner: removed filled. */
  mortise_status (*purge_runs)(mortise_host* host, int64_t before, int64_t* removed, mortise_error* error);

  /* [start] [worker] The first `count` (1..1000) times at which `trigger` fires at or after `from` (ISO 8601 with an
   * offset; not given: now); fewer when it ends. `timezone` (64 bytes, may be NULL) receives the zone's name and a NUL.
   * An interval is reckoned as if it were given at `from`. INVALID as change_trigger, and from; TIMEOUT expired, when
   * the handler that asks works for a request whose time is over or whose client has disconnected. Owner: trigger
   * borrowed; sink called; timezone filled. */
  mortise_status (*preview)(mortise_host* host, const mortise_trigger* trigger, mortise_str from, int64_t count,
                            mortise_fire_time_sink sink, void* context, char* timezone, mortise_error* error);

  /* [start] [worker] What runs of all jobs report: the first `limit` (1..1000) changes beyond the revision `after` (0:
   * from the first on), of targets and of runs, in their order. Nothing is passed over: keep the last revision with what
   * you made of it, in one transaction, and go on from there. Of servers that share what they keep, another may have been
   * faster: leave out what lies at or before the revision that is kept. What runs of this server report is there at
   * once, that of others within a second or so. The event kernel.jobs.reported says that there is something new; it is a
   * hint and may be lost. Since SDK 1.1. Owner: sink called. */
  mortise_status (*reports)(mortise_host* host, int64_t after, int64_t limit, mortise_reported_run_sink sink,
                            void* context, mortise_error* error);
} mortise_scheduler_v1;

MORTISE_END_C
#endif
