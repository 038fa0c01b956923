-- The next of a user: users take turns.
DROP INDEX sync_follow_ups_due;
CREATE INDEX sync_follow_ups_due ON sync_follow_ups (state, user_id, due_at);
