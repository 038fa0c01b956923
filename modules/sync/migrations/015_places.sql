-- Of which projects and remotes the live sessions of each user are ('' is none), and how many of each pair: triggers keep it.
CREATE TABLE sync_captured_places (
  user_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  git_remote TEXT NOT NULL,
  sessions BIGINT NOT NULL,
  PRIMARY KEY (user_id, project_id, git_remote)
);
CREATE INDEX sync_captured_places_by_remote ON sync_captured_places (user_id, git_remote);
INSERT INTO sync_captured_places (user_id, project_id, git_remote, sessions)
  SELECT user_id, COALESCE(project_id, ''), COALESCE(git_remote, ''), COUNT(*) FROM sync_captured_sessions WHERE is_deleted = 0
  GROUP BY user_id, COALESCE(project_id, ''), COALESCE(git_remote, '');
-- The newest of a remote, without passing over those in the trash.
DROP INDEX sync_captured_remote;
CREATE INDEX sync_captured_remote ON sync_captured_sessions (user_id, git_remote, updated_at, id) WHERE is_deleted = 0;
CREATE INDEX sync_handoffs_persona ON sync_handoffs (source_project_id, persona_name, expires_at) WHERE status = 'pending';
-- mortise:sqlite
CREATE TRIGGER sync_captured_placed AFTER INSERT ON sync_captured_sessions WHEN NEW.is_deleted = 0 BEGIN
  INSERT INTO sync_captured_places (user_id, project_id, git_remote, sessions)
    VALUES (NEW.user_id, COALESCE(NEW.project_id, ''), COALESCE(NEW.git_remote, ''), 1)
    ON CONFLICT (user_id, project_id, git_remote) DO UPDATE SET sessions = sessions + 1;
END;
CREATE TRIGGER sync_captured_unplaced AFTER DELETE ON sync_captured_sessions WHEN OLD.is_deleted = 0 BEGIN
  UPDATE sync_captured_places SET sessions = sessions - 1
    WHERE user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '');
  DELETE FROM sync_captured_places
    WHERE user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '') AND sessions = 0;
END;
CREATE TRIGGER sync_captured_replaced AFTER UPDATE OF is_deleted, project_id, git_remote ON sync_captured_sessions
  WHEN OLD.is_deleted <> NEW.is_deleted OR OLD.project_id IS NOT NEW.project_id OR OLD.git_remote IS NOT NEW.git_remote BEGIN
  UPDATE sync_captured_places SET sessions = sessions - 1 WHERE OLD.is_deleted = 0
    AND user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '');
  DELETE FROM sync_captured_places WHERE OLD.is_deleted = 0
    AND user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '') AND sessions = 0;
  INSERT INTO sync_captured_places (user_id, project_id, git_remote, sessions)
    SELECT NEW.user_id, COALESCE(NEW.project_id, ''), COALESCE(NEW.git_remote, ''), 1 WHERE NEW.is_deleted = 0
    ON CONFLICT (user_id, project_id, git_remote) DO UPDATE SET sessions = sessions + 1;
END;
-- mortise:postgresql
CREATE FUNCTION sync_captured_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.is_deleted = 0 THEN
    UPDATE sync_captured_places SET sessions = sessions - 1
      WHERE user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '');
    DELETE FROM sync_captured_places
      WHERE user_id = OLD.user_id AND project_id = COALESCE(OLD.project_id, '') AND git_remote = COALESCE(OLD.git_remote, '') AND sessions = 0;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.is_deleted = 0 THEN
    INSERT INTO sync_captured_places (user_id, project_id, git_remote, sessions)
      VALUES (NEW.user_id, COALESCE(NEW.project_id, ''), COALESCE(NEW.git_remote, ''), 1)
      ON CONFLICT (user_id, project_id, git_remote) DO UPDATE SET sessions = sync_captured_places.sessions + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sync_captured_placed AFTER INSERT OR DELETE ON sync_captured_sessions
  FOR EACH ROW EXECUTE FUNCTION sync_captured_place();
CREATE TRIGGER sync_captured_replaced AFTER UPDATE OF is_deleted, project_id, git_remote ON sync_captured_sessions
  FOR EACH ROW WHEN (OLD.is_deleted <> NEW.is_deleted OR OLD.project_id IS DISTINCT FROM NEW.project_id OR OLD.git_remote IS DISTINCT FROM NEW.git_remote)
  EXECUTE FUNCTION sync_captured_place();
