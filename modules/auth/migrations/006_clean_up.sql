-- What the clean-up drops, along an index.
CREATE INDEX auth_invites_expiry ON auth_invites (expires_at);
CREATE INDEX auth_invites_answered ON auth_invites (answered_at);
CREATE INDEX auth_owner_transfers_expiry ON auth_owner_transfers (expires_at);
CREATE INDEX auth_owner_transfers_updated ON auth_owner_transfers (updated_at);
