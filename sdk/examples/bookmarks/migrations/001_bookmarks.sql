CREATE TABLE bookmarks_bookmarks (
  id TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  folder TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (owner, url)
);
-- One for each way to ask for the list, in its order.
CREATE INDEX bookmarks_by_owner ON bookmarks_bookmarks (owner, created_at, id);
CREATE INDEX bookmarks_by_folder ON bookmarks_bookmarks (owner, folder, created_at, id);

-- How many bookmarks each owner has.
CREATE TABLE bookmarks_counters (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
