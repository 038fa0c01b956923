-- Only sessions in the trash have a time at which they go. The condition no longer names is_deleted, which other indexes begin with: SQLite took
-- one of these, and sorted the whole trash.
DROP INDEX sync_captured_purge;
CREATE INDEX sync_captured_purge ON sync_captured_sessions (purge_after, id) WHERE purge_after IS NOT NULL;
