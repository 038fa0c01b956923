-- The open invites of an organisation, and those to an address, newest first, along an index.
CREATE INDEX auth_invites_org_newest ON auth_invites (org_id, state, created_at, id);
CREATE INDEX auth_invites_email_newest ON auth_invites (email, state, created_at, id);
DROP INDEX auth_invites_email;
