-- The language of the last message's request: in it the session's events say why something failed.
ALTER TABLE agent_sessions ADD COLUMN language TEXT NOT NULL DEFAULT 'zh-CN';
