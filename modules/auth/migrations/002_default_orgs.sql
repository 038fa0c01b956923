-- The organisation that a user's clients take for new projects. Without a row: none chosen.
CREATE TABLE auth_default_orgs (
  user_id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL
);
