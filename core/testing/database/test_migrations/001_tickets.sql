-- For the tests of TestDatabase, entities and lists.
CREATE TABLE desk_tickets (
  id BIGINT NOT NULL PRIMARY KEY,
  project TEXT NOT NULL,
  title TEXT NOT NULL,
  assignee TEXT,
  state TEXT NOT NULL,
  labels TEXT NOT NULL,
  details TEXT,
  comments BIGINT NOT NULL,
  votes BIGINT NOT NULL,
  urgent BIGINT NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  created_at BIGINT NOT NULL,
  closed_at BIGINT,
  secret TEXT NOT NULL
);

CREATE INDEX desk_tickets_created ON desk_tickets (created_at, id);
CREATE INDEX desk_tickets_project_created ON desk_tickets (project, created_at, id);
CREATE INDEX desk_tickets_state_created ON desk_tickets (state, created_at, id);
CREATE INDEX desk_tickets_project_state_created ON desk_tickets (project, state, created_at, id);

-- mortise:sqlite
CREATE TABLE desk_notes (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL);
-- mortise:postgresql
CREATE TABLE desk_notes (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT NOT NULL);
-- mortise:all
CREATE TABLE desk_counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
