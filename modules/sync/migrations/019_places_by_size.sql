-- The places of a user with the most sessions, in order.
CREATE INDEX sync_captured_places_by_size ON sync_captured_places (user_id, sessions DESC, project_id, git_remote);
