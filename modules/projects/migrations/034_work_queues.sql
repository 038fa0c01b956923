-- Plans by which agents serve tickets again and again. Times are UTC microseconds, JSON stands as text.
CREATE TABLE projects_work_queues (
  id TEXT NOT NULL PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('review_until_clean', 'implement_until_done', 'triage')),
  assigned_persona TEXT,
  selector TEXT NOT NULL,
  auto_adopt BIGINT NOT NULL CHECK (auto_adopt IN (0, 1)),
  max_adopt_per_wake BIGINT NOT NULL,
  stop_condition TEXT NOT NULL CHECK (stop_condition IN ('queue_empty', 'all_clean', 'max_tickets', 'manual')),
  cadence_seconds BIGINT NOT NULL,
  max_tickets_per_run BIGINT NOT NULL,
  max_attempts_per_item BIGINT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'completed', 'cancelled')),
  lease_epoch BIGINT NOT NULL,
  created_by_user_id TEXT NOT NULL,
  created_by_session_id TEXT,
  created_by_persona TEXT,
  woken_at BIGINT,  -- last, with work or to find that there is none
  pending BIGINT NOT NULL,  -- how many items are so, as the next four
  active BIGINT NOT NULL,
  waiting BIGINT NOT NULL,
  done BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (project_id, name)
);
CREATE INDEX projects_work_queues_list ON projects_work_queues (project_id, created_at, id);
CREATE INDEX projects_work_queues_by_status ON projects_work_queues (project_id, status, created_at, id);

CREATE TABLE projects_work_queue_items (
  id TEXT NOT NULL PRIMARY KEY,
  queue_id TEXT NOT NULL REFERENCES projects_work_queues (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  ticket_id TEXT NOT NULL,
  item_status TEXT NOT NULL CHECK (item_status IN ('pending', 'active', 'waiting', 'done', 'failed')),
  open_directive_id TEXT,
  open_run_id TEXT,
  directive_epoch BIGINT,   -- the ticket's lease when the directive was made
  settled_directive_id TEXT,  -- the last one
  acked_at BIGINT,  -- comments up to here were seen by who settled a directive
  attempts BIGINT NOT NULL,  -- failed ones, one behind another
  next_eligible_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (queue_id, ticket_id)
);
CREATE INDEX projects_work_queue_items_order ON projects_work_queue_items (queue_id, position);
CREATE INDEX projects_work_queue_items_by_status ON projects_work_queue_items (queue_id, item_status, position);
