-- Sessions of people with their coding agents, as their clients push them: session sharing. The archive itself is a blob.
-- Times are UTC microseconds, JSON stands as text.
CREATE TABLE sync_captured_sessions (
  id TEXT NOT NULL PRIMARY KEY,  -- chosen by the client: unique among all users
  user_id TEXT NOT NULL,
  title TEXT,
  alias TEXT,
  tags TEXT NOT NULL,
  source_tool TEXT NOT NULL,
  tool_family TEXT NOT NULL,  -- gemini and gemini-cli are one, copilot and copilot-cli are
  source_tool_version TEXT,
  original_session_id TEXT,
  model_provider TEXT,
  model_id TEXT,
  message_count BIGINT NOT NULL,
  turn_count BIGINT NOT NULL,
  tool_use_count BIGINT NOT NULL,
  total_input_tokens BIGINT NOT NULL,
  total_output_tokens BIGINT NOT NULL,
  duration_ms BIGINT,
  blob_key TEXT NOT NULL,
  blob_size_bytes BIGINT NOT NULL,
  etag TEXT NOT NULL,  -- SHA-256 of the archive
  parent_session_id TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  uploaded_at BIGINT NOT NULL,
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1)),
  deleted_at BIGINT,
  deleted_by TEXT,
  delete_scope TEXT,
  purge_after BIGINT,
  dlp_scan_results TEXT,
  retrieval_audit_id TEXT,
  git_remote TEXT,  -- normalised
  git_branch TEXT,
  git_commit TEXT,
  project_id TEXT,
  persona_name TEXT,
  ticket_id TEXT,
  rules_source TEXT,
  rules_version BIGINT,
  rules_hash TEXT,
  instruction_artifacts TEXT NOT NULL
);
CREATE INDEX sync_captured_by_user ON sync_captured_sessions (user_id, id);
CREATE INDEX sync_captured_by_creation ON sync_captured_sessions (user_id, is_deleted, created_at, id);
CREATE UNIQUE INDEX sync_captured_alias ON sync_captured_sessions (user_id, alias) WHERE is_deleted = 0 AND alias IS NOT NULL;
CREATE INDEX sync_captured_trash_alias ON sync_captured_sessions (user_id, alias, deleted_at) WHERE is_deleted = 1 AND alias IS NOT NULL;
CREATE INDEX sync_captured_purge ON sync_captured_sessions (purge_after, id) WHERE is_deleted = 1;
CREATE INDEX sync_captured_blob ON sync_captured_sessions (blob_key);  -- how many hold a blob
CREATE INDEX sync_captured_project ON sync_captured_sessions (project_id);
CREATE INDEX sync_captured_remote ON sync_captured_sessions (user_id, git_remote);

-- What lists of captured sessions walk along: a row for each session with the tag '', and one for each tag it has.
CREATE TABLE sync_captured_listing (
  session_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  user_id TEXT NOT NULL,
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1)),
  tool_family TEXT NOT NULL,
  model TEXT NOT NULL,  -- '' where none is known
  updated_at BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (session_id, tag)
);
CREATE INDEX sync_captured_listed ON sync_captured_listing (user_id, is_deleted, tag, updated_at, session_id);
CREATE INDEX sync_captured_listed_family ON sync_captured_listing (user_id, is_deleted, tag, tool_family, updated_at, session_id);
CREATE INDEX sync_captured_listed_model ON sync_captured_listing (user_id, is_deleted, tag, model, updated_at, session_id);
CREATE INDEX sync_captured_listed_both ON sync_captured_listing (user_id, is_deleted, tag, tool_family, model, updated_at, session_id);

-- How many rows of the listing are alike, and their archives' bytes: totals of lists, and the storage that a user takes.
CREATE TABLE sync_captured_counts (
  user_id TEXT NOT NULL,
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1)),
  tag TEXT NOT NULL,
  tool_family TEXT NOT NULL,
  model TEXT NOT NULL,
  sessions BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (user_id, is_deleted, tag, tool_family, model)
);

-- Where the messages of an archive lie in blocks, beside it: made at the first read, gone with the last session that holds
-- the archive.
CREATE TABLE sync_message_indexes (
  archive_key TEXT NOT NULL PRIMARY KEY,
  blob_key TEXT NOT NULL
);
CREATE INDEX sync_message_index_blobs ON sync_message_indexes (blob_key);
-- What a session's messages tell without a model, and what a model made of them.
CREATE TABLE sync_session_summaries (
  session_id TEXT NOT NULL PRIMARY KEY,
  etag TEXT NOT NULL,  -- of the archive that it was made from
  duration_minutes BIGINT NOT NULL,
  tool_call_count BIGINT NOT NULL,
  files_modified TEXT NOT NULL,
  files_read TEXT NOT NULL,
  commands_executed BIGINT NOT NULL,
  tests_run BIGINT NOT NULL,
  tests_passed BIGINT NOT NULL,
  tests_failed BIGINT NOT NULL,
  packages_installed TEXT NOT NULL,
  errors_encountered TEXT NOT NULL,
  what_happened TEXT,
  key_decisions TEXT,
  outcome TEXT,
  open_issues TEXT,
  narrative_model TEXT,
  personas_active TEXT NOT NULL,
  generated_at BIGINT NOT NULL,
  narrative_error TEXT NOT NULL  -- JSON, or empty
);
-- What a user's clients are to push by themselves.
CREATE TABLE sync_settings (
  user_id TEXT NOT NULL PRIMARY KEY,
  mode TEXT NOT NULL,
  debounce_seconds BIGINT NOT NULL
);
CREATE TABLE sync_watchlist (
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  status TEXT NOT NULL,
  watched_at BIGINT NOT NULL,
  last_synced_at BIGINT,
  PRIMARY KEY (user_id, session_id)
);
CREATE INDEX sync_watchlist_by_time ON sync_watchlist (user_id, watched_at, session_id);
CREATE INDEX sync_watchlist_by_status ON sync_watchlist (user_id, status);
CREATE INDEX sync_watchlist_by_session ON sync_watchlist (session_id);
-- The client that a user pushed with last, and what the user's daemon said of its watchers last.
CREATE TABLE sync_clients (
  user_id TEXT NOT NULL PRIMARY KEY,
  version TEXT,
  platform TEXT,
  device TEXT,
  last_sync_at BIGINT,
  capture_health TEXT,  -- JSON list
  reported_at BIGINT
);
