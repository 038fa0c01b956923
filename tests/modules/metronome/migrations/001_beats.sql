-- No constraint: a run that comes twice has to show.
CREATE TABLE metronome_beats (
  job TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  run TEXT NOT NULL
);
