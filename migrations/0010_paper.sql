SET LOCAL ROLE shortscience_service;
CREATE TABLE read.paper (
  paper_id uuid PRIMARY KEY,
  bibtex_key text NOT NULL,
  title text NOT NULL,
  abstract text,
  authors text[] NOT NULL,
  venue_key text COLLATE "C",
  venue_name text,
  year int,
  published_on date,
  keywords text[] NOT NULL,
  doi text,
  arxiv_id text,
  url text,
  source text NOT NULL,
  created_at timestamptz NOT NULL,
  summary_count int NOT NULL, -- of listed summaries
  latest_summary_at timestamptz -- when the text of a listed summary last changed; null: there is none
);
-- Keys of pages cannot be compared with nulls: papers without a summary or a year are at a time or a year
-- before all others.
CREATE INDEX paper_latest_summary
  ON read.paper (coalesce(latest_summary_at, '1000-01-01 00:00:00+00'), paper_id);
CREATE INDEX paper_most_summaries ON read.paper (summary_count, paper_id);
CREATE INDEX paper_year ON read.paper (coalesce(year, 0), paper_id);
CREATE INDEX paper_venue ON read.paper (venue_key, coalesce(year, 0), paper_id) WHERE venue_key IS NOT NULL;
CREATE TABLE read.paper_identifier (
  scheme text NOT NULL, -- BIBTEX, DOI, ARXIV, URL
  value text NOT NULL,
  paper_id uuid NOT NULL,
  PRIMARY KEY (scheme, value, paper_id) -- one URL may be given for several papers
);
CREATE INDEX paper_identifier_paper ON read.paper_identifier (paper_id);
-- Tables, not indexes on the arrays: those would be written anew with each summary of the paper.
CREATE TABLE read.paper_author (
  name text NOT NULL,
  year int NOT NULL, -- 0: without a year
  paper_id uuid NOT NULL,
  PRIMARY KEY (name, year, paper_id)
);
CREATE TABLE read.paper_keyword (
  keyword text NOT NULL, -- casefolded: found in any case
  paper_id uuid NOT NULL,
  PRIMARY KEY (keyword, paper_id)
);
