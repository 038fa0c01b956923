-- What of skills is no file. Times are UTC microseconds.
CREATE TABLE skills_policy (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  mode TEXT NOT NULL CHECK (mode IN ('off', 'enforce_confirmation')),
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE skills_preferences (
  user_id TEXT NOT NULL,
  skill_id TEXT NOT NULL,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, skill_id)
);

CREATE INDEX skills_preferences_skill ON skills_preferences (skill_id);
