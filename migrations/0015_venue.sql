SET LOCAL ROLE shortscience_service;
CREATE TABLE read.venue (
  venue_key text COLLATE "C" PRIMARY KEY, -- in the order of code points, wherever the database lives
  name text, -- as the paper registered last calls it; null: no paper says
  paper_count int NOT NULL
);
CREATE TABLE read.edition (
  venue_key text COLLATE "C",
  year int,
  paper_count int NOT NULL,
  summary_count int NOT NULL, -- of listed summaries
  PRIMARY KEY (venue_key, year)
);
