-- Tickets of projects: what people and agents have to do. Times are UTC microseconds, lists stand as JSON.
CREATE TABLE projects_tickets (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('task', 'issue')),
  status TEXT NOT NULL CHECK (status IN ('suggested', 'open', 'in_progress', 'blocked', 'review', 'done', 'cancelled', 'closed')),
  priority TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'critical')),
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  assigned_to TEXT,
  assignee_key TEXT,  -- assigned_to in lower case
  source TEXT NOT NULL CHECK (source IN ('human', 'agent')),
  created_by_user_id TEXT NOT NULL,
  created_by_session_id TEXT,
  created_by_persona TEXT,
  lease_epoch BIGINT NOT NULL,
  started_by_user_id TEXT,
  worker_key_id TEXT,  -- the service key that started or completed it last
  context_refs TEXT NOT NULL,
  file_refs TEXT NOT NULL,
  related_sessions TEXT NOT NULL,
  acceptance_criteria TEXT NOT NULL,
  resolver_session_id TEXT,
  resolver_user_id TEXT,
  completion_notes TEXT,
  changed_files TEXT NOT NULL,
  knowledge_entry_ids TEXT NOT NULL,
  depends_on TEXT NOT NULL,  -- in the order in which they were named; projects_ticket_dependencies has them, too
  parent_ticket_id TEXT,
  comment_count BIGINT NOT NULL,
  last_comment_at BIGINT,  -- no two comments of a ticket have the same time, so that a reader misses none
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'service')),
  service_key_id TEXT,
  service_key_name TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  resolved_at BIGINT
);
-- The list, newest first. A set of filters has an index of its own, or is read as a few parts of one of the last two.
CREATE INDEX projects_tickets_newest ON projects_tickets (project_id, created_at, id);
CREATE INDEX projects_tickets_by_kind ON projects_tickets (project_id, kind, created_at, id);
CREATE INDEX projects_tickets_by_status ON projects_tickets (project_id, status, created_at, id);
CREATE INDEX projects_tickets_by_assignee ON projects_tickets (project_id, assignee_key, created_at, id);
CREATE INDEX projects_tickets_by_all ON projects_tickets (project_id, status, priority, kind, created_at, id);
CREATE INDEX projects_tickets_of_assignee ON projects_tickets (project_id, assignee_key, status, priority, kind, created_at, id);
CREATE INDEX projects_tickets_by_parent ON projects_tickets (parent_ticket_id, created_at, id) WHERE parent_ticket_id IS NOT NULL;
CREATE INDEX projects_tickets_of_session ON projects_tickets (created_by_user_id, created_by_session_id)
  WHERE created_by_session_id IS NOT NULL AND source = 'agent';
CREATE INDEX projects_tickets_of_worker ON projects_tickets (worker_key_id, project_id, status) WHERE worker_key_id IS NOT NULL;

CREATE TABLE projects_ticket_dependencies (
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  depends_on_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  PRIMARY KEY (ticket_id, depends_on_id),
  CHECK (ticket_id <> depends_on_id)
);
CREATE INDEX projects_ticket_dependencies_of ON projects_ticket_dependencies (depends_on_id, ticket_id);

CREATE TABLE projects_ticket_comments (
  id TEXT NOT NULL PRIMARY KEY,
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  author_user_id TEXT NOT NULL,
  author_persona TEXT,
  content TEXT NOT NULL,
  session_id TEXT,
  verdict_trusted BIGINT NOT NULL CHECK (verdict_trusted IN (0, 1)),  -- its author was a trusted reviewer then
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'service')),
  service_key_id TEXT,
  service_key_name TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX projects_ticket_comments_order ON projects_ticket_comments (ticket_id, created_at, id);

CREATE TABLE projects_ticket_edits (
  id TEXT NOT NULL PRIMARY KEY,
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  edited_by_user_id TEXT NOT NULL,
  field_name TEXT NOT NULL,
  old_value TEXT NOT NULL,
  new_value TEXT NOT NULL,
  edited_at BIGINT NOT NULL,
  lease_epoch BIGINT  -- that the editor named
);
CREATE INDEX projects_ticket_edits_order ON projects_ticket_edits (ticket_id, edited_at, id);
