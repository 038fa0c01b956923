CREATE TABLE probe_pairs (
  id TEXT NOT NULL,
  half TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (id, half)
);
