-- What was sent already and is sent once more since its owner asked: a target that is disabled meanwhile does not
-- go back to it. Before anything else of a target that is not ordered.
ALTER TABLE outwards.deliveries ADD COLUMN again boolean NOT NULL DEFAULT false;

-- Targets that are behind are planned in turn, the one that waited longest first.
ALTER TABLE outwards.targets ADD COLUMN planned_at timestamptz NOT NULL DEFAULT '-infinity';
DROP INDEX outwards.targets_behind;
CREATE INDEX targets_behind ON outwards.targets (planned_at) WHERE behind IS NOT NULL AND disabled_at IS NULL;

-- Each channel has places of its own.
DROP INDEX outwards.targets_due;
CREATE INDEX targets_due ON outwards.targets (channel, next_at) WHERE next_at IS NOT NULL;
