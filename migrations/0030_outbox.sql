-- What goes outwards: webhooks, mail, announcements. Nothing of it is in the log. See docs/adr/0015-outwards.md.
CREATE SCHEMA outwards;

-- Where it goes. One process at a time sends to a target: the one with the claim, for as long as that lasts.
CREATE TABLE outwards.targets (
  channel text NOT NULL,
  target uuid NOT NULL,
  ordered boolean NOT NULL,
  next_at timestamptz,                 -- when the next delivery may be sent; null: none is open
  claim uuid,
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  behind bigint,                       -- planned up to here only, as it had too much open; null: as far as all
  disabled_at timestamptz,
  disabled_reason text,
  PRIMARY KEY (channel, target)
);
CREATE INDEX targets_due ON outwards.targets (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX targets_behind ON outwards.targets (behind) WHERE behind IS NOT NULL AND disabled_at IS NULL;

-- At most one for each event and target. The id is the same whenever it is planned again.
CREATE TABLE outwards.deliveries (
  delivery_id uuid PRIMARY KEY,
  channel text NOT NULL,
  target uuid NOT NULL,
  position bigint NOT NULL,
  subject_id uuid,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'delivered', 'skipped', 'failed')),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,        -- of an open one: not before
  begun boolean NOT NULL DEFAULT false, -- a try of which nobody knows yet how it ended
  first_tried_at timestamptz,
  last_status int,
  last_error text,
  last_response text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,             -- null: open
  UNIQUE (channel, target, position)
);
CREATE INDEX deliveries_open ON outwards.deliveries (channel, target, position) WHERE state = 'open';
CREATE INDEX deliveries_finished ON outwards.deliveries (finished_at) WHERE state <> 'open';

GRANT USAGE ON SCHEMA outwards TO shortscience_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA outwards TO shortscience_service;

-- What is in the log already was there before anybody could ask to be told.
INSERT INTO follower_checkpoints (name, position) SELECT 'outbox', position FROM log_head WHERE position > 0;
