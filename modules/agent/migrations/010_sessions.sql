-- A conversation with the agent. `kind`: session, of /api/sessions; thread, of /api/v1/agent-chats.
CREATE TABLE agent_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT,                        -- NULL: its account was deleted
  title TEXT NOT NULL,
  status TEXT NOT NULL,              -- pending, running, waiting, completed
  unread BIGINT NOT NULL,
  latest_message TEXT NOT NULL,
  latest_message_at BIGINT,          -- NULL: none yet
  listed_at BIGINT NOT NULL,         -- what lists go by: latest_message_at, or the greatest number
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,           -- the id of the newest event, <ms>-<seq>: ids only grow
  last_seq BIGINT NOT NULL,
  events BIGINT NOT NULL,            -- how many there are
  bytes BIGINT NOT NULL,             -- that they take
  task_ms BIGINT NOT NULL,           -- the first event of the task that goes on, or was last
  task_seq BIGINT NOT NULL,
  -- Who works on it: the run of a task, and its server. Empty: nobody. The lease is renewed while the server lives.
  run TEXT NOT NULL,
  server TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  -- Where the task is: phase, plan, what waits. JSON.
  progress TEXT NOT NULL
);
-- One for each way to ask for the list, in its order.
CREATE INDEX agent_sessions_by_owner ON agent_sessions (owner, kind, listed_at, created_at, id);
CREATE INDEX agent_sessions_by_use ON agent_sessions (kind, listed_at, created_at, id);
CREATE INDEX agent_sessions_running ON agent_sessions (owner, lease_until) WHERE run <> '';
CREATE INDEX agent_sessions_leases ON agent_sessions (lease_until) WHERE run <> '';
CREATE INDEX agent_sessions_of_server ON agent_sessions (server) WHERE run <> '';
CREATE INDEX agent_sessions_idle ON agent_sessions (kind, used_at);

-- What happened, in the order of its ids. `number` counts from 1 without a gap; `data` is what clients get, a JSON object.
CREATE TABLE agent_events (
  session_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  ms BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- message, title, plan, step, tool, wait, done, error
  data TEXT NOT NULL,
  PRIMARY KEY (session_id, number)
);
CREATE UNIQUE INDEX agent_events_by_id ON agent_events (session_id, ms, seq);

-- Messages of the user that no task has taken yet.
CREATE TABLE agent_inputs (
  session_id TEXT NOT NULL,
  number BIGINT NOT NULL,            -- of its event
  text TEXT NOT NULL,
  attachments TEXT NOT NULL,         -- JSON list of ids of files
  PRIMARY KEY (session_id, number)
);

-- What each model of a session has been told, a row for each message. `agent`: planner, react.
CREATE TABLE agent_memories (
  session_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  number BIGINT NOT NULL,
  message TEXT NOT NULL,             -- JSON object
  PRIMARY KEY (session_id, agent, number)
);

-- Files that a session has, by their path in its box. `made`: 1 when the agent made it, so that it goes with the session.
CREATE TABLE agent_session_files (
  session_id TEXT NOT NULL,
  path TEXT NOT NULL,
  file_id TEXT NOT NULL,
  made BIGINT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (session_id, path)
);
CREATE INDEX agent_session_files_by_time ON agent_session_files (session_id, added_at, path);

-- Which servers have a stream of the session's owner open: its messages are read as they come.
CREATE TABLE agent_attachments (
  session_id TEXT NOT NULL,
  server TEXT NOT NULL,
  attached_until BIGINT NOT NULL,
  PRIMARY KEY (session_id, server)
);
CREATE INDEX agent_attachments_by_end ON agent_attachments (attached_until);

-- Tokens that the tasks of a user took on a day (days since the epoch, UTC).
CREATE TABLE agent_token_days (
  user_id TEXT NOT NULL,
  day BIGINT NOT NULL,
  tokens BIGINT NOT NULL,
  PRIMARY KEY (user_id, day)
);
CREATE INDEX agent_token_days_by_day ON agent_token_days (day);
