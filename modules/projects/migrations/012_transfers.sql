-- Projects that go to another owner's hands: offers, proposals of an organisation's administrators, and what was done at
-- once. The rows outlive their project. Times are UTC microseconds.
CREATE TABLE projects_transfers (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT,
  project_git_remote TEXT,  -- this and the next as they were then
  project_name TEXT,
  initiated_by TEXT NOT NULL,
  target_user_id TEXT,  -- who accepts it
  from_scope TEXT NOT NULL,  -- personal, or the id of an organisation
  to_scope TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'cancelled', 'expired')),
  accepted_by TEXT,
  proposed_by TEXT,  -- of a proposal the administrator who made it
  proposal_reason TEXT,
  expires_at BIGINT,
  created_at BIGINT NOT NULL,
  accepted_at BIGINT,
  updated_at BIGINT NOT NULL
);
-- One that waits for each project: the database decides between two.
CREATE UNIQUE INDEX projects_transfers_pending ON projects_transfers (project_id) WHERE state = 'pending';
CREATE INDEX projects_transfers_incoming ON projects_transfers (target_user_id, created_at, id);
CREATE INDEX projects_transfers_outgoing ON projects_transfers (initiated_by, created_at, id);
CREATE INDEX projects_transfers_by_project ON projects_transfers (project_id);
CREATE INDEX projects_transfers_pending_by ON projects_transfers (initiated_by) WHERE state = 'pending';
CREATE INDEX projects_transfers_pending_for ON projects_transfers (target_user_id) WHERE state = 'pending';
