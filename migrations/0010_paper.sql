SET LOCAL ROLE shortscience_service;
CREATE TABLE read.paper (
  paper_id uuid PRIMARY KEY,
  bibtex_key text NOT NULL,
  title text NOT NULL,
  abstract text,
  authors text[] NOT NULL,
  venue_key text,
  venue_name text,
  year int,
  published_on date,
  keywords text[] NOT NULL,
  doi text,
  arxiv_id text,
  url text,
  source text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE read.paper_identifier (
  scheme text NOT NULL, -- BIBTEX, DOI, ARXIV, URL
  value text NOT NULL,
  paper_id uuid NOT NULL,
  PRIMARY KEY (scheme, value, paper_id) -- one URL may be given for several papers
);
CREATE INDEX paper_identifier_paper ON read.paper_identifier (paper_id);
