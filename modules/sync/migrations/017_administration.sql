-- Lists of everybody's sessions, for administrators: one index for each set of filters, in its order.
CREATE INDEX sync_captured_newest ON sync_captured_sessions (is_deleted, created_at, id);
CREATE INDEX sync_captured_newest_tool ON sync_captured_sessions (is_deleted, tool_family, created_at, id);
CREATE INDEX sync_captured_newest_both ON sync_captured_sessions (user_id, is_deleted, tool_family, created_at, id);
-- The sums of all users, read from the index alone.
CREATE INDEX sync_captured_sums ON sync_captured_counts (tag, tool_family, is_deleted, sessions, bytes);
