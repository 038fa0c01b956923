CREATE TABLE daily_notes_notes (
  number BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL
);
