-- Members and projects of a group are shown in the order in which they were added.
CREATE INDEX projects_group_members_in_order ON projects_group_members (group_id, added_at, user_id);
CREATE INDEX projects_group_projects_in_order ON projects_group_projects (group_id, added_at, project_id);
