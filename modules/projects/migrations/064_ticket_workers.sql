-- Who started a ticket and who completed it are two: a completion leaves the key of the start as it is.
ALTER TABLE projects_tickets ADD COLUMN resolver_key_id TEXT;  -- the service key that completed it last
UPDATE projects_tickets SET resolver_key_id = worker_key_id WHERE status = 'review';
CREATE INDEX projects_tickets_of_resolver ON projects_tickets (resolver_key_id, project_id, status) WHERE resolver_key_id IS NOT NULL;
