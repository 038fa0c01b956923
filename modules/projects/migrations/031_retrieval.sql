-- What agents read of a project while they worked. Times are UTC microseconds, JSON stands as text.
CREATE TABLE projects_retrieval_contexts (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  ticket_id TEXT,
  persona_name TEXT,
  lease_epoch BIGINT,
  created_by TEXT NOT NULL,  -- user
  created_at BIGINT NOT NULL,
  closed_at BIGINT  -- work on its ticket ended
);
CREATE INDEX projects_retrieval_contexts_by_project ON projects_retrieval_contexts (project_id, created_at, id);
CREATE INDEX projects_retrieval_contexts_by_user ON projects_retrieval_contexts (created_by, id);
CREATE INDEX projects_retrieval_contexts_open ON projects_retrieval_contexts (ticket_id, id) WHERE closed_at IS NULL;

-- How many events a context has (events:CONTEXT).
CREATE TABLE projects_retrieval_counts (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

-- mortise:sqlite
CREATE TABLE projects_retrieval_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  context_id TEXT NOT NULL REFERENCES projects_retrieval_contexts (id) ON DELETE CASCADE,
  session_id TEXT,
  tool_name TEXT NOT NULL,
  arguments TEXT NOT NULL,
  returned_refs TEXT NOT NULL,
  source TEXT NOT NULL,
  caller_user_id TEXT,
  created_at BIGINT NOT NULL
);
-- mortise:postgresql
CREATE TABLE projects_retrieval_events (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  context_id TEXT NOT NULL REFERENCES projects_retrieval_contexts (id) ON DELETE CASCADE,
  session_id TEXT,
  tool_name TEXT NOT NULL,
  arguments TEXT NOT NULL,
  returned_refs TEXT NOT NULL,
  source TEXT NOT NULL,
  caller_user_id TEXT,
  created_at BIGINT NOT NULL
);
-- mortise:all
CREATE INDEX projects_retrieval_events_order ON projects_retrieval_events (context_id, id);
