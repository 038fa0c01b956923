-- Groups of an organisation's projects, and who is in them. Times are UTC microseconds.
CREATE TABLE projects_groups (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  compile_enabled BIGINT NOT NULL CHECK (compile_enabled IN (0, 1)),
  context_compiled_at BIGINT,
  member_count BIGINT NOT NULL,   -- changes with the rows that it counts
  project_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, slug)
);

CREATE TABLE projects_group_members (
  group_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('reader', 'editor', 'admin')),
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX projects_group_members_by_user ON projects_group_members (user_id, group_id);

CREATE TABLE projects_group_projects (
  group_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (group_id, project_id)
);
CREATE INDEX projects_group_projects_by_project ON projects_group_projects (project_id, group_id);
