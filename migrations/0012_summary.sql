-- Texts are not copied here: body_payload leads to payloads (the source) and rendered (its HTML), so what
-- is erased is gone everywhere at once.
SET LOCAL ROLE shortscience_service;
CREATE TABLE read.summary (
  summary_id uuid PRIMARY KEY,
  paper_id uuid NOT NULL,
  author_id uuid, -- who may see and change it as its author; null: wrote anonymously, and was erased
  anonymous boolean NOT NULL, -- true: nobody but the author learns who that is
  author_payload uuid, -- of an anonymous one: where the log keeps who wrote it, as long as it is not erased
  visibility text NOT NULL,
  retracted_at timestamptz,
  revision_number int NOT NULL,
  body_payload uuid NOT NULL,
  up int NOT NULL,
  down int NOT NULL,
  net int GENERATED ALWAYS AS (up - down) STORED,
  top double precision NOT NULL, -- lower bound of the 95 % Wilson interval
  hot double precision NOT NULL, -- the score's order of magnitude, and a point for each 12.5 hours
  controversial double precision NOT NULL, -- how many votes, and how even; 0: all of one kind
  comment_count int NOT NULL,    -- of all threads, removed ones too
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL, -- when the text last changed
  listed boolean NOT NULL -- policy.is_listed: in lists, counts and feeds
);
-- A vote writes every index of its row anew, so there are few: a paper's other orders find it here and sort.
CREATE INDEX summary_paper_top ON read.summary (paper_id, top DESC, summary_id DESC) WHERE listed;
CREATE INDEX summary_author ON read.summary (author_id, updated_at DESC, summary_id DESC);
CREATE INDEX summary_own ON read.summary (author_id, paper_id) WHERE retracted_at IS NULL;
CREATE INDEX summary_feed_latest ON read.summary (updated_at DESC, summary_id DESC) WHERE listed AND net >= 0;
CREATE INDEX summary_feed_top ON read.summary (top DESC, summary_id DESC) WHERE listed;
CREATE INDEX summary_feed_hot ON read.summary (hot DESC, summary_id DESC) WHERE listed;
CREATE INDEX summary_feed_controversial ON read.summary (controversial DESC, summary_id DESC)
  WHERE listed AND controversial > 0;
CREATE INDEX summary_author_payload ON read.summary (author_payload) WHERE author_payload IS NOT NULL;
CREATE TABLE read.revision (
  summary_id uuid NOT NULL,
  number int NOT NULL,
  editor_id uuid,
  body_payload uuid NOT NULL,
  note_payload uuid,
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (summary_id, number)
);
