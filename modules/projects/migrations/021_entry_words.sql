-- The index for a part of an entry's text: every three characters in a row, in lower case, are a word here, which begins
-- with letters of the project's id, so that the rows of one word are those of one project. An entry's text never changes.
-- mortise:sqlite
CREATE VIRTUAL TABLE projects_entry_words USING fts5(words, content = '', detail = none, columnsize = 0, tokenize = "ascii tokenchars '_'");
-- mortise:postgresql
CREATE TABLE projects_entry_words (
  rowid BIGINT NOT NULL PRIMARY KEY,
  words TSVECTOR NOT NULL
);
CREATE INDEX projects_entry_words_by_word ON projects_entry_words USING GIN (words) WITH (gin_pending_list_limit = 512);
