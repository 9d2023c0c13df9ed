-- Readers whom mail was stopped for because the mail server was slow: they were not to blame.
UPDATE outwards.targets SET disabled_at = NULL, disabled_reason = NULL WHERE channel IN ('mail', 'confirmation');
