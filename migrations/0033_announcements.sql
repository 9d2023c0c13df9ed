-- What was announced, and where: once for each summary and channel, for ever. See docs/adr/0019-announcing.md.
CREATE TABLE outwards.announcers (
  channel text PRIMARY KEY,
  since bigint NOT NULL,               -- the head of the log when it was first switched on
  switched_on_at timestamptz NOT NULL
);

-- Noted before it is sent. What is known not to have arrived is taken away again.
CREATE TABLE outwards.announcements (
  channel text NOT NULL,
  summary_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  begun_at timestamptz NOT NULL,
  outcome text CHECK (outcome IN ('posted', 'refused')), -- null: under way, or nobody knows
  post text,                           -- its id there
  why text,
  PRIMARY KEY (channel, summary_id)
);
CREATE INDEX announcements_begun ON outwards.announcements (channel, begun_at);

GRANT SELECT, INSERT ON outwards.announcers TO shortscience_service;
GRANT UPDATE (switched_on_at) ON outwards.announcers TO shortscience_service; -- to lock a row
GRANT SELECT, INSERT, UPDATE, DELETE ON outwards.announcements TO shortscience_service;
