-- Who follows what, who was told of what, and how they want mail. Private acts: none of it is in the log.
CREATE SCHEMA notices;

CREATE TABLE notices.follows (
  follow_id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('USER', 'PAPER', 'VENUE', 'KEYWORD')),
  subject text COLLATE "C" NOT NULL,   -- the id of a user or a paper, a venue's key, a folded keyword
  created_at timestamptz NOT NULL,
  UNIQUE (user_id, kind, subject)
);
CREATE INDEX follows_subject ON notices.follows (kind, subject);
CREATE INDEX follows_user ON notices.follows (user_id, created_at, follow_id);

-- At most one for each event and person. Whether it may be seen is asked again whenever it is shown.
CREATE TABLE notices.notifications (
  notification_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  position bigint NOT NULL,            -- of the event
  kind text NOT NULL,                  -- why: the first reason of all that there were
  summary_id uuid NOT NULL,
  comment_id uuid,                     -- null: the summary became public
  created_at timestamptz NOT NULL,     -- when the event was recorded
  read_at timestamptz,
  by_mail boolean NOT NULL,            -- its owner wanted it by mail too
  mail_id uuid,                        -- the mail that brings it; null: none yet
  PRIMARY KEY (user_id, position)
);
-- A summary that becomes public twice is news once.
CREATE UNIQUE INDEX notifications_published ON notices.notifications (summary_id, user_id)
  WHERE comment_id IS NULL;
CREATE INDEX notifications_unread ON notices.notifications (user_id, position) WHERE read_at IS NULL;
CREATE INDEX notifications_to_mail ON notices.notifications (user_id, position)
  WHERE by_mail AND mail_id IS NULL;
CREATE INDEX notifications_mail ON notices.notifications (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX notifications_own ON notices.notifications (summary_id) WHERE kind = 'COMMENT';

CREATE TABLE notices.mail (
  user_id uuid PRIMARY KEY,
  mode text NOT NULL CHECK (mode IN ('NONE', 'AT_ONCE', 'DAILY')),
  digest_hour int NOT NULL CHECK (digest_hour BETWEEN 0 AND 23), -- UTC
  address text,                        -- null: none was ever given
  confirmed_at timestamptz,            -- null: its owner has not said yet that they want mail
  refusals int NOT NULL DEFAULT 0,     -- mails in a row that its mail server refused for good
  token text NOT NULL UNIQUE           -- unsubscribes whoever has it
);

-- Mails that ask the owner of an address. They are kept to count them.
CREATE TABLE notices.confirmations (
  confirmation_id uuid PRIMARY KEY,
  token text NOT NULL UNIQUE,
  user_id uuid NOT NULL,
  address text NOT NULL,
  asked_at timestamptz NOT NULL
);
CREATE INDEX confirmations_asked ON notices.confirmations (asked_at);

GRANT USAGE ON SCHEMA notices TO shortscience_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notices TO shortscience_service;
