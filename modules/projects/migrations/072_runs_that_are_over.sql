-- Runs that are over, in the order in which they ended: the first make room for new ones.
CREATE INDEX projects_runs_over ON projects_runs (project_id, completed_at, id) WHERE completed_at IS NOT NULL;
