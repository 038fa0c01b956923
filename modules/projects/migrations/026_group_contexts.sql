-- What the projects of a group know, in one document.
CREATE TABLE projects_group_contexts (
  group_id TEXT NOT NULL PRIMARY KEY REFERENCES projects_groups (id) ON DELETE CASCADE,
  compiled_at BIGINT NOT NULL,
  compiled_by TEXT NOT NULL,
  sources TEXT NOT NULL,  -- JSON: ids of the projects that had something to tell
  document TEXT NOT NULL
);
