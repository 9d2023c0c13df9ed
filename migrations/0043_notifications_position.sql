-- Whoever follows what people are told of reads all that is after a position; what is too old is found from the
-- other end.
CREATE INDEX notifications_position ON notices.notifications (position);
