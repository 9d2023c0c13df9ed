-- One row for each vote in force. Its id is derived from subject and voter: nothing here says who voted.
SET LOCAL ROLE shortscience_service;
CREATE TABLE read.vote (
  vote_id uuid PRIMARY KEY,
  subject_id uuid NOT NULL,
  value text NOT NULL -- UP or DOWN
);
CREATE INDEX vote_subject ON read.vote (subject_id);
