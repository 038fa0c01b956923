-- Old changes are dropped in steps, each from the place at which the one before it ended.
CREATE INDEX projects_changes_by_age ON projects_changes (at, project_id, number);
DROP INDEX projects_changes_by_time;
