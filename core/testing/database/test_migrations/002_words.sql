-- The words of tickets, which each database looks up in its own way.
-- mortise:sqlite
CREATE VIRTUAL TABLE desk_words USING fts5(words);
-- mortise:postgresql
CREATE TABLE desk_words (rowid BIGINT NOT NULL PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX desk_words_by_word ON desk_words USING GIN (words);
