-- Sessions that show what a run of a job reported. There is one of each run.
ALTER TABLE sync_sessions ADD COLUMN run_id TEXT;
CREATE UNIQUE INDEX sync_sessions_run ON sync_sessions (run_id) WHERE run_id IS NOT NULL;

-- A session's record of one target.
CREATE INDEX sync_records_target ON sync_records (session_id, instance_id);
