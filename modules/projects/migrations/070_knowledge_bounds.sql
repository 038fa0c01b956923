-- Claims that wait for a compilation: counted after each claim that is added, and taken by the compilation.
CREATE INDEX projects_entries_pending_claims ON projects_entries (project_id, id)
  WHERE claim_class = 'claim' AND compiled_at IS NULL AND dismissed = 0 AND freshness_class IN ('current', 'aging') AND superseded_by IS NULL;

-- One that fails lets the others pass, and is dropped after a few tries.
ALTER TABLE projects_back_fills ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;

-- Documents of groups that tell of projects which the groups do not hold any more: of those named as sources not all are
-- the group's.
DELETE FROM projects_group_contexts WHERE (LENGTH(sources) - LENGTH(REPLACE(sources, 'proj_', ''))) / 5 <> (
  SELECT COUNT(*) FROM projects_group_projects p WHERE p.group_id = projects_group_contexts.group_id
  AND REPLACE(projects_group_contexts.sources, '"' || p.project_id || '"', '') <> projects_group_contexts.sources);
UPDATE projects_groups SET context_compiled_at = NULL
  WHERE context_compiled_at IS NOT NULL AND id NOT IN (SELECT group_id FROM projects_group_contexts);
