CREATE TABLE pledge_counts (
  run TEXT NOT NULL PRIMARY KEY,
  payload TEXT NOT NULL,
  pledges BIGINT NOT NULL
);
CREATE INDEX pledge_pledges_weight ON pledge_pledges (weight, number);
