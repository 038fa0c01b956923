-- What organisations want done about secrets and health data in sessions; those without a row want nothing.
CREATE TABLE sync_dlp_policies (
  org_id TEXT NOT NULL PRIMARY KEY,
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  mode TEXT NOT NULL CHECK (mode IN ('warn', 'redact', 'block')),
  categories TEXT NOT NULL,
  custom_patterns TEXT NOT NULL,
  allowlist TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);

-- How many pushes were scanned for each organisation, by what became of them.
CREATE TABLE sync_dlp_scans (
  org_id TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('clean', 'warn', 'redact', 'block')),
  scans BIGINT NOT NULL,
  PRIMARY KEY (org_id, action)
);
