-- Runs of agents, and what people and agents say about them.
CREATE TABLE projects_runs (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  persona_name TEXT NOT NULL,
  persona_key TEXT NOT NULL,  -- the name in lower case
  tool TEXT NOT NULL,
  trigger_source TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'passed', 'failed', 'errored', 'cancelled')),
  ticket_id TEXT,
  trigger_ref TEXT,
  ci_provider TEXT,
  ci_run_url TEXT,
  result_summary TEXT,
  severity TEXT,
  findings_count BIGINT NOT NULL,
  findings TEXT NOT NULL,  -- a JSON list of objects
  fail_on TEXT,
  policy_result TEXT,
  exit_code BIGINT,
  session_id TEXT,
  triggered_by_user_id TEXT,
  triggered_by_persona TEXT,
  actor_type TEXT,
  service_key_id TEXT,
  service_key_name TEXT,
  replayed_from TEXT,
  prompt TEXT,
  context_refs TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  completed_at BIGINT
);
-- One for each way to ask for the list, in its order. Where three of its filters meet, two of them decide.
CREATE INDEX projects_runs_by_project ON projects_runs (project_id, created_at, id);
CREATE INDEX projects_runs_by_persona ON projects_runs (project_id, persona_key, created_at, id);
CREATE INDEX projects_runs_by_status ON projects_runs (project_id, status, created_at, id);
CREATE INDEX projects_runs_by_source ON projects_runs (project_id, trigger_source, created_at, id);
CREATE INDEX projects_runs_by_ticket ON projects_runs (project_id, ticket_id, created_at, id);
CREATE INDEX projects_runs_by_persona_status ON projects_runs (project_id, persona_key, status, created_at, id);
CREATE INDEX projects_runs_by_persona_source ON projects_runs (project_id, persona_key, trigger_source, created_at, id);
CREATE INDEX projects_runs_by_status_source ON projects_runs (project_id, status, trigger_source, created_at, id);

CREATE TABLE projects_feedback (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  feedback_type TEXT NOT NULL,
  verdict TEXT NOT NULL,
  label TEXT,
  final_owner TEXT,
  notes TEXT,
  agent_run_id TEXT,
  ticket_id TEXT,
  comment_id TEXT,
  persona_key TEXT,  -- of the run, else whom the ticket was assigned to, in lower case
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  actor_type TEXT NOT NULL,
  service_key_id TEXT,
  service_key_name TEXT,
  created_at BIGINT NOT NULL
);
-- One for each way to ask for the list, in its order.
CREATE INDEX projects_feedback_by_project ON projects_feedback (project_id, created_at, id);
CREATE INDEX projects_feedback_by_run ON projects_feedback (project_id, agent_run_id, created_at, id);
CREATE INDEX projects_feedback_by_ticket ON projects_feedback (project_id, ticket_id, created_at, id);
CREATE INDEX projects_feedback_by_type ON projects_feedback (project_id, feedback_type, created_at, id);
CREATE INDEX projects_feedback_by_verdict ON projects_feedback (project_id, verdict, created_at, id);
CREATE INDEX projects_feedback_by_label ON projects_feedback (project_id, label, created_at, id);
CREATE INDEX projects_feedback_by_persona ON projects_feedback (project_id, persona_key, created_at, id);

-- How much there is of each kind, by day and (day -1) of all days: what the summary reads. No label is an empty one, no
-- persona as well.
CREATE TABLE projects_feedback_counts (
  project_id TEXT NOT NULL,
  persona_key TEXT NOT NULL,
  day BIGINT NOT NULL,  -- since the epoch, in UTC
  feedback_type TEXT NOT NULL,
  verdict TEXT NOT NULL,
  label TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (project_id, persona_key, day, feedback_type, verdict, label)
);
CREATE INDEX projects_feedback_counts_by_day ON projects_feedback_counts (project_id, day);
