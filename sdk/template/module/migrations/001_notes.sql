CREATE TABLE @name@_notes (
  number BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL
);
