-- Secrets that were replaced: each signs beside the newest until its own time is over, so that a receiver has
-- that long to learn a new one, however often it is rotated meanwhile. One row for each rotation.
CREATE TABLE outwards.replaced_secrets (
  rotation_id uuid PRIMARY KEY,   -- derived from the idempotency key, if there was one
  webhook_id uuid NOT NULL REFERENCES outwards.webhooks ON DELETE CASCADE,
  secret bytea,                   -- null: over, and forgotten
  signs_until timestamptz NOT NULL
);
CREATE INDEX replaced_secrets_webhook ON outwards.replaced_secrets (webhook_id, signs_until);
GRANT SELECT, INSERT, UPDATE, DELETE ON outwards.replaced_secrets TO shortscience_service;

INSERT INTO outwards.replaced_secrets
SELECT gen_random_uuid(), webhook_id, previous_secret, previous_until
  FROM outwards.webhooks WHERE previous_until > now();
ALTER TABLE outwards.webhooks DROP COLUMN previous_secret, DROP COLUMN previous_until;
