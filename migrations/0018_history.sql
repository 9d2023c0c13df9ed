-- What was when: for views of the past, scores over time, and the events about a thing.
-- Existing read models begin anew: the service projects the log into them when it starts.
SET LOCAL ROLE shortscience_service;
TRUNCATE read.paper, read.paper_identifier, read.paper_author, read.paper_keyword, read.venue, read.edition,
         read."user", read.summary, read.revision, read.comment, read.vote, read.statistics;
INSERT INTO read.statistics VALUES (true, 0, 0, 0, 0);
UPDATE read.checkpoint SET position = 0;

ALTER TABLE read.revision
  ADD COLUMN restored int,            -- the number of the revision whose text it has again
  ADD COLUMN redacted_at timestamptz,
  ADD COLUMN redacted_by uuid,
  ADD COLUMN redaction_payload uuid;  -- why

ALTER TABLE read.vote ADD COLUMN position bigint NOT NULL; -- where the vote in force was cast

-- How each event of a vote changed its subject's score. Nothing here tells one voter's from another's.
CREATE TABLE read.score_change (
  subject_id uuid NOT NULL,
  at timestamptz NOT NULL,
  up smallint NOT NULL,
  down smallint NOT NULL
);
CREATE INDEX score_change_subject ON read.score_change (subject_id, at) INCLUDE (up, down);

CREATE TABLE read.summary_visibility (
  summary_id uuid NOT NULL,
  position bigint NOT NULL,
  at timestamptz NOT NULL,
  visibility text NOT NULL, -- from here on
  PRIMARY KEY (summary_id, position)
);

CREATE TABLE read.comment_text (
  comment_id uuid NOT NULL,
  position bigint NOT NULL,
  at timestamptz NOT NULL,
  body_payload uuid NOT NULL, -- from here on
  PRIMARY KEY (comment_id, position)
);

-- What each event is about.
CREATE TABLE read.event (
  position bigint PRIMARY KEY,
  type text NOT NULL,
  subject_id uuid,           -- the paper, summary, comment or user; of a vote, what was voted on; null: unknown
  summary_id uuid,           -- that it belongs to, also for comments and votes
  paper_id uuid,             -- that it belongs to
  publishes boolean NOT NULL, -- it brought a summary into the lists
  withdraws boolean NOT NULL  -- it took a listed summary out of the lists
);
CREATE INDEX event_publishes ON read.event (position) WHERE publishes;
CREATE INDEX event_paper ON read.event (paper_id, position) WHERE paper_id IS NOT NULL;
CREATE INDEX event_summary ON read.event (summary_id, position) WHERE summary_id IS NOT NULL;
CREATE INDEX event_user ON read.event (subject_id, position) WHERE summary_id IS NULL AND paper_id IS NULL;
