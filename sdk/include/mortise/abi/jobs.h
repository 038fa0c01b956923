/* jobs/1: run a function of this module later, once or on a schedule; and what a running job can ask and tell.
 *
 * A job the module always has belongs in module.yaml (`jobs:`); put() is for jobs that are only known while the server
 * runs, such as those a user creates. Both need jobs/1 under `needs`. The kernel owns the clock, the workers and the
 * record of runs; the module owns only what happens during one run. Jobs that were put stay until they are removed,
 * over restarts too, and run only while their module is loaded; putting one again is harmless. In a cluster one server
 * starts the runs that the clock asks for, each of them once.
 *
 * Threads: put, remove, trigger, cancel, exists, list [worker] [start]; the module's run_job is called on a thread that
 *   may block, for one id at most max_instances times at once: a time that falls into a run is skipped. The functions
 *   that take a mortise_run: any thread while run_job runs.
 * Ownership: the kernel copies every text before a function returns. Texts of a run live as long as the run.
 * Errors: MORTISE_INVALID (id, trigger, zone or a limit not understood: error.text says what), MORTISE_NOT_FOUND,
 *   MORTISE_DENIED (trigger: it is running), MORTISE_UNAVAILABLE (database down, or the scheduler is switched off).
 * Since: SDK 1.0; what was added later says so, check struct_size.
 *
 * Why a trigger text and not an interval: after a restart a job has to land on the same minute as before, and an
 * interval counts from whenever the server started. */
#ifndef MORTISE_ABI_JOBS_H
#define MORTISE_ABI_JOBS_H

#include "module.h"

#define MORTISE_JOBS_V1 "jobs/1"

MORTISE_BEGIN_C

typedef struct mortise_job {
  uint32_t struct_size;
  mortise_str id; /* unique within the module, 1..200 bytes: "user-42"; not the id of a job in module.yaml */
  /* "cron: 0 4 * * *" (weekday 0 is Monday), "every: PT5M" (at least PT1S), "at: 2030-01-01T00:00:00Z" */
  mortise_str trigger;
  /* IANA name that a cron text counts in; empty: UTC. A zone the kernel does not serve is MORTISE_INVALID */
  mortise_str zone;
  mortise_str payload; /* handed to each run; at most 64 KiB */
  /* Added later; a 0 stands for the default. */
  mortise_str name;        /* for people, at most 200 bytes; default: the id */
  mortise_str description; /* one sentence, at most 1000 bytes; default: the name */
  int64_t jitter_seconds;  /* each run comes up to so many seconds late, spread evenly; 0..86400; default 0 */
  /* Seconds after which a run is asked to stop (cancelled() becomes true) and recorded as timed_out; default: no limit
   */
  int64_t time_limit_seconds;
  int64_t max_instances;         /* runs of this job at once, 1..100; default 1 */
  int64_t misfire_grace_seconds; /* a run that would start later than this is left out; -1: never; default 300 */
  int32_t each_missed;           /* non-zero: every missed time within the grace runs; default: they become one run */
} mortise_job;

/* What list tells of one job. */
typedef struct mortise_job_state {
  uint32_t struct_size;
  mortise_str id;      /* within the module */
  mortise_str trigger; /* as text; an operator may have changed it */
  mortise_str zone;
  int64_t next_run_at; /* microseconds since the epoch; 0: paused, or never again */
  int64_t last_run_at; /* 0: never yet */
  int32_t declared;    /* in module.yaml */
  int32_t paused;
  int64_t running; /* runs that go on, on all servers */
} mortise_job_state;

/* How far a run is with one of its targets. */
typedef enum mortise_target_state {
  MORTISE_TARGET_DONE = 0,    /* it failed when the report's `failure` is not empty */
  MORTISE_TARGET_PENDING = 1, /* the run will work on it */
  MORTISE_TARGET_RUNNING = 2, /* the run works on it; the counters say how far it is */
  MORTISE_TARGET_STATE_SIZE_ = 0x7fffffff
} mortise_target_state;

/* What a run says of one of its targets: what it cleans, checks, fetches. Since SDK 1.1. */
typedef struct mortise_job_report {
  uint32_t struct_size;
  int32_t state;      /* mortise_target_state */
  mortise_str target; /* its name within the run, for people; 1..255 bytes */
  int64_t synced;     /* items looked at or brought over */
  int64_t created;
  int64_t updated;
  int64_t deleted;
  mortise_str failure; /* why the target failed, shown to people: no secrets; cut to 8 KiB; empty: it did not fail */
  mortise_str details; /* JSON object of at most 64 KiB, or empty */
} mortise_job_report;

/* [start] [worker] Gets one job. Owner: job borrowed. */
typedef void (*mortise_job_state_sink)(void* context, const mortise_job_state* job);

typedef struct mortise_jobs_v1 {
  uint32_t struct_size;
  /* [start] [worker] Adds a job, or replaces the one with this id (a run that is going on is not touched; with the same
   * trigger and zone its next run and its pause stay). A time in the past never comes. A job that is given with "at" is
   * gone after its run. Owner: job borrowed. */
  mortise_status (*put)(mortise_host* host, const mortise_job* job, mortise_error* error);
  /* [start] [worker] Takes a job away; a run that is going on is asked to stop (cancelled() becomes true).
   * MORTISE_NOT_FOUND when there is none. */
  mortise_status (*remove)(mortise_host* host, mortise_str id, mortise_error* error);
  /* [start] [worker] Runs a job (one of module.yaml too) once, now, besides its schedule. */
  mortise_status (*trigger)(mortise_host* host, mortise_str id, mortise_error* error);
  /* [start] [worker] Non-zero when there is such a job, from module.yaml or put. */
  int32_t (*exists)(mortise_host* host, mortise_str id);
  /* [start] [worker] Asks one run to stop: its cancelled() becomes true. MORTISE_NOT_FOUND when it is not running (any
   * more). */
  mortise_status (*cancel)(mortise_host* host, mortise_str run_id, mortise_error* error);

  /* [any] The run's UUID. Owner: result lives until the run ends. */
  mortise_str (*run_id)(mortise_run* run);
  /* [any] The id of its job within the module. Owner: result lives until the run ends. */
  mortise_str (*job_id)(mortise_run* run);
  /* [any] What put gave along. Owner: result lives until the run ends. */
  mortise_str (*payload)(mortise_run* run);
  /* [any] When the run began, microseconds since the epoch. */
  int64_t (*started_at)(mortise_run* run);
  /* [any] Non-zero: asked for by trigger(), not by the clock. */
  int32_t (*triggered)(mortise_run* run);
  /* [any] Non-zero: finish soon (removed, cancelled, or the server is going down). */
  int32_t (*cancelled)(mortise_run* run);
  /* [any] How far it is: 0..100; text may be empty. */
  void (*progress)(mortise_run* run, int32_t percent, mortise_str text);
  /* [any] Appends a line to the run's record; the last 64 KiB are kept. */
  void (*output)(mortise_run* run, mortise_str line);

  /* [start] [worker] This module's jobs by id, of module.yaml and put. Added later, as is what follows. Owner: sink
   * called. */
  mortise_status (*list)(mortise_host* host, mortise_job_state_sink sink, void* context, mortise_error* error);
  /* [any] When the clock asked for the run, microseconds since the epoch; triggered: when it was asked for. */
  int64_t (*due_at)(mortise_run* run);
  /* [any] User number of the person that asked for a manual run; 0: none. */
  int64_t (*created_by)(mortise_run* run);

  /* [any] What the run did to one target, or how far it is with it, in place of what it reported of that target before;
   * at most 100,000 targets (MORTISE_FULL). The reports are stored with the run's record, at its end in one transaction
   * with it, and go when it goes. Who shows them (the module sync: as a sync session) reads scheduler/1 reports. In a
   * transaction of db/1 it is not taken back: report after the commit. Since SDK 1.1. Owner: report borrowed. */
  mortise_status (*report)(mortise_run* run, const mortise_job_report* report, mortise_error* error);
} mortise_jobs_v1;

MORTISE_END_C
#endif
