-- Projects, by the repositories that people work in. Times are UTC microseconds, JSON stands as text.
CREATE TABLE projects_projects (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  git_remote TEXT NOT NULL,  -- normalised; of the primary repository
  context_document TEXT NOT NULL DEFAULT '',
  document_revision BIGINT NOT NULL DEFAULT 0,  -- changes with each write of it
  owner_id TEXT NOT NULL,
  org_id TEXT,
  auto_narrative BIGINT NOT NULL CHECK (auto_narrative IN (0, 1)),
  kb_retention_days BIGINT NOT NULL,
  kb_max_context_words BIGINT NOT NULL,
  kb_section_page_limit BIGINT NOT NULL,
  compile_schedule TEXT NOT NULL CHECK (compile_schedule IN ('off', 'nightly', 'weekly')),
  compile_after_claims BIGINT,
  last_scheduled_compile_at BIGINT,
  merged_into TEXT,  -- it went into that project; nothing else of it is left
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- Lists show no merged ones.
CREATE INDEX projects_projects_by_owner ON projects_projects (owner_id, updated_at, id) WHERE merged_into IS NULL;
CREATE INDEX projects_projects_by_org ON projects_projects (org_id, updated_at, id) WHERE merged_into IS NULL;
CREATE INDEX projects_projects_owned ON projects_projects (owner_id, org_id, id) WHERE merged_into IS NULL;
CREATE INDEX projects_projects_merged ON projects_projects (merged_into) WHERE merged_into IS NOT NULL;

-- A repository belongs to one project.
CREATE TABLE projects_repos (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  git_remote TEXT NOT NULL UNIQUE,  -- normalised
  provider TEXT,
  provider_repo_id TEXT,
  is_primary BIGINT NOT NULL CHECK (is_primary IN (0, 1)),
  verified BIGINT NOT NULL CHECK (verified IN (0, 1)),
  verification_method TEXT,
  added_by TEXT,
  created_at BIGINT
);
CREATE INDEX projects_repos_by_project ON projects_repos (project_id, is_primary, id);
CREATE INDEX projects_repos_by_age ON projects_repos (project_id, created_at, id);
CREATE UNIQUE INDEX projects_repos_one_primary ON projects_repos (project_id) WHERE is_primary = 1;
