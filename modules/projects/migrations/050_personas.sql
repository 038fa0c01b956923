-- Personas: of a project, or of an organisation for all of its projects. Names are compared without case.
CREATE TABLE projects_personas (
  id TEXT NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('project', 'org')),
  project_id TEXT,
  org_id TEXT,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,  -- the name in lower case
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  specializations TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  version BIGINT NOT NULL,
  represented_user_id TEXT,  -- a member of the organisation that it stands for
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((scope = 'project' AND project_id IS NOT NULL AND org_id IS NULL) OR
         (scope = 'org' AND org_id IS NOT NULL AND project_id IS NULL))
);
CREATE UNIQUE INDEX projects_personas_of_project ON projects_personas (project_id, name_key) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX projects_personas_of_org ON projects_personas (org_id, name_key) WHERE org_id IS NOT NULL;
CREATE INDEX projects_personas_by_represented ON projects_personas (represented_user_id) WHERE represented_user_id IS NOT NULL;
