-- Each time that the context document, or a page, was made of entries: what it said before and after.
-- mortise:sqlite
CREATE TABLE projects_compilations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  entries_compiled BIGINT NOT NULL,
  compiled_at BIGINT NOT NULL,
  context_words_before BIGINT NOT NULL,
  context_words_after BIGINT NOT NULL,
  trigger_kind TEXT NOT NULL CHECK (trigger_kind IN ('manual', 'scheduled')),
  page_slug TEXT,  -- the page that was made anew; NULL: the project's context document
  manifest TEXT NOT NULL,  -- JSON: the slug of each section, and the numbers of its entries
  context_before TEXT,
  context_after TEXT
);
-- mortise:postgresql
CREATE TABLE projects_compilations (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  entries_compiled BIGINT NOT NULL,
  compiled_at BIGINT NOT NULL,
  context_words_before BIGINT NOT NULL,
  context_words_after BIGINT NOT NULL,
  trigger_kind TEXT NOT NULL CHECK (trigger_kind IN ('manual', 'scheduled')),
  page_slug TEXT,  -- the page that was made anew; NULL: the project's context document
  manifest TEXT NOT NULL,  -- JSON: the slug of each section, and the numbers of its entries
  context_before TEXT,
  context_after TEXT
);
-- mortise:all
CREATE INDEX projects_compilations_by_project ON projects_compilations (project_id, id) WHERE page_slug IS NULL;
CREATE INDEX projects_compilations_by_page ON projects_compilations (project_id, page_slug, id) WHERE page_slug IS NOT NULL;

-- Which section of the document holds an entry, and which compilation wrote it there last.
CREATE TABLE projects_section_entries (
  entry_id BIGINT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  section TEXT NOT NULL,
  compilation_id BIGINT NOT NULL
);
CREATE INDEX projects_section_entries_by_section ON projects_section_entries (project_id, section, entry_id);
