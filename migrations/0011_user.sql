SET LOCAL ROLE shortscience_service;
CREATE TABLE read.user (
  user_id uuid PRIMARY KEY,
  username text NOT NULL,
  display_name_payload uuid, -- erased or absent: the username is shown
  joined_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX user_username ON read.user (lower(username));
