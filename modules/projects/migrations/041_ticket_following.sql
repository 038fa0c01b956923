-- Who follows which ticket, and what they are told of it. Times are UTC microseconds.
CREATE TABLE projects_ticket_watchers (
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  persona_name TEXT,
  source TEXT NOT NULL CHECK (source IN ('creator', 'assignee', 'explicit')),
  muted BIGINT NOT NULL CHECK (muted IN (0, 1)),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (ticket_id, user_id)
);
CREATE INDEX projects_ticket_watchers_of ON projects_ticket_watchers (user_id, ticket_id);

-- What happens soon after another change of the same ticket, and unread, replaces it under a new number: who reads on
-- from a number misses nothing.
-- mortise:sqlite
CREATE TABLE projects_ticket_notifications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('your_turn', 'review_verdict', 'status', 'assignment', 'dependency_unblocked', 'comment')),
  summary TEXT NOT NULL,
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'service')),
  actor_user_id TEXT,
  service_key_name TEXT,
  event_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  read_at BIGINT
);
-- mortise:postgresql
CREATE TABLE projects_ticket_notifications (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id TEXT NOT NULL,
  ticket_id TEXT NOT NULL REFERENCES projects_tickets (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('your_turn', 'review_verdict', 'status', 'assignment', 'dependency_unblocked', 'comment')),
  summary TEXT NOT NULL,
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'service')),
  actor_user_id TEXT,
  service_key_name TEXT,
  event_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  read_at BIGINT
);
-- mortise:all
CREATE INDEX projects_ticket_notifications_of ON projects_ticket_notifications (user_id, id);
CREATE INDEX projects_ticket_notifications_unread ON projects_ticket_notifications (user_id, id) WHERE read_at IS NULL;
CREATE UNIQUE INDEX projects_ticket_notifications_one ON projects_ticket_notifications (ticket_id, user_id) WHERE read_at IS NULL;
CREATE INDEX projects_ticket_notifications_age ON projects_ticket_notifications (updated_at, id);
CREATE INDEX projects_ticket_notifications_ticket ON projects_ticket_notifications (ticket_id, id);

-- Up to which notification a user, an agent of a user, or a service key has read.
CREATE TABLE projects_ticket_cursors (
  user_id TEXT NOT NULL,
  reader TEXT NOT NULL,  -- a persona; empty: the user; svc: and the id of a service key
  last_seen BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, reader)
);
