-- What people and organisations pay for. Money itself, cards and invoices are the payment provider's.
CREATE TABLE projects_billing_accounts (
  owner_type TEXT NOT NULL CHECK (owner_type IN ('user', 'org')),
  owner_id TEXT NOT NULL,
  customer_id TEXT,  -- the provider's
  -- What the owner had before the first entitlement, for when there is none any more.
  tier_before TEXT,
  seats_before BIGINT,
  storage_before BIGINT,
  tier_given TEXT,  -- by the active entitlement; NULL: there is none
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (owner_type, owner_id)
);
CREATE UNIQUE INDEX projects_billing_accounts_by_customer ON projects_billing_accounts (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE projects_entitlements (
  id TEXT NOT NULL PRIMARY KEY,
  owner_type TEXT NOT NULL CHECK (owner_type IN ('user', 'org')),
  owner_id TEXT NOT NULL,
  source TEXT NOT NULL,            -- the provider's name
  subscription_id TEXT NOT NULL,
  tier TEXT NOT NULL,
  seats BIGINT NOT NULL,
  storage_bytes BIGINT NOT NULL,
  -- active: decides the owner's tier; waiting: paid for, but a newer one decides; ended.
  status TEXT NOT NULL CHECK (status IN ('active', 'waiting', 'ended')),
  provider_status TEXT NOT NULL,
  period_end BIGINT,
  cancel_wanted BIGINT NOT NULL CHECK (cancel_wanted IN (0, 1)),  -- its owner is gone: the provider is to be told
  revision BIGINT NOT NULL,
  started_at BIGINT NOT NULL,      -- at the provider
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (source, subscription_id)
);
CREATE UNIQUE INDEX projects_entitlements_one_active ON projects_entitlements (owner_type, owner_id) WHERE status = 'active';
CREATE INDEX projects_entitlements_by_owner ON projects_entitlements (owner_type, owner_id, status, started_at, id);
CREATE INDEX projects_entitlements_overdue ON projects_entitlements (period_end) WHERE status <> 'ended';
CREATE INDEX projects_entitlements_unwanted ON projects_entitlements (cancel_wanted, updated_at);

-- Events of the provider that were taken.
CREATE TABLE projects_billing_events (
  id TEXT NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL
);
CREATE INDEX projects_billing_events_by_time ON projects_billing_events (received_at);
