-- Accounts made with a key to whose address a verification link was mailed, until the address is proved or the account goes. Times are UTC
-- microseconds.
CREATE TABLE auth_unproved_accounts (
  user_id TEXT NOT NULL PRIMARY KEY,
  mailed_at BIGINT NOT NULL
);

CREATE INDEX auth_unproved_accounts_mailed ON auth_unproved_accounts (mailed_at, user_id);
