-- Claims that wait, by columns that a statement compares: else SQLite takes the index of what is not dismissed, of which
-- there is much more.
DROP INDEX projects_entries_pending_claims;
CREATE INDEX projects_entries_pending_claims ON projects_entries (project_id, dismissed, claim_class, id)
  WHERE claim_class = 'claim' AND compiled_at IS NULL AND dismissed = 0 AND freshness_class IN ('current', 'aging') AND superseded_by IS NULL;
