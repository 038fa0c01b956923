-- Pages of a project's wiki, written by people or made of knowledge. Times are UTC microseconds.
CREATE TABLE projects_pages (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  link_name TEXT NOT NULL,  -- what [[references]] find it by
  title TEXT NOT NULL,
  page_type TEXT NOT NULL CHECK (page_type IN ('section', 'concept')),
  word_count BIGINT NOT NULL,
  entry_count BIGINT NOT NULL,
  parent_slug TEXT,
  auto_generated BIGINT NOT NULL CHECK (auto_generated IN (0, 1)),
  publish BIGINT NOT NULL CHECK (publish IN (0, 1)),
  edition BIGINT NOT NULL,  -- rises with each change: who changes a page says which one was read
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  content TEXT NOT NULL,  -- last: lists do not read it
  UNIQUE (project_id, slug)
);
CREATE INDEX projects_pages_by_time ON projects_pages (project_id, updated_at, id);
CREATE INDEX projects_pages_by_link_name ON projects_pages (project_id, link_name);
CREATE INDEX projects_pages_generated ON projects_pages (project_id, page_type, slug) WHERE auto_generated = 1;

-- How many pages a project has (pages:PROJECT).
CREATE TABLE projects_page_counts (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

-- What a page said after each write. Stays when the page goes, and goes on when a page of that slug comes again.
-- mortise:sqlite
CREATE TABLE projects_page_revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  revision_number BIGINT NOT NULL,
  revised_at BIGINT NOT NULL,
  title TEXT NOT NULL,
  word_count BIGINT NOT NULL,
  user_id TEXT,
  persona_name TEXT,
  ticket_id TEXT,
  content TEXT NOT NULL,
  UNIQUE (project_id, slug, revision_number)
);
-- mortise:postgresql
CREATE TABLE projects_page_revisions (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  revision_number BIGINT NOT NULL,
  revised_at BIGINT NOT NULL,
  title TEXT NOT NULL,
  word_count BIGINT NOT NULL,
  user_id TEXT,
  persona_name TEXT,
  ticket_id TEXT,
  content TEXT NOT NULL,
  UNIQUE (project_id, slug, revision_number)
);
-- mortise:all

-- What the [[references]] in a page's text name, whether there is such a page or not.
CREATE TABLE projects_page_references (
  page_id TEXT NOT NULL REFERENCES projects_pages (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL,
  link_name TEXT NOT NULL,
  PRIMARY KEY (page_id, link_name)
);
CREATE INDEX projects_page_references_to ON projects_page_references (project_id, link_name, page_id);
