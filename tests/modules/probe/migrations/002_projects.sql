CREATE TABLE probe_projects (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  remote TEXT NOT NULL
);
