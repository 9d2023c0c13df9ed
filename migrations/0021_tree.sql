-- A Merkle tree over the log (RFC 6962), and what was signed about it. All of it only grows.

-- Complete subtrees: node (level, index) covers the leaves index * 2^level … (index + 1) * 2^level - 1.
-- Leaf i, at level 0, is the hash of the event at position i + 1.
CREATE TABLE tree_nodes (
  level smallint NOT NULL,
  index bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, index)
);

CREATE TABLE log_checkpoints (
  size bigint PRIMARY KEY,
  origin text NOT NULL, -- the log, and which history of it: see log_epochs
  root bytea NOT NULL,
  note text NOT NULL,   -- signed by a key of the log
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE log_cosignatures (
  size bigint NOT NULL REFERENCES log_checkpoints,
  witness text NOT NULL, -- its key
  line text NOT NULL,    -- to be put below the note
  cosigned_at timestamptz NOT NULL, -- by the witness's clock
  PRIMARY KEY (size, witness)
);
CREATE INDEX log_cosignatures_witness ON log_cosignatures (witness, size);

-- The keys with which this log signs. One that is not here does not sign.
CREATE TABLE log_keys (
  vkey text PRIMARY KEY,
  added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION refuse_to_unsay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was sealed stays: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tree_nodes', 'log_checkpoints', 'log_cosignatures', 'log_keys'] LOOP
    EXECUTE format('CREATE TRIGGER sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_unsay()', name);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER sealed', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON tree_nodes, log_checkpoints, log_cosignatures, log_keys TO shortscience_service;
