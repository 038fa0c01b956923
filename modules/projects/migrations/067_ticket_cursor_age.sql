-- Which of a user's readers moved the longest time ago.
CREATE INDEX projects_ticket_cursors_by_age ON projects_ticket_cursors (user_id, updated_at, reader);
