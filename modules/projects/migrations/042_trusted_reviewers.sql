-- Whose review of a ticket counts: an account, or a service key, that writes as a certain persona. Times are UTC
-- microseconds.
CREATE TABLE projects_trusted_reviewers (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT,
  project_id TEXT,  -- NULL: of every project of the organisation
  user_id TEXT,
  service_key_id TEXT,
  reviewer_persona TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  created_by_user_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT,
  revoke_reason TEXT,
  CHECK (org_id IS NOT NULL OR project_id IS NOT NULL),
  CHECK (user_id IS NOT NULL OR service_key_id IS NOT NULL)
);
CREATE INDEX projects_trusted_reviewers_of_org ON projects_trusted_reviewers (org_id, created_at, id);
CREATE INDEX projects_trusted_reviewers_of_project ON projects_trusted_reviewers (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX projects_trusted_reviewers_by_user ON projects_trusted_reviewers (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX projects_trusted_reviewers_by_key ON projects_trusted_reviewers (service_key_id) WHERE service_key_id IS NOT NULL;
