-- One row for each blob that was ever named: what names a blob locks its row, and so does what removes it. Times are UTC
-- microseconds.
CREATE TABLE sync_blobs (
  blob_key TEXT NOT NULL PRIMARY KEY,
  changed_at BIGINT NOT NULL
);

-- Archives that arrive in parts. A row that ended stays until the job removes it, so that its answer can be asked again.
CREATE TABLE sync_uploads (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  total_size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  part_size BIGINT NOT NULL,
  part_count BIGINT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'completing', 'completed', 'aborted', 'expired')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  claimed_at BIGINT,  -- by the completion that goes on
  answer_status BIGINT,
  answer TEXT  -- JSON, of the completion
);
CREATE INDEX sync_uploads_pending ON sync_uploads (user_id, status, expires_at);
CREATE INDEX sync_uploads_expiry ON sync_uploads (expires_at);

CREATE TABLE sync_upload_parts (
  upload_id TEXT NOT NULL REFERENCES sync_uploads (id),
  part_number BIGINT NOT NULL,
  blob_key TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (upload_id, part_number)
);
CREATE INDEX sync_upload_parts_blob ON sync_upload_parts (blob_key);
