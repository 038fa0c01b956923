/* db/1: SQL on the server's database (SQLite or PostgreSQL), for the tables that the module's own migrations made.
 *
 * Portable SQL; named parameters (":name") only; integers are 64 bit; text is UTF-8 without NUL. Statements are
 * prepared once per connection and kept, so write SQL as constants. A session is one connection: use it on one thread
 * at a time, and give it back soon.
 * Threads: [start] [worker], except backend: [any].
 * Errors: MORTISE_UNAVAILABLE (no connection within the deadline, database locked or gone; with the code
 *   "transaction_lost": another transaction was faster, run this one, or the statement outside of one, again),
 *   MORTISE_FULL, MORTISE_EXISTS (a UNIQUE constraint), MORTISE_INVALID (another constraint, or bad SQL). After an error
 *   inside a transaction only rollback is useful.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_DB_H
#define MORTISE_ABI_DB_H

#include "module.h"

#define MORTISE_DB_V1 "db/1"

MORTISE_BEGIN_C

typedef struct mortise_db_session mortise_db_session;
typedef struct mortise_db_rows mortise_db_rows;

typedef struct mortise_db_parameter {
  mortise_str name; /* without the colon */
  mortise_value value;
} mortise_db_parameter;

typedef struct mortise_db_v1 {
  uint32_t struct_size;
  /* [start] [worker] Leases a connection; `write` != 0 when it will change something (SQLite has one writer). Waits at
   * most the server's lease time. Owner: session freed by close. */
  mortise_status (*open)(mortise_host* host, int32_t write, mortise_db_session** session, mortise_error* error);
  /* [start] [worker] Rolls back what was not committed, and gives the connection back. Owner: session released. */
  void (*close)(mortise_db_session* session);
  /* [start] [worker] Begins a transaction. */
  mortise_status (*begin)(mortise_db_session* session, mortise_error* error);
  /* [start] [worker] Commits the transaction. */
  mortise_status (*commit)(mortise_db_session* session, mortise_error* error);
  /* [start] [worker] Undoes the transaction. */
  mortise_status (*rollback)(mortise_db_session* session, mortise_error* error);
  /* [start] [worker] Runs one statement without a result; `changed` (may be NULL) receives the number of rows changed.
   * Owner: parameters borrowed; changed filled. */
  mortise_status (*execute)(mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                            size_t count, int64_t* changed, mortise_error* error);
  /* [start] [worker] Runs one query. `types` (INTEGER, REAL or TEXT) states what each column is read as; NULLs are
   * always possible. Owner: parameters borrowed; types borrowed; rows freed by rows_close. */
  mortise_status (*query)(mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                          size_t count, const mortise_type* types, size_t columns, mortise_db_rows** rows,
                          mortise_error* error);
  /* [start] [worker] Fills `values` (room for all columns) with the next row: MORTISE_OK, or MORTISE_NOT_FOUND at the
   * end. Texts live until the next call. Owner: values filled, their texts live until the next call for these rows. */
  mortise_status (*next)(mortise_db_rows* rows, mortise_value* values, mortise_error* error);
  /* [start] [worker] Ends a query; also after its session was closed. Owner: rows released. */
  void (*rows_close)(mortise_db_rows* rows);
  /* [any] 's' for SQLite, 'p' for PostgreSQL: for the rare statement that has no portable form. */
  char (*backend)(mortise_host* host);

  /* Since SDK 1.1; check struct_size. A transaction that other interfaces take part in. */

  /* [worker] [start] After begin() on a session that writes: a host with which other tables work in this transaction.
   * It takes the place of the module's own host in calls of audit/1, db/1, identity/1, jobs/1 and orgs/1; every other
   * interface answers it with MORTISE_INVALID. Asked again: the same host. The kernel's; it lives as long as the session,
   * and answers MORTISE_CLOSED once the transaction has ended.
   *
   * What changes with join(), until commit(), rollback() or close():
   *   - The transaction belongs to the calling thread: other threads get MORTISE_INVALID, and a thread has one at a time.
   *   - Each call made with the joined host is a savepoint: one that fails leaves nothing behind, and the caller may go on
   *     (unless lost()). begin() on a session that was opened with the joined host is a savepoint, too.
   *   - mail/1 send, events/1 publish, jobs/1 trigger, blobs/1 remove and objects/1 remove that this thread asks for, with
   *     whichever host, happen after the commit, before commit() returns; on a rollback they are dropped (a mail's `done`
   *     is then called with MORTISE_CLOSED). A server that dies between the commit and them loses them.
   *   - What would write outside the transaction (any of the five interfaces with the plain host) fails at once.
   *   - commit() and rollback() give the connection back: after them only close() is useful.
   * A handler, job or callback that returns with such a transaction open loses it: it is rolled back, and logged.
   * Owner: joined lives until close(session). */
  mortise_status (*join)(mortise_db_session* session, mortise_host** joined, mortise_error* error);
  /* [worker] [start] From enter() to leave() the calls of this thread with every module's plain host take part in the
   * transaction that was joined, as if each were made with a joined host. For a call of another module's interface, whose
   * provider works with its own host. One leave() for each enter(). */
  mortise_status (*enter)(mortise_db_session* session, mortise_error* error);
  /* [worker] [start] Ends what enter() began, on the same thread. */
  void (*leave)(mortise_db_session* session);
  /* [worker] [start] Waits until no other transaction of this module holds `name` (1..200 bytes), and holds it until the
   * transaction of this session ends. For what reads, decides and writes, such as a number that is counted on. Waits as
   * long as a statement may take; MORTISE_INVALID without a transaction. SQLite has one writer, so nothing waits there. */
  mortise_status (*lock)(mortise_db_session* session, mortise_str name, mortise_error* error);
  /* [any] Non-zero when the transaction of this session, or its statement outside of one, lost a race, whatever the
   * failing call answered: roll back and run it again from its beginning. Zero for a session that was opened with a
   * joined host: who joined the transaction runs all of it again. */
  int32_t (*lost)(mortise_db_session* session);
} mortise_db_v1;

MORTISE_END_C
#endif
