-- Sessions and their records. Times are UTC microseconds.
CREATE TABLE sync_sessions (
  id BIGINT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  sync_type TEXT NOT NULL CHECK (sync_type IN ('manual_single', 'manual_batch', 'manual_task', 'scheduled_task')),
  sync_category TEXT NOT NULL CHECK (sync_category IN ('account', 'capacity', 'config', 'aggregation', 'other')),
  status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'cancelled')),
  started_at BIGINT NOT NULL,
  completed_at BIGINT,
  total_instances BIGINT NOT NULL,
  successful_instances BIGINT NOT NULL,
  failed_instances BIGINT NOT NULL,
  created_by BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- The process that works on it; see sync_servers.
  server_id TEXT NOT NULL
);

CREATE INDEX sync_sessions_started_at ON sync_sessions (started_at, id);
CREATE INDEX sync_sessions_completed_at ON sync_sessions (completed_at, id);
CREATE INDEX sync_sessions_status ON sync_sessions (status, server_id);
CREATE INDEX sync_sessions_created_at ON sync_sessions (created_at);

CREATE TABLE sync_records (
  id BIGINT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sync_sessions (session_id) ON DELETE CASCADE,
  -- 0: an error of the session itself.
  instance_id BIGINT NOT NULL,
  instance_name TEXT,
  sync_category TEXT NOT NULL CHECK (sync_category IN ('account', 'capacity', 'config', 'aggregation', 'other')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed')),
  started_at BIGINT,
  completed_at BIGINT,
  items_synced BIGINT NOT NULL,
  items_created BIGINT NOT NULL,
  items_updated BIGINT NOT NULL,
  items_deleted BIGINT NOT NULL,
  error_message TEXT,
  sync_details TEXT,
  created_at BIGINT NOT NULL
);

CREATE INDEX sync_records_session ON sync_records (session_id, status, id);

-- The last number given to a session or record: numbers are told to people and never come twice.
CREATE TABLE sync_numbers (
  name TEXT NOT NULL PRIMARY KEY,
  last BIGINT NOT NULL
);

INSERT INTO sync_numbers (name, last) VALUES ('session', 0);
INSERT INTO sync_numbers (name, last) VALUES ('record', 0);

-- Processes that opened sessions, and when each was last heard of.
CREATE TABLE sync_servers (
  server_id TEXT NOT NULL PRIMARY KEY,
  machine TEXT NOT NULL,
  process_id BIGINT NOT NULL,
  process_started_at BIGINT NOT NULL,
  heard_at BIGINT NOT NULL
);
