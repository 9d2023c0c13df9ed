-- Webhooks: whom to tell of which events. The targets of the channel 'webhook' have their ids.
--
-- Secrets sign, so they are here as they are: only the service's role reads this schema.
CREATE TABLE outwards.webhooks (
  webhook_id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  url text NOT NULL,
  description text,
  types text[],               -- of these; null: of all. Also summary.published and summary.withdrawn
  subject_kind text,
  subject_id uuid,
  paper_ids uuid[],
  venue_key text,
  year int,
  keyword text,
  folded_keyword text,
  username text,
  folded_username text,
  secret bytea NOT NULL,
  previous_secret bytea,      -- signs too, for a while
  previous_until timestamptz,
  since bigint NOT NULL,      -- events after this position
  request_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  tested_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX webhooks_owner ON outwards.webhooks (owner_id, created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON outwards.webhooks TO shortscience_service;
