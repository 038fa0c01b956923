-- What the job settles is read page by page, so that what fails each time leaves the rest its turn.
DROP INDEX projects_entitlements_overdue;
DROP INDEX projects_entitlements_unwanted;
CREATE INDEX projects_entitlements_overdue ON projects_entitlements (period_end, id) WHERE status <> 'ended';
CREATE INDEX projects_entitlements_unwanted ON projects_entitlements (updated_at, id) WHERE cancel_wanted = 1;

ALTER TABLE projects_billing_accounts DROP COLUMN updated_at;  -- nothing reads it
