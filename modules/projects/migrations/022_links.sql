-- How entries and pages of a project refer to each other. An entry is named by its number, a page by its id.
-- mortise:sqlite
CREATE TABLE projects_links (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  source_type TEXT NOT NULL CHECK (source_type IN ('entry', 'page')),
  source_id TEXT NOT NULL,
  target_type TEXT NOT NULL CHECK (target_type IN ('entry', 'page')),
  target_id TEXT NOT NULL,
  link_type TEXT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (project_id, source_type, source_id, target_type, target_id)
);
-- mortise:postgresql
CREATE TABLE projects_links (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id TEXT NOT NULL,
  source_type TEXT NOT NULL CHECK (source_type IN ('entry', 'page')),
  source_id TEXT NOT NULL,
  target_type TEXT NOT NULL CHECK (target_type IN ('entry', 'page')),
  target_id TEXT NOT NULL,
  link_type TEXT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (project_id, source_type, source_id, target_type, target_id)
);
-- mortise:all
CREATE INDEX projects_links_by_target ON projects_links (project_id, target_type, target_id, id);
