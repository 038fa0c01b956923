-- What administrators set for the agent, and what users switched off. Times are UTC microseconds; what a secret may stand in is sealed.

-- The number of the last change of anything below but the preferences; its row is locked by every change.
CREATE TABLE agent_configuration (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  version BIGINT NOT NULL
);
INSERT INTO agent_configuration (id, version) VALUES (1, 0);

CREATE TABLE agent_llm (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  base_url TEXT NOT NULL,
  sealed_key TEXT,
  model_name TEXT NOT NULL,
  temperature DOUBLE PRECISION NOT NULL,
  max_tokens BIGINT NOT NULL,
  context_window BIGINT,
  context_overflow_guard_enabled BIGINT NOT NULL CHECK (context_overflow_guard_enabled IN (0, 1)),
  overflow_retry_cap BIGINT NOT NULL,
  soft_trigger_ratio DOUBLE PRECISION NOT NULL,
  hard_trigger_ratio DOUBLE PRECISION NOT NULL,
  reserved_output_tokens BIGINT NOT NULL,
  reserved_output_tokens_cap_ratio DOUBLE PRECISION NOT NULL,
  token_estimator TEXT NOT NULL,
  token_safety_factor DOUBLE PRECISION NOT NULL,
  unknown_model_context_window BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE agent_limits (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  max_iterations BIGINT NOT NULL,
  max_retries BIGINT NOT NULL,
  max_search_results BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE agent_mcp_servers (
  name TEXT NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL UNIQUE,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  transport TEXT NOT NULL CHECK (transport IN ('stdio', 'sse', 'streamable_http')),
  sealed_entry TEXT NOT NULL,
  version BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE agent_a2a_servers (
  id TEXT NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL UNIQUE,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  sealed_url TEXT NOT NULL,
  version BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE agent_tool_preferences (
  user_id TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('mcp', 'a2a')),
  tool_id TEXT NOT NULL,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, type, tool_id)
);
CREATE INDEX agent_tool_preferences_by_tool ON agent_tool_preferences (type, tool_id);
