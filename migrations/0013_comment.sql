SET LOCAL ROLE shortscience_service;
CREATE TABLE read.comment (
  comment_id uuid PRIMARY KEY,
  summary_id uuid NOT NULL,
  parent_id uuid,
  author_id uuid NOT NULL,
  on_revision int NOT NULL,
  body_payload uuid NOT NULL,
  removed boolean NOT NULL,
  up int NOT NULL,
  down int NOT NULL,
  created_at timestamptz NOT NULL,
  edited_at timestamptz
);
CREATE INDEX comment_top_level ON read.comment (summary_id, created_at, comment_id) WHERE parent_id IS NULL;
CREATE INDEX comment_replies ON read.comment (parent_id, created_at, comment_id) WHERE parent_id IS NOT NULL;
