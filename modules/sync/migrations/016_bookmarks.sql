-- Folders of captured sessions that a user wants to find again. Times are UTC microseconds.
CREATE TABLE sync_bookmark_folders (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  color TEXT,
  bookmark_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX sync_bookmark_folders_list ON sync_bookmark_folders (user_id, created_at, id);

CREATE TABLE sync_bookmarks (
  id TEXT NOT NULL PRIMARY KEY,
  folder_id TEXT NOT NULL REFERENCES sync_bookmark_folders (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (folder_id, session_id)
);
CREATE INDEX sync_bookmarks_list ON sync_bookmarks (folder_id, created_at, id);
CREATE INDEX sync_bookmarks_of_session ON sync_bookmarks (session_id, id);
