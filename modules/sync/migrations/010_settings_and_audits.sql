-- What people set for the judging of their sessions and for the hosts of their repositories. Secrets are sealed. Times are UTC microseconds.
CREATE TABLE sync_judge_settings (
  user_id TEXT NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  base_url TEXT,
  sealed_key TEXT,
  key_endpoint TEXT NOT NULL,  -- where the key may go, and nowhere else
  updated_at BIGINT NOT NULL
);
CREATE TABLE sync_triggers (
  user_id TEXT NOT NULL PRIMARY KEY,
  audit TEXT NOT NULL,
  summarize TEXT NOT NULL
);
CREATE TABLE sync_gitlab_settings (
  user_id TEXT NOT NULL PRIMARY KEY,
  instance_url TEXT NOT NULL,
  sealed_token TEXT NOT NULL,
  webhook_secret_hash TEXT NOT NULL,  -- keyed; finds the user that a webhook is for
  updated_at BIGINT NOT NULL
);
CREATE INDEX sync_gitlab_by_secret ON sync_gitlab_settings (webhook_secret_hash);

-- Installations of this server's GitHub App. Nobody's until somebody proves by OAuth that the account is theirs.
CREATE TABLE sync_github_installations (
  id BIGINT NOT NULL PRIMARY KEY,
  user_id TEXT,
  account_login TEXT NOT NULL,
  account_type TEXT NOT NULL,
  auto_comment BIGINT NOT NULL CHECK (auto_comment IN (0, 1)),
  include_trust_score BIGINT NOT NULL CHECK (include_trust_score IN (0, 1)),
  include_session_links BIGINT NOT NULL CHECK (include_session_links IN (0, 1)),
  suspended BIGINT NOT NULL CHECK (suspended IN (0, 1)),
  claimed_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX sync_github_by_user ON sync_github_installations (user_id, claimed_at, id);
CREATE TABLE sync_github_states (
  state_hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  browser_hash TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sync_github_states_expiry ON sync_github_states (expires_at);
CREATE INDEX sync_github_states_by_user ON sync_github_states (user_id);

-- Deliveries that were taken, by the hash of their body: a second one of the same bytes does nothing.
CREATE TABLE sync_webhook_deliveries (
  body_hash TEXT NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL
);
CREATE INDEX sync_webhook_deliveries_age ON sync_webhook_deliveries (received_at);

-- Comments on pull and merge requests: one for each user and request, written by a job.
CREATE TABLE sync_review_comments (
  host TEXT NOT NULL,        -- github, gitlab
  user_id TEXT NOT NULL,     -- whose sessions it names
  repository TEXT NOT NULL,  -- owner/name, on GitLab the number of the project
  number BIGINT NOT NULL,    -- of the request
  installation_id BIGINT NOT NULL,
  source_remote TEXT NOT NULL,
  branch TEXT NOT NULL,
  state TEXT NOT NULL,       -- pending, posted, failed
  attempts BIGINT NOT NULL,
  next_try_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (host, user_id, repository, number)
);
CREATE INDEX sync_review_comments_due ON sync_review_comments (state, next_try_at);
CREATE INDEX sync_review_comments_by_user ON sync_review_comments (user_id);
CREATE INDEX sync_captured_branch ON sync_captured_sessions (user_id, git_remote, git_branch, updated_at, id);

-- Audits: reports of a judging model. The newest of a session is its latest report.
CREATE TABLE sync_audit_reports (
  id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  judge_model TEXT NOT NULL,
  judge_provider TEXT NOT NULL,
  judge_base_url TEXT,
  trust_score BIGINT NOT NULL,  -- thousandths
  total_claims BIGINT NOT NULL,
  verified BIGINT NOT NULL,
  unverified BIGINT NOT NULL,
  hallucinations BIGINT NOT NULL,
  critical BIGINT NOT NULL,
  high BIGINT NOT NULL,
  low BIGINT NOT NULL,
  findings TEXT NOT NULL,  -- JSON list
  warnings TEXT NOT NULL,  -- JSON list of texts
  execution_time_ms BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX sync_audit_reports_of_session ON sync_audit_reports (session_id, created_at, id);
CREATE INDEX sync_audit_reports_of_user ON sync_audit_reports (user_id);
-- Audits of long sessions, which a job makes. The row goes when the audit ends.
CREATE TABLE sync_audit_runs (
  session_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  base_url TEXT,
  sealed_key TEXT,  -- until the run ends
  lease_until BIGINT NOT NULL,  -- a worker is at it until then
  attempts BIGINT NOT NULL,
  requested_at BIGINT NOT NULL
);
CREATE INDEX sync_audit_runs_due ON sync_audit_runs (lease_until);
CREATE INDEX sync_audit_runs_of_user ON sync_audit_runs (user_id);
