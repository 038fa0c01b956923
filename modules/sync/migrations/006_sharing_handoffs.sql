-- Links to captured sessions, and sessions that are handed over. Times are UTC microseconds, JSON stands as text.

-- A link opens without an account. Its token is stored nowhere, only the SHA-256 of it.
CREATE TABLE sync_share_links (
  id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  token_digest TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,  -- Argon2id; empty: no password
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX sync_share_links_session ON sync_share_links (session_id, id);
CREATE INDEX sync_share_links_expiry ON sync_share_links (expires_at, id);

-- Whether the messages of an archive have secrets that people should not see on a public page.
CREATE TABLE sync_share_scans (
  etag TEXT NOT NULL PRIMARY KEY,
  has_secrets BIGINT NOT NULL CHECK (has_secrets IN (0, 1)),
  scanned_at BIGINT NOT NULL
);
CREATE INDEX sync_share_scans_age ON sync_share_scans (scanned_at, etag);

CREATE TABLE sync_handoffs (
  id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL,
  source_project_id TEXT,
  sender_id TEXT NOT NULL,
  sender_email TEXT NOT NULL,
  sender_tier TEXT NOT NULL,
  -- email:ADDRESS, user:ID or team:ID: whose inbox it is in.
  recipient TEXT NOT NULL,
  recipient_email TEXT,
  recipient_user_id TEXT,
  recipient_team_id TEXT,
  message TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'claimed', 'revoked', 'declined', 'expired')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  viewed_at BIGINT,
  claimed_at BIGINT,
  claimer_id TEXT,
  recipient_session_id TEXT,
  revoked_at BIGINT,
  revoked_by_user_id TEXT,
  revoke_reason TEXT,
  -- As they were when it was made.
  session_title TEXT,
  session_tool TEXT,
  session_model_id TEXT,
  session_message_count BIGINT,
  session_total_tokens BIGINT,
  ticket_id TEXT,
  snapshot_ticket_title TEXT,
  persona_name TEXT,
  snapshot_persona_name TEXT
);
CREATE INDEX sync_handoffs_inbox ON sync_handoffs (recipient, created_at, id);
CREATE INDEX sync_handoffs_sent ON sync_handoffs (sender_id, created_at, id);
CREATE INDEX sync_handoffs_pending ON sync_handoffs (session_id, id) WHERE status = 'pending';

-- How many handoffs an inbox has (inbox:RECIPIENT), and how many somebody sent (sent:USER).
CREATE TABLE sync_handoff_counts (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE sync_handoff_attachments (
  handoff_id TEXT NOT NULL REFERENCES sync_handoffs (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  project_id TEXT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (handoff_id, position)
);

CREATE TABLE sync_handoff_comments (
  id TEXT NOT NULL PRIMARY KEY,
  handoff_id TEXT NOT NULL REFERENCES sync_handoffs (id) ON DELETE CASCADE,
  author_user_id TEXT,
  content TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX sync_handoff_comments_time ON sync_handoff_comments (handoff_id, created_at, id);

-- mortise:sqlite
CREATE TABLE sync_handoff_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  handoff_id TEXT NOT NULL REFERENCES sync_handoffs (id) ON DELETE CASCADE,
  event_type TEXT NOT NULL,
  actor_user_id TEXT,
  service_key_name TEXT,
  payload TEXT,
  created_at BIGINT NOT NULL
);
-- mortise:postgresql
CREATE TABLE sync_handoff_events (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  handoff_id TEXT NOT NULL REFERENCES sync_handoffs (id) ON DELETE CASCADE,
  event_type TEXT NOT NULL,
  actor_user_id TEXT,
  service_key_name TEXT,
  payload TEXT,
  created_at BIGINT NOT NULL
);
-- mortise:all
CREATE INDEX sync_handoff_events_order ON sync_handoff_events (handoff_id, id);
