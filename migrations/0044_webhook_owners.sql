-- What owners of webhooks do is counted for all their webhooks together: deleting one and making it anew forgets
-- nothing.
CREATE TABLE outwards.webhook_owners (
  owner_id uuid PRIMARY KEY,
  tested_at timestamptz NOT NULL DEFAULT '-infinity',
  looked_up_until timestamptz NOT NULL DEFAULT '-infinity' -- each look-up of a name takes its part of a minute
);
GRANT SELECT, INSERT, UPDATE, DELETE ON outwards.webhook_owners TO shortscience_service;
ALTER TABLE outwards.webhooks DROP COLUMN tested_at;

-- Secrets that are to be forgotten are found without reading those that are.
CREATE INDEX replaced_secrets_over ON outwards.replaced_secrets (signs_until) WHERE secret IS NOT NULL;
