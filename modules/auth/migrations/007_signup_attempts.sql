-- An address may have several sign-ups that wait, each with its own user name, password and code: a code opens the one it was mailed for.
CREATE TABLE auth_signup_attempts (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  username TEXT NOT NULL,
  username_folded TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  redirect_to TEXT NOT NULL,
  -- HMAC-SHA-256 over address and code; empty once the code is dead.
  code_mac TEXT NOT NULL,
  code_expires_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  -- While an account is being made of it: until when nobody else may. 0 = free.
  claimed_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- The network that asked for it, as a keyed hash; empty for those of before this migration.
  maker TEXT NOT NULL DEFAULT ''
);

INSERT INTO auth_signup_attempts (id, email, username, username_folded, password_hash, redirect_to, code_mac, code_expires_at, tries, claimed_until,
  created_at, expires_at)
  SELECT id, email, username, username_folded, password_hash, redirect_to, code_mac, code_expires_at, tries, claimed_until, created_at, expires_at
  FROM auth_signups;

DROP TABLE auth_signups;
ALTER TABLE auth_signup_attempts RENAME TO auth_signups;

CREATE INDEX auth_signups_email ON auth_signups (email, created_at, id);
CREATE INDEX auth_signups_username ON auth_signups (username_folded);
CREATE INDEX auth_signups_expires_at ON auth_signups (expires_at);
