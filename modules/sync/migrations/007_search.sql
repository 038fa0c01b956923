-- The full-text index of captured sessions. A session has a number here, by which its text and its words lie; the later it
-- was pushed, the higher. Words begin with letters of their owner's id, so that the rows of one word are those of one owner.
-- mortise:sqlite
-- Numbers of one owner follow each other, so that what a search reads lies together.
CREATE TABLE sync_search_entries (
  number INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  tool_family TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1))
);
-- As they were pushed: for snippets, copies, and a new title.
CREATE TABLE sync_search_texts (
  number INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  text TEXT NOT NULL
);
-- Cut into words by the server: here they are told apart by blanks.
CREATE VIRTUAL TABLE sync_search_words USING fts5(title, text, tokenize = "ascii tokenchars '_'");
-- An entry has all that a search asks before it reads a session.
CREATE TRIGGER sync_search_follows AFTER UPDATE OF tool_family, updated_at, is_deleted ON sync_captured_sessions BEGIN
  UPDATE sync_search_entries SET tool_family = NEW.tool_family, updated_at = NEW.updated_at, is_deleted = NEW.is_deleted
    WHERE session_id = NEW.id;
END;
-- mortise:postgresql
CREATE TABLE sync_search_entries (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  tool_family TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  is_deleted BIGINT NOT NULL CHECK (is_deleted IN (0, 1))
);
CREATE TABLE sync_search_texts (
  number BIGINT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE TABLE sync_search_words (
  rowid BIGINT NOT NULL PRIMARY KEY,
  words TSVECTOR NOT NULL
);
-- Each search reads what is pending, whoever wrote it.
CREATE INDEX sync_search_words_by_word ON sync_search_words USING GIN (words) WITH (gin_pending_list_limit = 512);
CREATE FUNCTION sync_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sync_search_entries SET tool_family = NEW.tool_family, updated_at = NEW.updated_at, is_deleted = NEW.is_deleted
    WHERE session_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER sync_search_follows AFTER UPDATE OF tool_family, updated_at, is_deleted ON sync_captured_sessions
  FOR EACH ROW EXECUTE FUNCTION sync_search_follow();
