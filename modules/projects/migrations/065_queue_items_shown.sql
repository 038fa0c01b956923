-- Up to which comment the open directive of an item shows them: what comes later is for the next one.
ALTER TABLE projects_work_queue_items ADD COLUMN shown_at BIGINT;
