-- What agents are told in a project, and what came out of it for each tool. Times are UTC microseconds, JSON stands as text.
CREATE TABLE projects_rules (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL UNIQUE,
  version BIGINT NOT NULL,  -- of the newest compiled one; 1 before there is one
  static_rules TEXT NOT NULL,
  include_knowledge BIGINT NOT NULL CHECK (include_knowledge IN (0, 1)),
  knowledge_types TEXT NOT NULL,
  knowledge_max_tokens BIGINT NOT NULL,
  include_context BIGINT NOT NULL CHECK (include_context IN (0, 1)),
  context_sections TEXT NOT NULL,
  context_max_tokens BIGINT NOT NULL,
  tool_overrides TEXT NOT NULL,
  enabled_tools TEXT NOT NULL,
  etag TEXT NOT NULL,  -- another one after each change
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE projects_rules_versions (
  id TEXT NOT NULL PRIMARY KEY,
  rules_id TEXT NOT NULL REFERENCES projects_rules (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  compiled_at BIGINT NOT NULL,
  compiled_by TEXT NOT NULL,  -- user
  content_hash TEXT NOT NULL,
  tools TEXT NOT NULL,
  static_rules TEXT NOT NULL,
  knowledge_snapshot TEXT NOT NULL,
  context_snapshot TEXT NOT NULL,
  compiled_outputs TEXT NOT NULL,  -- last: lists do not read it
  UNIQUE (rules_id, version)
);
