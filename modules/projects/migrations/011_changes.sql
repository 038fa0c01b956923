-- What happened in each project, in order: written with the change itself, and read by those who follow the project.
-- Old rows go. Times are UTC microseconds.
CREATE TABLE projects_changes (
  project_id TEXT NOT NULL,
  number BIGINT NOT NULL,  -- counted in its project, without gaps
  event TEXT NOT NULL,
  reference TEXT NOT NULL,  -- what changed: a ticket's id, a page's slug
  change TEXT NOT NULL,     -- how: created, started
  user_id TEXT NOT NULL,    -- who did it; empty: nobody, a schedule
  at BIGINT NOT NULL,
  PRIMARY KEY (project_id, number)
);
CREATE INDEX projects_changes_by_time ON projects_changes (at);
