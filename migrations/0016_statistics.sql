-- Counted as the log goes on, in one row: no request counts whole tables.
SET LOCAL ROLE shortscience_service;
CREATE TABLE read.statistics (
  singleton boolean PRIMARY KEY CHECK (singleton),
  public_summary_count int NOT NULL, -- listed ones
  paper_count int NOT NULL,
  comment_count int NOT NULL, -- on listed summaries, removed ones left out
  user_count int NOT NULL
);
INSERT INTO read.statistics VALUES (true, 0, 0, 0, 0);
