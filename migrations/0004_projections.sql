-- The read side. Its role owns the schema `read`: a rebuild makes a second one beside it and swaps names.
DO $$
BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO shortscience_service', current_database());
END $$;
CREATE SCHEMA read AUTHORIZATION shortscience_service;

-- Who projects: one leader at a time. The epoch grows with every change of leader and fences the old one.
CREATE TABLE projection_leases (
  name text PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  holder text,
  expires_at timestamptz NOT NULL DEFAULT '-infinity'
);

-- Texts rendered once, kept by payload and renderer, so that a rebuild does not render them again.
CREATE TABLE rendered (
  payload_id uuid NOT NULL,
  renderer_version int NOT NULL,
  html text NOT NULL,
  plain text NOT NULL,
  reference_schemes text[] NOT NULL, -- papers that the text links to, in order: BIBTEX, ARXIV or DOI
  reference_values text[] NOT NULL,
  PRIMARY KEY (payload_id, renderer_version)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_leases, rendered TO shortscience_service;

SET LOCAL ROLE shortscience_service;
CREATE TABLE read.checkpoint (
  name text PRIMARY KEY,
  position bigint NOT NULL
);
INSERT INTO read.checkpoint (name, position) VALUES ('core', 0);
