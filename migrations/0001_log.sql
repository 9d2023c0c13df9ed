-- The event log. See docs/adr and ARCHITECTURE.md: dense positions in commit order, appended by one
-- function, never changed by anyone; erasable contents beside it.

-- What the service may do is given to this role. A cluster may hold several databases: the role is shared.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shortscience_service') THEN
    BEGIN
      CREATE ROLE shortscience_service NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was first
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'shortscience_service', 'MEMBER') THEN
    EXECUTE format('GRANT shortscience_service TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
    'the role %I may not make or join the role shortscience_service. Let a superuser run, once: '
    'CREATE ROLE shortscience_service NOLOGIN; GRANT shortscience_service TO %I;', current_user, current_user);
END $$;

-- The installation's secret: ids of votes and of keyed commands are derived under it, so that the log
-- alone does not tell who voted. Not part of an export of the log.
CREATE TABLE installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  secret bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
INSERT INTO installation DEFAULT VALUES;

CREATE TABLE log_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  log_id uuid NOT NULL DEFAULT gen_random_uuid(),
  position bigint NOT NULL DEFAULT 0,
  recorded_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
INSERT INTO log_head DEFAULT VALUES;

CREATE TABLE streams (
  stream_id uuid PRIMARY KEY,
  category text NOT NULL,
  version int NOT NULL
);

CREATE TABLE events (
  position bigint PRIMARY KEY,
  stream_id uuid NOT NULL,
  version int NOT NULL,
  type text NOT NULL,
  schema_version smallint NOT NULL,
  event_id uuid NOT NULL DEFAULT gen_random_uuid(),
  recorded_at timestamptz NOT NULL,
  occurred_at timestamptz, -- as claimed by an import; null: when it was recorded
  actor uuid,
  correlation_id uuid NOT NULL, -- the command that it came from
  causation_id uuid,            -- the event that the command answered to, if one
  data bytea NOT NULL,          -- JSON, UTF-8, exactly as written
  UNIQUE (stream_id, version)
);

CREATE TABLE payloads (
  payload_id uuid PRIMARY KEY,
  position bigint NOT NULL, -- of the event that committed to it
  salt bytea,               -- both null: erased
  content bytea,
  CHECK ((salt IS NULL) = (content IS NULL))
);

CREATE TABLE claims (
  key text PRIMARY KEY,
  owner uuid NOT NULL
);

CREATE TABLE commands (
  command_id uuid PRIMARY KEY,
  request_hash bytea NOT NULL,
  subject uuid NOT NULL,
  position bigint NOT NULL,
  recorded_at timestamptz NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are immutable: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER events_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable;

-- For people: the log with its JSON readable.
CREATE VIEW log AS
  SELECT position, type, version, stream_id, recorded_at, coalesce(occurred_at, recorded_at) AS occurred_at,
         actor, convert_from(data, 'UTF8')::json AS data
  FROM events;

GRANT SELECT ON installation, log_head, streams, events, payloads, claims, commands, log TO shortscience_service;
