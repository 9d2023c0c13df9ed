-- What proves who someone is. Never in the log.
CREATE SCHEMA accounts;
CREATE TABLE accounts.passwords (
  user_id uuid PRIMARY KEY,
  hash text NOT NULL, -- argon2id, with its parameters and salt
  email text,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE accounts.sessions (
  token_hash bytea PRIMARY KEY, -- SHA-256 of the token: the token itself is not kept
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX ON accounts.sessions (user_id);
CREATE INDEX ON accounts.sessions (expires_at);
GRANT USAGE ON SCHEMA accounts TO shortscience_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA accounts TO shortscience_service;
