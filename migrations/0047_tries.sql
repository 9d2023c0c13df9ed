-- How often a delivery was tried stays for good; how often it failed since it was to be sent last decides how long it
-- waits.
ALTER TABLE outwards.deliveries ADD COLUMN failures int NOT NULL DEFAULT 0;
UPDATE outwards.deliveries SET failures = attempts WHERE state = 'open' AND attempts > 0;

-- What did not arrive is found among all that did.
CREATE INDEX deliveries_not_arrived ON outwards.deliveries (target, position)
 WHERE channel = 'webhook' AND state IN ('failed', 'skipped');
