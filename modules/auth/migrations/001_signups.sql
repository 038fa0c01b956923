-- Sign-ups whose address is not confirmed yet. Times are UTC microseconds.
CREATE TABLE auth_signups (
  email TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  username TEXT NOT NULL,
  username_folded TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  redirect_to TEXT NOT NULL,
  -- HMAC-SHA-256 over address and code; empty once the code is dead.
  code_mac TEXT NOT NULL,
  code_expires_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  -- While an account is being made of it: until when nobody else may. 0 = free.
  claimed_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE INDEX auth_signups_expires_at ON auth_signups (expires_at);

-- When mail went to an address, known or not; the address is kept as a keyed hash.
CREATE TABLE auth_sends (
  address_key TEXT NOT NULL PRIMARY KEY,
  last_sent_at BIGINT NOT NULL,
  window_started_at BIGINT NOT NULL,
  window_count BIGINT NOT NULL
);

CREATE INDEX auth_sends_last_sent_at ON auth_sends (last_sent_at);

-- One row, written in place of the sign-up that is not there, so that the time of an answer does not tell whether there is one.
CREATE TABLE auth_decoys (
  id BIGINT NOT NULL PRIMARY KEY,
  count BIGINT NOT NULL
);

INSERT INTO auth_decoys (id, count) VALUES (1, 0);
