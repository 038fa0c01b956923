-- What a project knows: entries that people and agents add. Times are UTC microseconds.
-- mortise:sqlite
CREATE TABLE projects_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  entry_type TEXT NOT NULL CHECK (entry_type IN ('decision', 'pattern', 'discovery', 'convention', 'bug', 'dependency')),
  confidence DOUBLE PRECISION NOT NULL,
  persona_name TEXT,
  author_class TEXT NOT NULL CHECK (author_class IN ('human', 'agent')),
  created_at BIGINT NOT NULL,
  compiled_at BIGINT,
  dismissed BIGINT NOT NULL CHECK (dismissed IN (0, 1)),
  claim_class TEXT NOT NULL CHECK (claim_class IN ('evidence', 'claim', 'note')),
  entity_ref TEXT,
  entity_type TEXT,
  freshness_class TEXT NOT NULL CHECK (freshness_class IN ('current', 'aging', 'stale', 'superseded')),
  superseded_by BIGINT,
  supersession_reason TEXT,
  promoted_at BIGINT,
  promoted_by TEXT,
  retrieved_count BIGINT NOT NULL,
  used_in_answer_count BIGINT NOT NULL,
  compiled_count BIGINT NOT NULL,
  last_relevant_at BIGINT,
  dismissed_at BIGINT,
  dismissed_by TEXT,
  dismissed_reason TEXT,
  by_reader BIGINT NOT NULL CHECK (by_reader IN (0, 1)),  -- its author could read the project, and not change it
  service_key_name TEXT,
  content_length BIGINT NOT NULL,  -- in characters
  source_context TEXT,
  content TEXT NOT NULL  -- last: what needs no text does not read it
);
-- mortise:postgresql
CREATE TABLE projects_entries (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  entry_type TEXT NOT NULL CHECK (entry_type IN ('decision', 'pattern', 'discovery', 'convention', 'bug', 'dependency')),
  confidence DOUBLE PRECISION NOT NULL,
  persona_name TEXT,
  author_class TEXT NOT NULL CHECK (author_class IN ('human', 'agent')),
  created_at BIGINT NOT NULL,
  compiled_at BIGINT,
  dismissed BIGINT NOT NULL CHECK (dismissed IN (0, 1)),
  claim_class TEXT NOT NULL CHECK (claim_class IN ('evidence', 'claim', 'note')),
  entity_ref TEXT,
  entity_type TEXT,
  freshness_class TEXT NOT NULL CHECK (freshness_class IN ('current', 'aging', 'stale', 'superseded')),
  superseded_by BIGINT,
  supersession_reason TEXT,
  promoted_at BIGINT,
  promoted_by TEXT,
  retrieved_count BIGINT NOT NULL,
  used_in_answer_count BIGINT NOT NULL,
  compiled_count BIGINT NOT NULL,
  last_relevant_at BIGINT,
  dismissed_at BIGINT,
  dismissed_by TEXT,
  dismissed_reason TEXT,
  by_reader BIGINT NOT NULL CHECK (by_reader IN (0, 1)),  -- its author could read the project, and not change it
  service_key_name TEXT,
  content_length BIGINT NOT NULL,  -- in characters
  source_context TEXT,
  content TEXT NOT NULL  -- last: what needs no text does not read it
);
-- mortise:all
-- The list, newest first, whole and by each filter. A list with several filters walks along one of them.
CREATE INDEX projects_entries_by_project ON projects_entries (project_id, id);
CREATE INDEX projects_entries_by_type ON projects_entries (project_id, entry_type, id);
CREATE INDEX projects_entries_by_class ON projects_entries (project_id, claim_class, id);
CREATE INDEX projects_entries_by_freshness ON projects_entries (project_id, freshness_class, id);
CREATE INDEX projects_entries_by_dismissed ON projects_entries (project_id, dismissed, id);
CREATE INDEX projects_entries_by_session ON projects_entries (project_id, session_id, id);
CREATE INDEX projects_entries_by_author ON projects_entries (project_id, author_class, id);
CREATE INDEX projects_entries_by_persona ON projects_entries (project_id, persona_name, id) WHERE persona_name IS NOT NULL;
CREATE INDEX projects_entries_pending ON projects_entries (project_id, id) WHERE compiled_at IS NULL AND dismissed = 0;
CREATE INDEX projects_entries_compiled ON projects_entries (project_id, id) WHERE compiled_at IS NOT NULL;
-- Its other orders.
CREATE INDEX projects_entries_by_relevance ON projects_entries (project_id, COALESCE(last_relevant_at, -1), id);
CREATE INDEX projects_entries_by_confidence ON projects_entries (project_id, confidence, id);
-- What replaces what.
CREATE INDEX projects_entries_by_entity ON projects_entries (project_id, entity_ref, id) WHERE entity_ref IS NOT NULL;
-- How many claims a session made.
CREATE INDEX projects_entries_claims_of_session ON projects_entries (project_id, session_id) WHERE claim_class = 'claim';
-- How many a user added lately.
CREATE INDEX projects_entries_by_user ON projects_entries (project_id, user_id, created_at);

-- One row for each project that knows something. Whoever adds to it or compiles it changes the row first, so that they
-- follow each other, on PostgreSQL too.
CREATE TABLE projects_knowledge (
  project_id TEXT NOT NULL PRIMARY KEY,
  turns BIGINT NOT NULL,
  entries BIGINT NOT NULL,  -- how many there are
  decayed_at BIGINT,        -- confidence of what nobody used for long was lowered
  compile_wanted_at BIGINT  -- as many claims wait as the project's settings name
);
CREATE INDEX projects_knowledge_wanted ON projects_knowledge (compile_wanted_at) WHERE compile_wanted_at IS NOT NULL;
