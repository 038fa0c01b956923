-- What an organisation has besides its row and its members, which are the kernel's. Times are UTC microseconds.

-- One row for an organisation and an address; a new invite replaces one that came to nothing, under a new id.
CREATE TABLE auth_invites (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  -- pending, accepted, declined; a pending one past its time is expired.
  state TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- When it was accepted or declined; 0 while pending.
  answered_at BIGINT NOT NULL,
  decline_reason TEXT NOT NULL,
  last_emailed_at BIGINT NOT NULL,
  UNIQUE (org_id, email)
);

CREATE INDEX auth_invites_email ON auth_invites (email, state);

CREATE TABLE auth_org_settings (
  org_id TEXT NOT NULL PRIMARY KEY,
  kb_retention_days BIGINT,
  kb_max_context_words BIGINT,
  kb_section_page_limit BIGINT
);

CREATE TABLE auth_owner_transfers (
  id BIGINT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL,
  from_user_id TEXT NOT NULL,
  to_user_id TEXT NOT NULL,
  -- pending, accepted, cancelled, expired
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- One open offer for an organisation at a time: the database decides between two.
CREATE UNIQUE INDEX auth_owner_transfers_open ON auth_owner_transfers (org_id) WHERE state = 'pending';

-- Numbers already given out, so that a deleted one is not used again.
CREATE TABLE auth_counters (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

INSERT INTO auth_counters (name, value) VALUES ('owner_transfer', 0);
