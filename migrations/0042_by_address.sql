-- Whether a delivery was planned for somebody who named its subject, and so knows its address: that decides whether
-- it may be seen when it is sent, whatever the webhook is to be told of by then.
ALTER TABLE outwards.deliveries ADD COLUMN by_address boolean NOT NULL DEFAULT false;

UPDATE outwards.deliveries d SET by_address = true
  FROM outwards.webhooks w
 WHERE d.channel = 'webhook' AND d.target = w.webhook_id AND w.subject_id IS NOT NULL;
