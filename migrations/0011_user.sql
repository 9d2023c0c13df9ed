SET LOCAL ROLE shortscience_service;
CREATE TABLE read.user (
  user_id uuid PRIMARY KEY,
  username text NOT NULL,
  folded_username text NOT NULL UNIQUE, -- casefolded: the name is found in any case
  display_name_payload uuid, -- erased or absent: the username is shown
  joined_at timestamptz NOT NULL
);
