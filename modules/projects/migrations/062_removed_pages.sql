-- Pages that are gone while their revisions stay: those of the ones removed first are forgotten. A time is UTC microseconds.
CREATE TABLE projects_removed_pages (
  project_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  removed_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, slug)
);
CREATE INDEX projects_removed_pages_by_time ON projects_removed_pages (project_id, removed_at, slug);

INSERT INTO projects_removed_pages (project_id, slug, removed_at)
SELECT r.project_id, r.slug, MAX(r.revised_at) FROM projects_page_revisions r
WHERE NOT EXISTS (SELECT 1 FROM projects_pages p WHERE p.project_id = r.project_id AND p.slug = r.slug)
GROUP BY r.project_id, r.slug;
