-- The job reads the few uploads that it ends or empties, not all that ended in the last days. has_parts: 1 when the upload has rows in
-- sync_upload_parts.
ALTER TABLE sync_uploads ADD COLUMN has_parts BIGINT NOT NULL DEFAULT 0;
UPDATE sync_uploads SET has_parts = 1 WHERE EXISTS (SELECT 1 FROM sync_upload_parts WHERE upload_id = sync_uploads.id);

CREATE INDEX sync_uploads_open ON sync_uploads (expires_at) WHERE status IN ('pending', 'completing');
CREATE INDEX sync_uploads_with_parts ON sync_uploads (status) WHERE has_parts = 1;
