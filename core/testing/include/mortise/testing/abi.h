/* The boundary of the test kit: a table of C functions, so that a test program of any compiler and standard library can
 * run a module in a real kernel and a store on a real database. Write tests against the face: module_harness.hpp,
 * refusals.hpp, rights.hpp, test_database.hpp and plans.hpp.
 *
 * Threads: the words of abi/base.h, said of a test program: [start] one thread at a time in the whole process, [worker]
 *   every thread; both may block. stop and close_database come after every other call with the same object has
 *   returned.
 * Owners: the words of abi/base.h. What a sink is given is borrowed, as its texts are; a sink must not throw.
 * Errors: a mortise_testing_outcome; of any but MORTISE_TESTING_OK, `say` gets the sentence.
 * Since: SDK 1.1. The rules of abi/base.h hold: structs and the table only grow at their end. */
#ifndef MORTISE_TESTING_ABI_H
#define MORTISE_TESTING_ABI_H

#include <mortise/abi/base.h>
#include <mortise/abi/db.h>

MORTISE_BEGIN_C

/* A running kernel with its data folder. */
typedef struct mortise_testing_server mortise_testing_server;
/* An empty database with a module's migrations applied. */
typedef struct mortise_testing_database mortise_testing_database;

typedef enum mortise_testing_outcome {
  MORTISE_TESTING_OK = 0,
  MORTISE_TESTING_FAILED = 1,   /* std::runtime_error in the face: no such module, a refusal, no answer */
  MORTISE_TESTING_ARGUMENT = 2, /* std::invalid_argument: a permission that no module declares */
  MORTISE_TESTING_OUTCOME_SIZE_ = 0x7fffffff
} mortise_testing_outcome;

/* [start] [worker] Gets one text, on the thread of the call that it was given to. */
typedef void (*mortise_testing_say)(void* context, mortise_str text);

typedef enum mortise_testing_caller_kind {
  MORTISE_TESTING_USER = 0,        /* an access token; exactly `permissions` */
  MORTISE_TESTING_ADMIN = 1,       /* an access token; every permission */
  MORTISE_TESTING_SERVICE_KEY = 2, /* a service key of an administrator with `scopes` */
  MORTISE_TESTING_BROWSER = 3,     /* a session cookie and a CSRF token; exactly `permissions` */
  MORTISE_TESTING_CALLER_KIND_SIZE_ = 0x7fffffff
} mortise_testing_caller_kind;

typedef struct mortise_testing_caller {
  uint32_t struct_size;
  mortise_testing_caller_kind kind;
  const mortise_str* permissions;
  size_t permissions_count;
  const mortise_str* scopes;
  size_t scopes_count;
} mortise_testing_caller;

/* The credentials of a caller. Empty: not of this kind. */
typedef struct mortise_testing_credentials {
  uint32_t struct_size;
  mortise_str token;  /* Authorization: Bearer */
  mortise_str cookie; /* name=value */
  mortise_str csrf;   /* X-CSRFToken */
  mortise_str user_id;
} mortise_testing_credentials;

typedef struct mortise_testing_answer {
  uint32_t struct_size;
  int32_t status;
  mortise_str body;
  mortise_str code;            /* of a refusal, in whatever family's shape */
  mortise_str field;           /* first field at fault, "body/email" */
  const mortise_pair* headers; /* names in lower case */
  size_t headers_count;
} mortise_testing_answer;

/* One request of a test that is generated from a contract, and its answer. */
typedef struct mortise_testing_refusal {
  uint32_t struct_size;
  int32_t passed;        /* 1: the answer was the expected one */
  mortise_str operation; /* operationId */
  mortise_str what;      /* "anonymous", "body/title: 201 characters" */
  mortise_str expected;  /* "422 body/title", "let in" */
  mortise_str answer;    /* "201 {...}", cut to 200 bytes */
} mortise_testing_refusal;

/* A statement, with what is bound to its parameters. */
typedef struct mortise_testing_statement {
  uint32_t struct_size;
  mortise_str sql;
  const mortise_db_parameter* parameters;
  size_t count;
} mortise_testing_statement;

/* [worker] Gets a statement before it runs, on its thread, one call at a time. It must neither run a statement nor call
 * listen(). Owner: statement borrowed. */
typedef void (*mortise_testing_listener)(void* context, const mortise_testing_statement* statement);

/* What a plan may do besides walking along an index: PlanRules of plans.hpp. */
typedef struct mortise_testing_plan_rules {
  uint32_t struct_size;
  int32_t may_filter;
  int32_t may_sort_ties;
  double small_sort;
} mortise_testing_plan_rules;

typedef struct mortise_testing_v1_table {
  uint32_t struct_size;

  /* [start] Starts a kernel with these modules: paths with a '/', or names (see ModuleHarness). `options`: settings
   * as in mortise.conf. Owner: modules borrowed; options borrowed; server freed by stop; say called. */
  mortise_testing_outcome (*start)(const mortise_str* modules, size_t modules_count, const mortise_pair* options,
                                   size_t options_count, mortise_testing_server** server, mortise_testing_say say,
                                   void* context);
  /* [start] Drains and stops the server, and removes the data folder. NULL is ignored. Owner: server released. */
  void (*stop)(mortise_testing_server* server);
  /* [any] "127.0.0.1:43211". Owner: result lives until stop(server). */
  mortise_str (*address)(const mortise_testing_server* server);
  /* [start] Creates an account of that kind. Owner: caller borrowed; sink called, what it gets borrowed; say
   * called. */
  mortise_testing_outcome (*create_caller)(mortise_testing_server* server, const mortise_testing_caller* caller,
                                           void (*sink)(void* sink_context,
                                                        const mortise_testing_credentials* credentials),
                                           void* sink_context, mortise_testing_say say, void* context);
  /* [worker] Sends one request on its own connection; waits at most 60 seconds. `headers`: whole lines. A body
   * without Content-Type is sent as JSON. Owner: credentials borrowed; headers borrowed; sink called, what it gets
   * borrowed; say called. */
  mortise_testing_outcome (*send)(mortise_str address, const mortise_testing_credentials* credentials,
                                  mortise_str method, mortise_str path, mortise_str body, const mortise_str* headers,
                                  size_t headers_count,
                                  void (*sink)(void* sink_context, const mortise_testing_answer* answer),
                                  void* sink_context, mortise_testing_say say, void* context);
  /* [start] Loads a module file in its own kernel and stops it again. `refusal` receives the sentence of the
   * refusal, or an empty text when the module was loaded and started. Owner: refusal called; say called. */
  mortise_testing_outcome (*try_load)(mortise_str file, mortise_testing_say refusal, void* refusal_context,
                                      mortise_testing_say say, void* context);
  /* [start] Sends every request that the contract of `module` refuses (see refusals.hpp). Owner: sink called, what
   * it gets borrowed; say called. */
  mortise_testing_outcome (*refusals)(mortise_testing_server* server, mortise_str module,
                                      void (*sink)(void* sink_context, const mortise_testing_refusal* refusal),
                                      void* sink_context, mortise_testing_say say, void* context);

  /* [start] 1: PostgreSQL is installed here; open_database says whether it comes up. The first call starts the
   * process's one server, which ends with the process. */
  int32_t (*has_postgresql)(void);
  /* [start] Opens an empty database and applies the numbered .sql files of the folder `migrations`. `module`: the
   * owner of its tables. One on PostgreSQL at a time. Owner: database freed by close_database; say called. */
  mortise_testing_outcome (*open_database)(int32_t is_postgresql, mortise_str module, mortise_str migrations,
                                           mortise_testing_database** database, mortise_testing_say say, void* context);
  /* [start] Closes a database. NULL is ignored. Owner: database released. */
  void (*close_database)(mortise_testing_database* database);
  /* [any] The host that a module's Db is made of, with database_table(). Owner: result lives until
   * close_database(database). */
  mortise_host* (*database_host)(mortise_testing_database* database);
  /* [worker] The table beside it; it reports its statements to the listener. Owner: result lives until
   * close_database(database). */
  const mortise_db_v1* (*database_table)(mortise_testing_database* database);
  /* [worker] Runs statements without a result, separated by semicolons, in one transaction. Owner: say called. */
  mortise_testing_outcome (*run_sql)(mortise_testing_database* database, mortise_str sql, mortise_testing_say say,
                                     void* context);
  /* [worker] Lets the planner of PostgreSQL see what was written. Owner: say called. */
  mortise_testing_outcome (*analyze)(mortise_testing_database* database, mortise_testing_say say, void* context);
  /* [worker] Has every statement that passes a database_table() reported to `listener`, in place of the one before:
   * the process has one. NULL: none. Returns when the one before is not being called. Owner: listener kept until the
   * next listen. */
  void (*listen)(mortise_testing_listener listener, void* listener_context);
  /* [worker] Asks the database what it will do, in its own words: one text for `plan`. Owner: statement borrowed;
   * rules borrowed; plan called; say called. */
  mortise_testing_outcome (*plan_of)(mortise_testing_database* database, const mortise_testing_statement* statement,
                                     const mortise_testing_plan_rules* rules, mortise_testing_say plan,
                                     void* plan_context, mortise_testing_say say, void* context);
  /* [worker] Looks for what the plan does and the rules do not allow: one text each for `fault`. Owner: statement
   * borrowed; rules borrowed; fault called; say called. */
  mortise_testing_outcome (*plan_faults)(mortise_testing_database* database, const mortise_testing_statement* statement,
                                         const mortise_testing_plan_rules* rules, mortise_testing_say fault,
                                         void* fault_context, mortise_testing_say say, void* context);
  /* [start] Calls every operation of the contract of `module` as every kind of caller (see rights.hpp). Owner: sink
   * called, what it gets borrowed; say called. */
  mortise_testing_outcome (*rights)(mortise_testing_server* server, mortise_str module,
                                    void (*sink)(void* sink_context, const mortise_testing_refusal* call),
                                    void* sink_context, mortise_testing_say say, void* context);
} mortise_testing_v1_table;

/* The one symbol of libmortise_testing.so. */
MORTISE_EXPORT extern const mortise_testing_v1_table mortise_testing_v1;

MORTISE_END_C
#endif
