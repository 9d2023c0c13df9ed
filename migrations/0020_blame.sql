-- Which revision introduced each word of each revision's text. There are no texts here: spans are lengths,
-- and a revision whose text is erased has no row. See service/text/blame.py.
CREATE TABLE blame (
  summary_id uuid NOT NULL,
  number int NOT NULL,
  body_payload uuid NOT NULL,
  digest bytea NOT NULL, -- SHA-256 of the text
  lengths int[] NOT NULL, -- of the spans, in code points
  origins int[] NOT NULL, -- the number of the revision that introduced each span
  PRIMARY KEY (summary_id, number)
);
CREATE INDEX blame_body_payload ON blame (body_payload);

-- Words that the edit after a revision took out of it, by which they are known again when they come back:
-- fingerprints of runs of words, and where these words come from. Only the newest ones of a summary.
CREATE TABLE removed_words (
  summary_id uuid NOT NULL,
  number int NOT NULL,
  fingerprints bigint[] NOT NULL,
  origins int[] NOT NULL,
  PRIMARY KEY (summary_id, number)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON blame, removed_words TO shortscience_service;
