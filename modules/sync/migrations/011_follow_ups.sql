-- What a push, or a pull request, starts by itself: an audit, a summary. One row for each session and kind; done for an archive, it
-- begins anew with the next one. Times are UTC microseconds.
CREATE TABLE sync_follow_ups (
  session_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('audit', 'summary')),
  user_id TEXT NOT NULL,
  etag TEXT NOT NULL,  -- of the archive that it is about
  state TEXT NOT NULL CHECK (state IN ('pending', 'done')),
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL,  -- while a worker is at it, when another one may take it over
  PRIMARY KEY (session_id, kind)
);
CREATE INDEX sync_follow_ups_due ON sync_follow_ups (state, due_at);

-- The archive that a report is about; empty for those of before.
ALTER TABLE sync_audit_reports ADD COLUMN etag TEXT NOT NULL DEFAULT '';
