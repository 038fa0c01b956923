-- How many bytes the texts of a version have: the versions of one project are bounded by it.
ALTER TABLE projects_rules_versions ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
-- mortise:sqlite
UPDATE projects_rules_versions SET bytes = LENGTH(CAST(static_rules AS BLOB)) + LENGTH(CAST(knowledge_snapshot AS BLOB)) +
  LENGTH(CAST(context_snapshot AS BLOB)) + LENGTH(CAST(compiled_outputs AS BLOB));
-- mortise:postgresql
UPDATE projects_rules_versions SET bytes = OCTET_LENGTH(static_rules) + OCTET_LENGTH(knowledge_snapshot) +
  OCTET_LENGTH(context_snapshot) + OCTET_LENGTH(compiled_outputs);
-- mortise:all
