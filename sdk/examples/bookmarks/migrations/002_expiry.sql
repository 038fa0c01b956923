ALTER TABLE bookmarks_bookmarks ADD COLUMN expires_at BIGINT;
CREATE INDEX bookmarks_by_expiry ON bookmarks_bookmarks (expires_at);
