-- What took a summary back that had been in the lists, by way of being unlisted, withdraws it too.
-- Existing read models begin anew: the service projects the log into them when it starts.
SET LOCAL ROLE shortscience_service;
TRUNCATE read.paper, read.paper_identifier, read.paper_author, read.paper_keyword, read.venue, read.edition,
         read."user", read.summary, read.revision, read.comment, read.vote, read.statistics,
         read.score_change, read.summary_visibility, read.comment_text, read.event;
INSERT INTO read.statistics VALUES (true, 0, 0, 0, 0);
UPDATE read.checkpoint SET position = 0;
