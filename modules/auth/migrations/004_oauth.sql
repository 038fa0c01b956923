-- Who signs in through another service. Its tokens and profiles are not kept: nothing here calls it once somebody is signed in, and what is not
-- stored can't leak. Times are UTC microseconds.
CREATE TABLE auth_oauth_accounts (
  provider TEXT NOT NULL,
  -- The provider's id of the person; WeChat: the openid.
  subject TEXT NOT NULL,
  -- The same person across the provider's apps, when it tells; WeChat: the unionid.
  union_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_login_at BIGINT NOT NULL,
  PRIMARY KEY (provider, subject)
);

CREATE INDEX auth_oauth_accounts_user_id ON auth_oauth_accounts (user_id);

-- Sign-ins that were begun, by the hash of their state; a row is taken away by its use.
CREATE TABLE auth_oauth_states (
  state_hash TEXT NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL
);

CREATE INDEX auth_oauth_states_expires_at ON auth_oauth_states (expires_at);
