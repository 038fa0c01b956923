-- Contents are kept once, however many files hold them. Times are UTC microseconds.
CREATE TABLE files_blobs (
  blob_key TEXT NOT NULL PRIMARY KEY,
  holders BIGINT NOT NULL CHECK (holders >= 0),
  changed_at BIGINT NOT NULL
);

CREATE TABLE files_files (
  id TEXT NOT NULL PRIMARY KEY,
  -- NULL: nobody's, for administrators only.
  owner_id TEXT,
  filename TEXT NOT NULL,
  extension TEXT NOT NULL,
  object_key TEXT NOT NULL UNIQUE,
  -- Where another module put a copy; NULL: the file's own address.
  filepath TEXT,
  -- As the client named it, or empty; and what the content is.
  mime_type TEXT NOT NULL,
  detected_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  blob_key TEXT NOT NULL REFERENCES files_blobs (blob_key),
  created_at BIGINT NOT NULL
);

CREATE INDEX files_files_owner ON files_files (owner_id, id);
CREATE INDEX files_files_blob ON files_files (blob_key);
