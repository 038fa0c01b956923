-- One for each two filters of the list that many rows pass: where more meet, two of them decide. A run and a ticket have few rows each.
CREATE INDEX projects_feedback_by_type_verdict ON projects_feedback (project_id, feedback_type, verdict, created_at, id);
CREATE INDEX projects_feedback_by_label_verdict ON projects_feedback (project_id, label, verdict, created_at, id);
CREATE INDEX projects_feedback_by_persona_type ON projects_feedback (project_id, persona_key, feedback_type, created_at, id);
CREATE INDEX projects_feedback_by_persona_verdict ON projects_feedback (project_id, persona_key, verdict, created_at, id);
CREATE INDEX projects_feedback_by_persona_label ON projects_feedback (project_id, persona_key, label, created_at, id);
