-- Projects whose documents are compiled on a schedule, by when that happened last; one that never was waits from its last
-- change on.
CREATE INDEX projects_projects_scheduled ON projects_projects (compile_schedule, COALESCE(last_scheduled_compile_at, updated_at), id)
  WHERE compile_schedule <> 'off' AND merged_into IS NULL;
