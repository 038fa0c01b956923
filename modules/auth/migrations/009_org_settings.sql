-- helper_retention_days: NULL is the server's default. auto_join_domains: a JSON list of domains. restrict_project_visibility: 0 or 1.
ALTER TABLE auth_org_settings ADD COLUMN helper_retention_days BIGINT;
ALTER TABLE auth_org_settings ADD COLUMN auto_join_domains TEXT NOT NULL DEFAULT '[]';
ALTER TABLE auth_org_settings ADD COLUMN restrict_project_visibility BIGINT NOT NULL DEFAULT 0;
