-- How far those that follow the log beside the core read models have come. The row is written in the same
-- transaction as what they make.
CREATE TABLE follower_checkpoints (
  name text PRIMARY KEY,
  position bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON follower_checkpoints TO shortscience_service;
