-- How many sessions there are of each kind: what the totals of lists are added up from. Changed in the transactions of the sessions themselves.
CREATE TABLE sync_session_counts (
  sync_type TEXT NOT NULL,
  sync_category TEXT NOT NULL,
  status TEXT NOT NULL,
  sessions BIGINT NOT NULL,
  PRIMARY KEY (sync_type, sync_category, status)
);

INSERT INTO sync_session_counts (sync_type, sync_category, status, sessions)
SELECT sync_type, sync_category, status, COUNT(*) FROM sync_sessions GROUP BY sync_type, sync_category, status;

-- One index for each set of filters and each order, so that a page costs the same however many sessions there are. By start; without a filter:
-- sync_sessions_started_at.
CREATE INDEX sync_sessions_by_type ON sync_sessions (sync_type, started_at, id);
CREATE INDEX sync_sessions_by_category ON sync_sessions (sync_category, started_at, id);
CREATE INDEX sync_sessions_by_status ON sync_sessions (status, started_at, id);
CREATE INDEX sync_sessions_by_type_category ON sync_sessions (sync_type, sync_category, started_at, id);
CREATE INDEX sync_sessions_by_type_status ON sync_sessions (sync_type, status, started_at, id);
CREATE INDEX sync_sessions_by_category_status ON sync_sessions (sync_category, status, started_at, id);
CREATE INDEX sync_sessions_by_all ON sync_sessions (sync_type, sync_category, status, started_at, id);

-- By end: a session that has not ended sorts as the latest.
DROP INDEX sync_sessions_completed_at;
CREATE INDEX sync_sessions_ended ON sync_sessions ((COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_type ON sync_sessions (sync_type, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_category ON sync_sessions (sync_category, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_status ON sync_sessions (status, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_type_category ON sync_sessions (sync_type, sync_category, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_type_status ON sync_sessions (sync_type, status, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_category_status ON sync_sessions (sync_category, status, (COALESCE(completed_at, 9223372036854775807)), id);
CREATE INDEX sync_sessions_ended_by_all ON sync_sessions (sync_type, sync_category, status, (COALESCE(completed_at, 9223372036854775807)), id);

-- By status, and within one by id.
CREATE INDEX sync_sessions_of_status ON sync_sessions (status, id);
CREATE INDEX sync_sessions_of_type_status ON sync_sessions (sync_type, status, id);
CREATE INDEX sync_sessions_of_category_status ON sync_sessions (sync_category, status, id);
CREATE INDEX sync_sessions_of_type_category_status ON sync_sessions (sync_type, sync_category, status, id);

-- The records of a session in the order they were made, and its errors.
DROP INDEX sync_records_session;
CREATE INDEX sync_records_created ON sync_records (session_id, created_at, id);
CREATE INDEX sync_records_status ON sync_records (session_id, status, created_at, id);
