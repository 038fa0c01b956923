-- The number of events stands in the context's own row, which is changed with each event.
ALTER TABLE projects_retrieval_contexts ADD COLUMN event_count BIGINT NOT NULL DEFAULT 0;
UPDATE projects_retrieval_contexts SET event_count = (SELECT value FROM projects_retrieval_counts WHERE name = 'events:' || projects_retrieval_contexts.id)
  WHERE 'events:' || id IN (SELECT name FROM projects_retrieval_counts);
DROP TABLE projects_retrieval_counts;
-- Of a user's contexts in a project the newest are kept.
CREATE INDEX projects_retrieval_contexts_of_user ON projects_retrieval_contexts (project_id, created_by, created_at, id);
