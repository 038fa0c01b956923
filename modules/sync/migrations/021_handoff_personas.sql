-- Handoffs that need a persona are found by its name as the project writes it, whatever the sender wrote.
DROP INDEX sync_handoffs_persona;
CREATE INDEX sync_handoffs_persona ON sync_handoffs (source_project_id, snapshot_persona_name, expires_at) WHERE status = 'pending';
