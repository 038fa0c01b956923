-- Captured sessions that wait to be looked through for what they tell of a project.
CREATE TABLE projects_extractions (
  session_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  etag TEXT NOT NULL,  -- of the archive that was pushed last
  project_id TEXT,     -- that asked for it; NULL: the project that the session belongs to
  due_at BIGINT,       -- NULL: nothing to do
  tries BIGINT NOT NULL
);
CREATE INDEX projects_extractions_due ON projects_extractions (due_at, session_id) WHERE due_at IS NOT NULL;
CREATE INDEX projects_extractions_by_user ON projects_extractions (user_id);

-- Archives that were looked through: each once in a project.
CREATE TABLE projects_extracted (
  project_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  etag TEXT NOT NULL,
  extracted_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, session_id, etag)
);
CREATE INDEX projects_extracted_by_time ON projects_extracted (extracted_at);

-- Projects whose repositories' sessions of one user are to be looked through: it is new, or has a new repository.
CREATE TABLE projects_back_fills (
  project_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, user_id)
);
CREATE INDEX projects_back_fills_by_time ON projects_back_fills (requested_at);
CREATE INDEX projects_back_fills_by_user ON projects_back_fills (user_id);
