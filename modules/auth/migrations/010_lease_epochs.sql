-- 0 or 1: whether writers to a ticket have to name the lease epoch that they saw.
ALTER TABLE auth_org_settings ADD COLUMN require_lease_epoch_on_ticket_writes BIGINT NOT NULL DEFAULT 0;
