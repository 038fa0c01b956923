-- Accounts made with a key for whose address a verification link was queued, until the address is proved or the account goes. mailed_at: when
-- the relay took the link (UTC microseconds); 0: not known to have taken it, and then the account stays.
CREATE TABLE auth_unproved_accounts (
  user_id TEXT NOT NULL PRIMARY KEY,
  mailed_at BIGINT NOT NULL
);

CREATE INDEX auth_unproved_accounts_mailed ON auth_unproved_accounts (mailed_at, user_id);
