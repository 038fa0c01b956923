#include "core/identity/kernel_migrations.hpp"

#include <string>

#include "core/services/audit/audit.hpp"
#include "core/services/jobs/job_store.hpp"
#include "core/services/mail/mail_queue.hpp"

namespace mortise::identity {
namespace {

// mortise_locks: a transaction that first updates a row of it makes "read, then write" safe where no constraint can
// (names compared without case, one first administrator), on every database.
constexpr const char* kIdentity = R"(CREATE TABLE mortise_users (
  id TEXT NOT NULL PRIMARY KEY,
  username TEXT UNIQUE,
  username_folded TEXT,
  email TEXT UNIQUE,
  nickname TEXT NOT NULL DEFAULT '',
  avatar TEXT NOT NULL DEFAULT '',
  bio TEXT,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  password_hash TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  email_confirmed_at BIGINT NOT NULL DEFAULT 0,
  token_generation BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mortise_users_folded ON mortise_users (username_folded);
CREATE INDEX mortise_users_created ON mortise_users (created_at);
CREATE INDEX mortise_users_role ON mortise_users (role);

CREATE TABLE mortise_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  rotated_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mortise_sessions_user ON mortise_sessions (user_id);
CREATE INDEX mortise_sessions_expiry ON mortise_sessions (expires_at);

CREATE TABLE mortise_setup (
  token_hash TEXT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE mortise_locks (
  name TEXT NOT NULL PRIMARY KEY,
  taken BIGINT NOT NULL
);
INSERT INTO mortise_locks (name, taken) VALUES ('users', 0);
)";

// API keys: hash only. Cookie sessions: user_id '' is anonymous.
constexpr const char* kPrincipals = R"(CREATE TABLE mortise_api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  key_hash TEXT NOT NULL UNIQUE,
  key_prefix TEXT NOT NULL,
  scopes TEXT NOT NULL,
  org_id TEXT NOT NULL DEFAULT '',
  project_ids TEXT NOT NULL DEFAULT '[]',
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL DEFAULT '',
  expires_at BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT NOT NULL DEFAULT 0,
  revoke_reason TEXT NOT NULL DEFAULT '',
  is_active BIGINT NOT NULL DEFAULT 1,
  last_used_at BIGINT NOT NULL DEFAULT 0,
  last_used_ip TEXT NOT NULL DEFAULT ''
);
CREATE INDEX mortise_api_keys_user ON mortise_api_keys (user_id);
CREATE INDEX mortise_api_keys_org ON mortise_api_keys (org_id);

CREATE TABLE mortise_cookie_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL DEFAULT '',
  csrf_secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mortise_cookie_sessions_user ON mortise_cookie_sessions (user_id);
CREATE INDEX mortise_cookie_sessions_expiry ON mortise_cookie_sessions (expires_at);
)";

// A row of mortise_locks counts the numbers, so that the number of a removed account never comes back. tier '' is
// identity.default_tier. A user is in at most one organisation.
constexpr const char* kOrganisations = R"(ALTER TABLE mortise_users ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mortise_users ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE mortise_users ADD COLUMN last_login_at BIGINT NOT NULL DEFAULT 0;
UPDATE mortise_users SET number = ranked.position
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS position FROM mortise_users) AS ranked
  WHERE ranked.id = mortise_users.id;
CREATE UNIQUE INDEX mortise_users_number ON mortise_users (number);
INSERT INTO mortise_locks (name, taken) SELECT 'user_number', coalesce(max(number), 0) FROM mortise_users;

CREATE TABLE mortise_orgs (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  tier TEXT NOT NULL,
  seats_limit BIGINT NOT NULL,
  storage_limit BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX mortise_orgs_created ON mortise_orgs (created_at);

CREATE TABLE mortise_org_members (
  user_id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  role TEXT NOT NULL,
  joined_at BIGINT NOT NULL
);
CREATE INDEX mortise_org_members_org ON mortise_org_members (org_id, joined_at);
)";

// The indexes give each list in its order. mortise_counts has how many users and organisations there are, the totals of
// their lists; other totals are counted. Triggers maintain it, so that it holds for every writer, a server of 1.0 in the
// same cluster too. On PostgreSQL who adds or removes a row waits for every transaction that did so before. That ends in
// no deadlock, because all of them take the row 'users' of mortise_locks before.
constexpr const char* kLists = R"(DROP INDEX mortise_users_created;
CREATE INDEX mortise_users_created ON mortise_users (created_at, id);
DROP INDEX mortise_orgs_created;
CREATE INDEX mortise_orgs_created ON mortise_orgs (created_at, id);
DROP INDEX mortise_org_members_org;
CREATE INDEX mortise_org_members_org ON mortise_org_members (org_id, joined_at, user_id);
DROP INDEX mortise_api_keys_user;
CREATE INDEX mortise_api_keys_user ON mortise_api_keys (user_id, created_at, id);
DROP INDEX mortise_api_keys_org;
CREATE INDEX mortise_api_keys_org ON mortise_api_keys (org_id, created_at, id);

CREATE TABLE mortise_counts (
  name TEXT NOT NULL PRIMARY KEY,
  total BIGINT NOT NULL
);
-- mortise:sqlite
CREATE TRIGGER mortise_users_added AFTER INSERT ON mortise_users BEGIN
  UPDATE mortise_counts SET total = total + 1 WHERE name = 'users';
END;
CREATE TRIGGER mortise_users_removed AFTER DELETE ON mortise_users BEGIN
  UPDATE mortise_counts SET total = total - 1 WHERE name = 'users';
END;
CREATE TRIGGER mortise_orgs_added AFTER INSERT ON mortise_orgs BEGIN
  UPDATE mortise_counts SET total = total + 1 WHERE name = 'orgs';
END;
CREATE TRIGGER mortise_orgs_removed AFTER DELETE ON mortise_orgs BEGIN
  UPDATE mortise_counts SET total = total - 1 WHERE name = 'orgs';
END;
-- mortise:postgresql
CREATE FUNCTION mortise_count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE mortise_counts SET total = total + (SELECT count(*) FROM changed) WHERE name = TG_ARGV[0];
  ELSE
    UPDATE mortise_counts SET total = total - (SELECT count(*) FROM changed) WHERE name = TG_ARGV[0];
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER mortise_users_added AFTER INSERT ON mortise_users REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mortise_count_rows('users');
CREATE TRIGGER mortise_users_removed AFTER DELETE ON mortise_users REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mortise_count_rows('users');
CREATE TRIGGER mortise_orgs_added AFTER INSERT ON mortise_orgs REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mortise_count_rows('orgs');
CREATE TRIGGER mortise_orgs_removed AFTER DELETE ON mortise_orgs REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mortise_count_rows('orgs');
-- mortise:all
INSERT INTO mortise_counts (name, total) SELECT 'users', count(*) FROM mortise_users;
INSERT INTO mortise_counts (name, total) SELECT 'orgs', count(*) FROM mortise_orgs;
)";

// minted_with: the key that the request for this one came with; '' for others, and for those of before.
constexpr const char* kMintedKeys = R"(ALTER TABLE mortise_api_keys ADD COLUMN minted_with TEXT NOT NULL DEFAULT '';
CREATE INDEX mortise_api_keys_minted ON mortise_api_keys (minted_with) WHERE minted_with <> '';
)";
// The CSRF token that a browser signed in with: the only one of before that stays valid.
constexpr const char* kLoginTokens =
    "ALTER TABLE mortise_cookie_sessions ADD COLUMN login_token TEXT NOT NULL DEFAULT '';\n";

// Whoever is in no organisation any more is in none of its teams: both go in one transaction.
constexpr const char* kTeams = R"(CREATE TABLE mortise_teams (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (org_id, slug)
);
CREATE INDEX mortise_teams_org ON mortise_teams (org_id, created_at, id);

CREATE TABLE mortise_team_members (
  team_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (team_id, user_id)
);
CREATE INDEX mortise_team_members_added ON mortise_team_members (team_id, added_at, user_id);
CREATE INDEX mortise_team_members_user ON mortise_team_members (user_id, team_id);
)";

// What each module that reads it has acknowledged stands in mortise_removed_user_readers.
constexpr const char* kRemovedUsers = R"(CREATE TABLE mortise_removed_users (
  number BIGINT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  removed_at BIGINT NOT NULL
);
CREATE INDEX mortise_removed_users_removed ON mortise_removed_users (removed_at);
CREATE TABLE mortise_removed_user_readers (
  module TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL
);
INSERT INTO mortise_locks (name, taken) VALUES ('removed_user', 0);
)";

std::string listsMigration() {
  return kLists + services::auditListsMigrationSql() + std::string(services::JobStore::listsMigrationSql());
}

}  // namespace

std::vector<db::Migration> kernelMigrations() {
  return {{1, "001_identity.sql", kIdentity},
          {2, "002_audit.sql", std::string(services::auditMigrationSql())},
          {3, "003_principals.sql", kPrincipals},
          {4, "004_organisations.sql", kOrganisations},
          {5, "005_jobs.sql", std::string(services::JobStore::migrationSql())},
          {6, "006_job_reports.sql", std::string(services::JobStore::reportsMigrationSql())},
          {7, "007_lists.sql", listsMigration()},
          {8, "008_minted_keys.sql", kMintedKeys},
          {9, "009_login_tokens.sql", kLoginTokens},
          {10, "010_mails.sql", std::string(services::mail::MailQueue::migrationSql())},
          {11, "011_teams.sql", kTeams},
          {12, "012_removed_users.sql", kRemovedUsers}};
}

}  // namespace mortise::identity
